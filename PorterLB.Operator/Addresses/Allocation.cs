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

    /// <summary>Has all that it asks for; what it would only prefer (the second family) may be missing.</summary>
    public bool IsSatisfied { get; init; }

    /// <summary>Addresses that its status names and that are another's: the one of two Services that has to give way.</summary>
    public ImmutableArray<Duplicate> Duplicates { get; init; } = [];

    /// <summary>An address that it keeps although no Eip would give it out now, in words, or null: its Eip was narrowed, disabled or deleted under it.</summary>
    public Refusal? Kept { get; init; }

    /// <summary>Sharing that the rules would not allow now, kept because OpenELB or an earlier PorterLB gave it; for a warning.</summary>
    public string? Tolerated { get; init; }
}

/// <summary>An address that two Services have in their status and may not share.</summary>
/// <param name="Address">The address.</param>
/// <param name="Holder">Who keeps it.</param>
internal sealed record Duplicate(IPAddress Address, string Holder);
