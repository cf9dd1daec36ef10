using System.Net;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>What all segments share.</summary>
internal sealed class SegmentContext
{
    /// <summary>But for <see cref="SegmentOptions.Process"/>, which each segment draws.</summary>
    public required SegmentOptions MachineOptions { get; init; }

    public required byte[] ClusterTag { get; init; }

    public required ushort HelloPort { get; init; }

    public required HelloKeys Keys { get; set; }

    public required Random Random { get; init; }

    public required MachineClock Clock { get; init; }

    public required Mailbox Mailbox { get; init; }

    public required IWireFactory Wires { get; init; }

    public required MulticastGroups Groups { get; init; }

    public required Routes Routes { get; init; }

    public required Action<SpeakerReport> Report { get; init; }

    /// <summary>Told how long ago the last hello of a holder came whose address was taken over.</summary>
    public required Action<TimeSpan> Unanswered { get; init; }

    public required Func<IPAddress, AddressCounters> CountersOf { get; init; }
}
