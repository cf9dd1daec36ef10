using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Packets;

/// <summary>What the loop should learn from a frame.</summary>
internal enum Finding
{
    /// <summary>Nothing: the frame concerns nobody, or its answer is all there is to it.</summary>
    None,

    /// <summary>Another machine says that it has one of our addresses.</summary>
    Claimed,

    /// <summary>A neighbour answered a question of ours.</summary>
    NeighborAnswered,

    /// <summary>A hello of our cluster.</summary>
    Hello,

    /// <summary>A hello of our cluster that none of our keys signed. Told beside its drop reason, and not more often than each second.</summary>
    WrongKey,

    /// <summary>A hello of another cluster on the same segment. Told as a wrong key is.</summary>
    OtherCluster,
}

/// <summary>What is to be done about one captured frame: at most one answer, and at most one thing to tell the loop.</summary>
internal readonly ref struct Verdict
{
    private Verdict(DropReason drop) => Drop = drop;

    /// <summary>Why nothing is done, or <see cref="DropReason.None"/>.</summary>
    public DropReason Drop { get; }

    /// <summary>The frame to send back, or empty.</summary>
    public ReadOnlySpan<byte> Answer { get; private init; }

    /// <summary>The address that is answered for, or that another claims.</summary>
    public Target? Target { get; private init; }

    public Finding Finding { get; private init; }

    /// <summary>Whose frame it was: the claimant's, or the hello's sender's.</summary>
    public MacAddress Mac { get; private init; }

    public Hello? Hello { get; private init; }

    public static Verdict Dropped(DropReason reason) => new(reason);

    public static Verdict Answered(ReadOnlySpan<byte> answer, Target target) => new(DropReason.None) { Answer = answer, Target = target };

    /// <summary>
    /// The claim was not straight to us: a gratuitous ARP or an unsolicited advertisement, which is also how a probe from :: is answered.
    /// </summary>
    public bool Unasked { get; private init; }

    public static Verdict Claimed(Target target, MacAddress mac, bool unasked) =>
        new(DropReason.None) { Finding = Finding.Claimed, Target = target, Mac = mac, Unasked = unasked };

    public static Verdict NeighborAnswered(MacAddress mac) => new(DropReason.None) { Finding = Finding.NeighborAnswered, Mac = mac };

    public static Verdict Refused(DropReason reason, Finding finding, MacAddress mac) => new(reason) { Finding = finding, Mac = mac };

    public static Verdict Heard(Hello hello, MacAddress mac) => new(DropReason.None) { Finding = Finding.Hello, Hello = hello, Mac = mac };
}
