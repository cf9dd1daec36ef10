using System.Net.Sockets;

namespace PorterLB.Speaker.Hellos;

/// <summary>
/// The room in one hello while it is being filled. Nodes are named once per hello and then referred to, so what an entry costs
/// depends on what is in already.
/// </summary>
internal sealed class HelloRoom
{
    private readonly HashSet<(string, Incarnation)> _nodes = [];
    private readonly (string, Incarnation) _sender;
    private int _heard;
    private int _claims;

    /// <summary>An otherwise empty hello of this sender.</summary>
    /// <param name="node">The sender's name: at most 253 bytes.</param>
    /// <param name="incarnation">Its present life.</param>
    public HelloRoom(string node, Incarnation incarnation)
    {
        Length = HelloLayout.HeaderLength + HelloLayout.SignatureLength;
        Length += CostOf(node);
        _sender = (node, incarnation);
        _nodes.Add(_sender);
    }

    /// <summary>Bytes used so far, signature included.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that may be used for now; the rest is kept for what comes later.</summary>
    public int Limit { get; set; } = HelloLayout.MaxLength;

    /// <summary>What it costs to tell of a peer that is not named yet.</summary>
    public static int CostOfHeard(string node) => HelloLayout.HeardLength + CostOf(node);

    /// <summary>Takes room for this entry, if there is enough.</summary>
    /// <returns>Whether there was.</returns>
    public bool TryAdd(HeardPeer peer)
    {
        if (_heard == byte.MaxValue || !TryTake(peer.Node, peer.Incarnation, HelloLayout.HeardLength))
        {
            return false;
        }

        _heard++;
        return true;
    }

    /// <summary>Takes room for this entry, if there is enough.</summary>
    /// <returns>Whether there was.</returns>
    public bool TryAdd(Claim claim)
    {
        var length = HelloLayout.ClaimFixedLength + (claim.Address.AddressFamily == AddressFamily.InterNetworkV6 ? 16 : 4);
        if (!claim.IsTombstone && (claim.Holder, claim.HolderIncarnation) != _sender)
        {
            length += HelloLayout.ClaimSequenceLength;
        }

        if (_claims == ushort.MaxValue || !(claim.IsTombstone ? TryTake(length) : TryTake(claim.Holder, claim.HolderIncarnation, length)))
        {
            return false;
        }

        _claims++;
        return true;
    }

    private bool TryTake(string node, Incarnation incarnation, int length)
    {
        if (_nodes.Contains((node, incarnation)))
        {
            return TryTake(length);
        }

        if (_nodes.Count == HelloLayout.Nobody || !TryTake(length + CostOf(node)))
        {
            return false;
        }

        _nodes.Add((node, incarnation));
        return true;
    }

    private bool TryTake(int length)
    {
        if (Length + length > Limit)
        {
            return false;
        }

        Length += length;
        return true;
    }

    private static int CostOf(string node) => HelloLayout.NodeFixedLength + HelloLayout.Names.GetByteCount(node);
}
