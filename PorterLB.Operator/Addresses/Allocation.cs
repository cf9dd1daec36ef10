using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Operator.Addresses;

/// <summary>What a Service has, and why it has not all that it wants.</summary>
/// <param name="Addresses">In the order of its families.</param>
/// <param name="Refusal">Why something is missing or is not what was asked for, or null. May come with addresses: nothing is taken away before there is something better.</param>
internal sealed record Allocation(ImmutableArray<IPAddress> Addresses, Refusal? Refusal = null)
{
    /// <summary>For each address the Eip that it came from, or "" where nobody knows any more.</summary>
    public ImmutableArray<string> Origins { get; init; } = [];

    /// <summary>Addresses that its status names and that are another's: the one of two Services that has to give way.</summary>
    public ImmutableArray<Duplicate> Duplicates { get; init; } = [];

    /// <summary>Sharing that today's rules would not allow, kept because OpenELB gave it; for a warning.</summary>
    public string? Tolerated { get; init; }
}

/// <summary>An address that two Services have in their status and may not share.</summary>
/// <param name="Address">The address.</param>
/// <param name="Holder">Who keeps it.</param>
internal sealed record Duplicate(IPAddress Address, string Holder);

/// <summary>How much of a pool is in use.</summary>
/// <param name="Size">All that can be given out.</param>
/// <param name="InUse">Addresses of the pool that Services have.</param>
/// <param name="Used">The first of them, in order, with who has them.</param>
/// <param name="First">The lowest address that can be given out.</param>
/// <param name="Last">The highest.</param>
internal sealed record PoolUsage(
    System.Numerics.BigInteger Size,
    int InUse,
    ImmutableArray<(IPAddress Address, string Services)> Used,
    IPAddress? First,
    IPAddress? Last);
