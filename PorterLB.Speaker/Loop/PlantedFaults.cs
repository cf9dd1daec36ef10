namespace PorterLB.Speaker.Loop;

/// <summary>
/// Rules of the protocol that a test can break, to see that the simulator finds what then goes wrong: one that finds nothing proves nothing.
/// </summary>
[Flags]
internal enum PlantedFaults
{
    None = 0,

    /// <summary>Take-overs do not raise the term, and terms are not compared.</summary>
    IgnoreTerm = 1,

    /// <summary>A speaker that returns says neither that it joins nor that this is another life: what it had dropped still looks held.</summary>
    HiddenJoining = 2,

    /// <summary>A leaving or no longer eligible holder falls silent without a successor.</summary>
    SilentWithoutSuccessor = 4,

    /// <summary>Claims are told when they are made and never again.</summary>
    TellOnce = 8,

    /// <summary>Hellos prove life whatever incarnation they name, and from whichever process they are.</summary>
    TrustRecordings = 16,

    /// <summary>Addresses are taken without asking for them first.</summary>
    NoAsk = 32,

    /// <summary>Releases are not remembered and not told.</summary>
    NoTombstones = 64,

    /// <summary>A speaker believes its ears whatever they tell.</summary>
    NoEars = 128,

    /// <summary>A holder does not give way to a higher rank.</summary>
    NeverYield = 256,
}
