namespace PorterLB.Speaker.Ownership;

/// <summary>What to do about an address once a wait is over.</summary>
internal enum Act
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Begin to answer.</summary>
    Claim,

    /// <summary>Go on answering under a higher rank.</summary>
    Lift,

    /// <summary>Stop answering.</summary>
    Silence,
}

/// <summary>Whether the address itself is asked for (ARP probe) before the act.</summary>
internal enum Ask
{
    /// <summary>Act without asking.</summary>
    No,

    /// <summary>Act only when nobody answers.</summary>
    UntilSilent,

    /// <summary>As <see cref="UntilSilent"/>, but act after <see cref="Timers.AskAtMost"/> all the same.</summary>
    AtMost,

    /// <summary>Act only when somebody answers.</summary>
    UntilAnswered,

    /// <summary>Act only when the rival answers, in every round for as long as the delay.</summary>
    UntilRivalAnswers,
}

/// <summary>The outcome of the rules for one address.</summary>
/// <param name="Rule">The rule's number in the protocol, section 4; 0 when none applies and nothing but news of the address can change that.</param>
/// <param name="Act">What is due.</param>
/// <param name="Epoch">Epoch of the claim to make.</param>
/// <param name="Term">Its term.</param>
/// <param name="Delay">How long the reason must last.</param>
/// <param name="Slotted">Whether candidates ahead of me go first.</param>
/// <param name="Ask">Whether to ask first.</param>
internal readonly record struct Decision(int Rule, Act Act, long Epoch, int Term, TimeSpan Delay, bool Slotted, Ask Ask)
{
    /// <summary>All is well.</summary>
    public static Decision Rest { get; }

    /// <summary>A rule applies, but something is lacking (ears, contact) or somebody else's move is awaited.</summary>
    public static Decision Hesitate(int rule) => new(rule, Act.None, 0, 0, TimeSpan.Zero, Slotted: false, Ask.No);
}
