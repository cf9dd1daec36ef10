using System.Net;
using PorterLB.Speaker.Announcing;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Ownership;

/// <summary>The one reason for which something is going to be done about an address, and since when it holds.</summary>
/// <param name="Rule">The rule's number; 0 when nothing is awaited.</param>
/// <param name="Epoch">The election that the wait is about; a new one begins a new wait.</param>
/// <param name="Since">When the reason first held.</param>
/// <param name="Place">
/// The fewest candidates that were ahead since. One who became a candidate after that begins to wait after that, too; counted in, each
/// newcomer would put everybody off.
/// </param>
internal readonly record struct Wait(int Rule, long Epoch, TimeSpan Since, int Place);

/// <summary>All that is remembered of one address (protocol section 1).</summary>
internal sealed class AddressState(IPAddress address)
{
    /// <summary>No release was ever seen.</summary>
    public const long NoTombstone = long.MinValue;

    public IPAddress Address { get; } = address;

    /// <summary>My rights; null when the address is not among them.</summary>
    public AddressRights? Rights { get; set; }

    /// <summary>Whether my rights let me hold it; looked up once, they may name many nodes.</summary>
    public bool EligibleSelf { get; set; }

    /// <summary>Whether my rights elect me.</summary>
    public bool ElectedSelf { get; set; }

    /// <summary>The highest epoch known to be released.</summary>
    public long Tombstone { get; set; } = NoTombstone;

    /// <summary>When a peer told of that release; null when my own rights did.</summary>
    public TimeSpan? TombstoneHeardAt { get; set; }

    public ClaimFloor Floor { get; set; } = ClaimFloor.None;

    /// <summary>Since when the floor stands above my rights although they are fresh; null when it does not.</summary>
    public TimeSpan? AheadSince { get; set; }

    /// <summary>I answer.</summary>
    public bool Held { get; set; }

    /// <summary>The rank of my claim, while I hold.</summary>
    public ClaimRank Own { get; set; }

    /// <summary>Since when I hold.</summary>
    public TimeSpan HeldSince { get; set; }

    /// <summary>The best claim of another; valid or not is for the moment to say.</summary>
    public Claim? Best { get; set; }

    /// <summary>Its holder.</summary>
    public Peer? BestPeer { get; set; }

    /// <summary>When its holder's last repetition of it was heard.</summary>
    public TimeSpan BestHeardAt { get; set; }

    public Wait Wait { get; set; }

    /// <summary>My rights were first given while this process ran, not from disk.</summary>
    public bool New { get; set; }

    /// <summary>It is new, and many others were given out at that time.</summary>
    public bool OneOfMany { get; set; }

    /// <summary>Another speaker, whose hellos do not arrive, that was seen to say that it has the address while I hold it.</summary>
    public Peer? Rival { get; set; }

    /// <summary>When it was last seen.</summary>
    public TimeSpan RivalSeenAt { get; set; }

    /// <summary>The holder whose silence the running inquiry is about; null when none runs, or nobody is known to have held.</summary>
    public Peer? AskedOf { get; set; }

    /// <summary>This address is among those of that holder that are asked for; the others wait for what comes of it.</summary>
    public bool AsksItself { get; set; }

    /// <summary>The last of that holder's rounds in which this address had its turn to ask.</summary>
    public int AskedInRound { get; set; }

    /// <summary>When a hello that could not be proven to be of now claimed the address; it only lends weight to an answer to a probe.</summary>
    public TimeSpan? UnprovenClaimAt { get; set; }

    /// <summary>When a contested address was last announced again.</summary>
    public TimeSpan? ContestedAt { get; set; }

    /// <summary>A stranger's answer, if one stands in the way or was defended against.</summary>
    public Conflict? Conflict { get; set; }

    /// <summary>When <see cref="Wait"/>, claims, questions and announcements want to be looked at next.</summary>
    public TimeSpan Due { get; set; } = TimeSpan.MaxValue;

    /// <summary>To be looked at before this call ends.</summary>
    public bool Dirty { get; set; }

    /// <summary>Depends on how I and my peers are, not on news of the address alone.</summary>
    public bool Restless { get; set; }

    /// <summary>How often the news of it is still to be told.</summary>
    public int TellsLeft { get; set; }

    /// <summary>Waits to be told for the first time.</summary>
    public bool IsNews { get; set; }

    /// <summary>Waits to be told again.</summary>
    public bool IsRepeated { get; set; }

    /// <summary>The last hello that spoke of it.</summary>
    public ulong ToldIn { get; set; }

    /// <summary>Its place among the held ones.</summary>
    public int HeldIndex { get; set; } = -1;

    // Whose claim was heard last, in which of its lives and its hellos.
    private Peer? _lastWordOf;
    private Incarnation _lastWordIn;
    private ulong _lastWord;

    // Fields, not properties: these are mutable values.
    public ClaimSchedule Schedule;
    public Inquiry Inquiry;

    /// <summary>The address is not mine to care for: not in my rights, or its release is newer than they.</summary>
    public bool IsGone => Rights is null || Tombstone >= Rights.Epoch;

    /// <summary>
    /// Whether the claim's holder has said something newer of this address, or nothing: a datagram that was overtaken, or a relay of what
    /// its holder took back, must not silence who has claimed since.
    /// </summary>
    public bool IsOutdated(Claim claim, Peer holder)
    {
        if (holder == _lastWordOf && claim.HolderIncarnation == _lastWordIn && claim.Sequence < _lastWord)
        {
            return true;
        }

        (_lastWordOf, _lastWordIn, _lastWord) = (holder, claim.HolderIncarnation, claim.Sequence);
        return false;
    }

    /// <summary>Forgets the other's claim.</summary>
    public void ForgetBest()
    {
        BestPeer?.Claims.Remove(this);
        Best = null;
        BestPeer = null;
    }

    /// <summary>Remembers another's claim as the best one.</summary>
    public void Remember(Claim claim, Peer holder, TimeSpan heardAt)
    {
        if (BestPeer != holder)
        {
            BestPeer?.Claims.Remove(this);
            holder.Claims.Add(this);
            BestPeer = holder;
        }

        Best = claim;
        BestHeardAt = heardAt;
    }

    /// <summary>A release makes void what was claimed up to its epoch: an address that comes again has never been held.</summary>
    public void Release(long epoch)
    {
        Tombstone = Math.Max(Tombstone, epoch);
        if (Best is { } best && best.Rank.Epoch <= Tombstone)
        {
            ForgetBest();
        }

        if (Floor.Epoch <= Tombstone)
        {
            Floor = ClaimFloor.None;
        }
    }
}
