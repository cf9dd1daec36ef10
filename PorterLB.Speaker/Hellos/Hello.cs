using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Speaker.Hellos;

/// <summary>
/// Which life of a speaker on a segment this is. A new one begins at start and at every entry into Joining, so that
/// nothing said in an earlier life counts for this one.
/// </summary>
/// <param name="Process">64 random bits, drawn at start: a recording of an earlier process names another one.</param>
/// <param name="Life">Counts the entries into Joining within the process.</param>
public readonly record struct Incarnation(ulong Process, uint Life);

/// <summary>Where a speaker stands on a segment.</summary>
public enum SpeakerState
{
    /// <summary>Holds nothing and listens, so that it learns of claims made while it was away.</summary>
    Joining = 0,

    /// <summary>Takes part.</summary>
    Active = 1,

    /// <summary>Is stopping: goes on answering until others have claimed.</summary>
    Leaving = 2,
}

/// <summary>What a speaker says of itself, and what others pass on of it together with the evidence of its life.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Steady">It has not flapped lately.</param>
/// <param name="Fresh">It had contact with the API server in the last 2.5 s.</param>
/// <param name="Deaf">It hears no hello and no neighbour answers its probes.</param>
/// <param name="Healthy">Its node forwards what arrives (kube-proxy answers its health check).</param>
public readonly record struct Standing(SpeakerState State, bool Steady, bool Fresh, bool Deaf, bool Healthy);

/// <summary>
/// Who outranks whom for an address. Compared field by field in this order, then by the holder's score and name; frozen when the
/// claim is made.
/// </summary>
/// <param name="Epoch">Epoch of the election under which the claim stands.</param>
/// <param name="Term">0 for the elected node, raised by every take-over; <see cref="Released"/> marks a tombstone.</param>
/// <param name="Steady">The holder has not flapped lately.</param>
/// <param name="Fresh">The holder had contact with the API server.</param>
/// <param name="Elected">The holder is the elected node of that epoch.</param>
public readonly record struct ClaimRank(long Epoch, int Term, bool Steady, bool Fresh, bool Elected)
{
    /// <summary>The term of a tombstone: a claim by nobody, above every holder of that epoch.</summary>
    public const int Released = int.MaxValue;
}

/// <summary>"This node holds this address", or, as a tombstone, "nobody does since this epoch".</summary>
/// <param name="Address">The address.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="Holder">The holder's node name; empty in a tombstone.</param>
/// <param name="HolderIncarnation">The holder's life in which it claimed; default in a tombstone.</param>
/// <param name="Sequence">
/// The hello of the holder in which it told this, so that a relayed claim renews nothing that the holder itself stopped repeating.
/// The sender's own claims carry the sequence of the very hello (a codec may leave it out there); 0 in a tombstone.
/// </param>
public sealed record Claim(IPAddress Address, ClaimRank Rank, string Holder, Incarnation HolderIncarnation, ulong Sequence)
{
    /// <summary>Whether this tells of a release.</summary>
    public bool IsTombstone => Rank.Term == ClaimRank.Released;
}

/// <summary>Evidence of life that a speaker has of another, passed on without adding delay or rumours.</summary>
/// <param name="Node">Of whom.</param>
/// <param name="Incarnation">In which life.</param>
/// <param name="Sequence">The newest hello of that life known by any way.</param>
/// <param name="Age">How old that evidence is when this is sent (on the wire: whole milliseconds, rounded up).</param>
/// <param name="Direct">Whether the sender itself hears that node.</param>
/// <param name="Proven">
/// Whether the sender trusts that life. If not, the entry proves nothing to third parties; it only tells that node that its
/// incarnation was heard, so that its answer can be told from a recording.
/// </param>
/// <param name="Standing">What that node said of itself in that hello.</param>
public sealed record HeardPeer(
    string Node, Incarnation Incarnation, ulong Sequence, TimeSpan Age, bool Direct, bool Proven, Standing Standing);

/// <summary>What a speaker says on a segment, each 100 ms and at once on a change.</summary>
public sealed record Hello
{
    /// <summary>The sender's node name.</summary>
    public required string Node { get; init; }

    /// <summary>The sender's present life.</summary>
    public required Incarnation Incarnation { get; init; }

    /// <summary>Grows by one with every datagram of the process on the segment, from 1, whatever life it is in.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>What the sender says of itself.</summary>
    public required Standing Standing { get; init; }

    /// <summary>Whom the sender hears; not all of them when there are many: the rest follows in the next hellos.</summary>
    public ImmutableArray<HeardPeer> Hears { get; init; } = [];

    /// <summary>Claims: changed ones, tombstones, own ones round robin, relayed ones.</summary>
    public ImmutableArray<Claim> Claims { get; init; } = [];
}
