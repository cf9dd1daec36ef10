using System.Collections.Immutable;

namespace PorterLB.Speaker.Hellos;

/// <summary>A hello that is being written: it takes entries while there is room for them.</summary>
/// <param name="node">The sender.</param>
/// <param name="incarnation">Its present life.</param>
/// <param name="sequence">The number of this datagram.</param>
/// <param name="length">Its bytes at most, signature included.</param>
internal sealed class HelloDraft(string node, Incarnation incarnation, ulong sequence, int length)
{
    private readonly HelloRoom _room = new(node, incarnation);
    private readonly ImmutableArray<HeardPeer>.Builder _heard = ImmutableArray.CreateBuilder<HeardPeer>();
    private readonly ImmutableArray<Claim>.Builder _claims = ImmutableArray.CreateBuilder<Claim>();

    public string Node => node;

    public Incarnation Incarnation => incarnation;

    public ulong Sequence => sequence;

    /// <summary>Bytes for peers heard that every hello has, whatever else it tells: a careful estimate, long names leave gaps.</summary>
    public static int HeardBytes(int length) => length / 3;

    /// <summary>Bytes for the sender's own claims that every hello has: half of it less header, names, and an eighth for relays.</summary>
    public static int ClaimBytes(int length) => length / 5;

    /// <summary>Peers heard may fill half of what is free, before claims are asked for; what these leave goes to more peers.</summary>
    public void BeginHeard() => _room.Limit = _room.Length + ((length - _room.Length) / 2);

    /// <summary>The sender's own claims come; an eighth stays free for those that it relays.</summary>
    public void BeginOwnClaims(bool relays) => _room.Limit = relays ? length - (length / 8) : length;

    /// <summary>All that is left may be filled.</summary>
    public void BeginRest() => _room.Limit = length;

    /// <inheritdoc cref="HelloRoom.TryAdd(HeardPeer)"/>
    public bool TryAdd(HeardPeer peer)
    {
        if (!_room.TryAdd(peer))
        {
            return false;
        }

        _heard.Add(peer);
        return true;
    }

    /// <inheritdoc cref="HelloRoom.TryAdd(Claim)"/>
    public bool TryAdd(Claim claim)
    {
        if (!_room.TryAdd(claim))
        {
            return false;
        }

        _claims.Add(claim);
        return true;
    }

    /// <summary>The hello as it stands.</summary>
    public Hello Finish(Standing standing) => new()
    {
        Node = node,
        Incarnation = incarnation,
        Sequence = sequence,
        Standing = standing,
        Hears = _heard.DrainToImmutable(),
        Claims = _claims.DrainToImmutable(),
    };
}
