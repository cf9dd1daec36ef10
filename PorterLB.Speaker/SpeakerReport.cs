using System.Net;
using PorterLB.Speaker.Loop;

namespace PorterLB.Speaker;

/// <summary>Something that people may want to know of.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Address">The address concerned, if any.</param>
/// <param name="Interface">Where, if on one interface.</param>
/// <param name="Node">The other speaker concerned, if any.</param>
/// <param name="Mac">The stranger's hardware address, if any.</param>
/// <param name="Detail">More for people, with what to do about it; null when the kind says it all.</param>
public sealed record SpeakerReport(
    ReportKind Kind, IPAddress? Address = null, string? Interface = null, string? Node = null, MacAddress? Mac = null, string? Detail = null);
