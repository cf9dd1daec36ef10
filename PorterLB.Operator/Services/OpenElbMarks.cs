using System.Collections.Immutable;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Services;

/// <summary>
/// What OpenELB and Porter left on a Service: the label that names the Eip, and the node of their layer 2. Read once, then taken off; while
/// two Services share an address as only OpenELB allowed, the marks stay, for they are the proof of it.
/// </summary>
internal static class OpenElbMarks
{
    public static readonly ImmutableArray<string> Labels = [Annotations.Eip];

    public static readonly ImmutableArray<string> Notes = [Annotations.NodeOfOpenElb, Annotations.NodeOfPorter];

    public static bool AreOn(ServiceView service) =>
        Labels.Any(name => service.Metadata.Labels?.ContainsKey(name) == true) || Notes.Any(name => service.Metadata.Annotations?.ContainsKey(name) == true);

    /// <summary>The Eip that OpenELB took the address from, or null.</summary>
    public static string? EipOf(ServiceView service) =>
        service.Metadata.Labels is { } labels && labels.TryGetValue(Annotations.Eip, out var eip) && eip.Length > 0 ? eip : null;
}
