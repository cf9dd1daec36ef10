using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>What a segment's machine must know before anything happens. Intervals and dead-after times come with the rights.</summary>
public sealed record SegmentOptions
{
    /// <summary>The node's name: how eligible and elected nodes are named in the rights, and unique on the segment.</summary>
    public required string Node { get; init; }

    /// <summary>64 random bits drawn when the machine is made: what tells its hellos from a recording of an earlier one.</summary>
    public required ulong Process { get; init; }

    /// <summary>Bytes of one hello at most, signature included; smaller only in tests.</summary>
    internal int HelloLength { get; init; } = HelloLayout.MaxLength;

    /// <summary>Rules to break, in tests of the simulator.</summary>
    internal PlantedFaults Planted { get; init; }
}
