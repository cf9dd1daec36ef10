using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Ownership;

/// <summary>Everything that the rules look at to decide about one address.</summary>
internal readonly record struct Situation
{
    /// <summary>Epoch of my rights.</summary>
    public required long Epoch { get; init; }

    /// <summary>I am the elected node.</summary>
    public required bool ElectedSelf { get; init; }

    /// <summary>I may hold the address.</summary>
    public required bool EligibleSelf { get; init; }

    /// <summary>Some node may hold the address.</summary>
    public required bool AnyEligible { get; init; }

    /// <summary>What the elected node, another one, said of itself; null when it is dead, unknown, or nobody was elected.</summary>
    public required Standing? Elected { get; init; }

    /// <summary>The elected node was known here in an earlier or its present life: when it is not alive now, it is dead, not late.</summary>
    public required bool ElectedKnown { get; init; }

    /// <summary>The address was given out while this process ran, so nobody held it before.</summary>
    public required bool New { get; init; }

    /// <summary>It is new, and many others were given out at that time.</summary>
    public bool OneOfMany { get; init; }

    /// <summary>Another speaker, whose hellos do not arrive here, answers for the address that I hold.</summary>
    public required bool Rivaled { get; init; }

    /// <summary>That one would go before me: it is elected, or neither is and its score is higher.</summary>
    public required bool RivalIsGreater { get; init; }

    /// <summary>I am not leaving.</summary>
    public required bool Staying { get; init; }

    /// <summary>I hear the segment (or am known to have nobody to hear).</summary>
    public required bool Ears { get; init; }

    /// <summary>Those whom I hear do not hear me.</summary>
    public required bool Mute { get; init; }

    /// <summary>My node forwards what arrives.</summary>
    public required bool Healthy { get; init; }

    /// <summary>My contact with the API server is fresh.</summary>
    public required bool Fresh { get; init; }

    /// <summary>I have heard no hello for the dead-after time.</summary>
    public required bool HearsNobody { get; init; }

    /// <summary>I answer for the address.</summary>
    public required bool Held { get; init; }

    /// <summary>The epoch of my claim, while I hold.</summary>
    public required long OwnEpoch { get; init; }

    /// <summary>The term of my claim, while I hold.</summary>
    public required int OwnTerm { get; init; }

    /// <summary>Another holds the address by a valid claim.</summary>
    public required bool Claimed { get; init; }

    /// <summary>The epoch of that claim.</summary>
    public required long ClaimedEpoch { get; init; }

    /// <summary>That holder may hold it, by my rights.</summary>
    public required bool HolderEligible { get; init; }

    /// <summary>What that holder said of itself.</summary>
    public required Standing Holder { get; init; }

    /// <summary>The highest claim ever seen.</summary>
    public required ClaimFloor Floor { get; init; }
}
