namespace PorterLB.Speaker.Loop;

/// <summary>What a segment's machine must know before anything happens. Intervals and dead-after times come with the rights.</summary>
public sealed record SegmentOptions
{
    /// <summary>The node's name: how eligible and elected nodes are named in the rights, and unique on the segment.</summary>
    public required string Node { get; init; }

    /// <summary>64 random bits drawn when the machine is made: what tells its hellos from a recording of an earlier one.</summary>
    public required ulong Process { get; init; }

    /// <summary>The most claims in one hello (1–255), so that it fits into one datagram.</summary>
    public int MaxClaims { get; init; } = 40;

    /// <summary>The most peers named in one hello (1–255), so that it fits into one datagram.</summary>
    public int MaxHeard { get; init; } = 16;

    /// <summary>Rules to break, in tests of the simulator.</summary>
    internal PlantedFaults Planted { get; init; }
}
