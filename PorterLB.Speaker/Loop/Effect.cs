using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>What a segment's machine wants done. The shell carries effects out in order; they never call back.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Send this hello on the segment, signed.</summary>
    /// <param name="Hello">One datagram; the machine has seen to it that it fits.</param>
    public sealed record SendHello(Hello Hello) : Effect;

    /// <summary>From now on, answer for this address.</summary>
    /// <param name="Address">The address.</param>
    /// <param name="Rank">The rank under which it is held (for status).</param>
    public sealed record Answer(IPAddress Address, ClaimRank Rank) : Effect;

    /// <summary>From now on, do not answer for this address.</summary>
    /// <param name="Address">The address.</param>
    public sealed record Silence(IPAddress Address) : Effect;

    /// <summary>Tell everybody that this address is here: for IPv4 an ARP request and a reply, for IPv6 an unsolicited advertisement.</summary>
    /// <param name="Address">The address.</param>
    public sealed record SendGratuitous(IPAddress Address) : Effect;

    /// <summary>Ask who has this address without claiming it: RFC 5227 probe with sender 0.0.0.0, or solicitation from ::.</summary>
    /// <param name="Address">The address.</param>
    public sealed record SendProbe(IPAddress Address) : Effect;

    /// <summary>Ask known neighbours (gateway first) for a sign of life, to learn whether we still have ears.</summary>
    public sealed record ProbeNeighbors : Effect
    {
        /// <summary>The one instance: the effect carries nothing.</summary>
        public static ProbeNeighbors Instance { get; } = new();
    }

    /// <summary>The answering table may be used until this time, on the machine's clock; after it a frozen process stays silent.</summary>
    /// <param name="Deadline">Renewed by every pass of the loop while anything is held: a dead-after time past the last hello.</param>
    public sealed record RenewAnswers(TimeSpan Deadline) : Effect;

    /// <summary>Something worth telling people.</summary>
    /// <param name="What">Which kind.</param>
    /// <param name="Address">The address concerned, if any.</param>
    /// <param name="Node">The other speaker concerned, if any.</param>
    /// <param name="Mac">The stranger's hardware address, if any.</param>
    public sealed record Report(ReportKind What, IPAddress? Address = null, string? Node = null, MacAddress? Mac = null) : Effect;

    /// <summary>The speaker holds nothing any more, or has waited long enough: the process may end.</summary>
    public sealed record Left : Effect
    {
        /// <summary>The one instance: the effect carries nothing.</summary>
        public static Left Instance { get; } = new();
    }
}

/// <summary>What is reported.</summary>
public enum ReportKind
{
    /// <summary>The address is announced here by election.</summary>
    Announced,

    /// <summary>The address was taken over from a dead, deaf or leaving node.</summary>
    TookOver,

    /// <summary>Another speaker of higher rank claims; this one fell silent.</summary>
    Yielded,

    /// <summary>The address was released.</summary>
    Released,

    /// <summary>The address exists, but may not be answered for here any more: no node is eligible, or it moved to another interface.</summary>
    Withdrawn,

    /// <summary>A stranger answers for the address; it is not announced.</summary>
    ConflictRefused,

    /// <summary>A stranger claims an address that is announced here; it was defended.</summary>
    ConflictDefended,

    /// <summary>No stranger answers any more.</summary>
    ConflictEnded,

    /// <summary>A peer came to life.</summary>
    PeerAlive,

    /// <summary>A peer died.</summary>
    PeerDead,

    /// <summary>The loop did not run for longer than the dead-after time; everything was dropped.</summary>
    Stalled,

    /// <summary>Nothing is heard on the segment.</summary>
    Deaf,

    /// <summary>The segment is heard again.</summary>
    Hearing,

    /// <summary>No interface of this node serves the address: none is named so, or none has its subnet.</summary>
    NoInterface,

    /// <summary>The node's own kernel answers for the address too, whoever holds it: it is a local address, and arp_ignore is 0.</summary>
    KernelAnswers,

    /// <summary>The interface cannot be opened, or was lost.</summary>
    InterfaceLost,

    /// <summary>The kernel's filter had to be made coarser: requests for other addresses reach this process.</summary>
    FilterCoarse,

    /// <summary>A speaker of this cluster signs its hellos with a key that is none of ours: it is not heard, and may answer beside us.</summary>
    WrongKey,

    /// <summary>Another cluster's speakers are on the segment: their hellos are ignored.</summary>
    OtherCluster,

    /// <summary>A multicast group could not be joined: a switch that snoops may keep its requests from here.</summary>
    GroupRefused,
}
