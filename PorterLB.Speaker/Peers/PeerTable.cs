using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Peers;

/// <summary>The speakers of the segment, and who of them has crossed an age that matters to somebody.</summary>
internal sealed class PeerTable(string self)
{
    /// <summary>Names ever heard; the one dead for longest makes room. Far above what one segment carries.</summary>
    private const int MaxPeers = 1024;

    private readonly Dictionary<string, Peer> _peers = [];
    private TimeSpan[] _limits = [];

    /// <summary>All speakers ever heard of.</summary>
    public Dictionary<string, Peer>.ValueCollection All => _peers.Values;

    /// <summary>Bytes that a hello would need to name them all.</summary>
    public int CostOfAll { get; private set; }

    /// <summary>When the next peer crosses an age limit, if nothing is heard of it until then.</summary>
    public TimeSpan NextCrossing { get; private set; } = TimeSpan.MaxValue;

    /// <summary>Sets the ages at which a peer's silence begins to mean something, in ascending order.</summary>
    public void SetLimits(TimeSpan[] limits, TimeSpan now)
    {
        _limits = limits;
        foreach (var peer in _peers.Values)
        {
            peer.LimitsPassed = Passed(peer, now);
        }

        Arm(now);
    }

    /// <summary>The peer of that name, or null.</summary>
    public Peer? Find(string node) => _peers.GetValueOrDefault(node);

    /// <summary>The peer of that name, made when it is new.</summary>
    public Peer Get(string node)
    {
        if (_peers.TryGetValue(node, out var peer))
        {
            return peer;
        }

        if (_peers.Count >= MaxPeers && _peers.Values.Where(p => p.Claims.Count == 0).MinBy(p => p.Proof) is { } oldest)
        {
            _peers.Remove(oldest.Node);
            CostOfAll -= HelloRoom.CostOfHeard(oldest.Node);
        }

        peer = new Peer(node);
        _peers.Add(node, peer);
        CostOfAll += HelloRoom.CostOfHeard(node);
        return peer;
    }

    /// <summary>Whether a peer's evidence has crossed a limit, in either direction, since this was last asked.</summary>
    public bool HasCrossed(Peer peer, TimeSpan now)
    {
        var passed = Passed(peer, now);
        if (passed == peer.LimitsPassed)
        {
            return false;
        }

        // It may die sooner than the one that NextCrossing was computed for.
        peer.LimitsPassed = passed;
        Arm(now);
        return true;
    }

    /// <summary>Appends the peers that have crossed a limit by the passing of time.</summary>
    public void CollectCrossed(TimeSpan now, List<Peer> crossed)
    {
        if (now < NextCrossing)
        {
            return;
        }

        foreach (var peer in _peers.Values)
        {
            var passed = Passed(peer, now);
            if (passed != peer.LimitsPassed)
            {
                peer.LimitsPassed = passed;
                crossed.Add(peer);
            }
        }

        Arm(now);
    }

    /// <summary>Whether the hello names this process among those heard: the answer that no recording from before can give.</summary>
    public bool Names(Hello hello, ulong process)
    {
        foreach (var heard in hello.Hears)
        {
            if (heard.Node == self && heard.Incarnation.Process == process)
            {
                return true;
            }
        }

        return false;
    }

    private int Passed(Peer peer, TimeSpan now)
    {
        if (!peer.Known)
        {
            return int.MaxValue;
        }

        var age = now - peer.Proof;
        var passed = 0;
        while (passed < _limits.Length && age >= _limits[passed])
        {
            passed++;
        }

        return passed;
    }

    private void Arm(TimeSpan now)
    {
        NextCrossing = TimeSpan.MaxValue;
        foreach (var peer in _peers.Values)
        {
            if (peer.Known && peer.LimitsPassed < _limits.Length)
            {
                var at = peer.Proof + _limits[peer.LimitsPassed];
                NextCrossing = at < NextCrossing ? at : NextCrossing;
            }
        }

        // Proofs only grow, so an old value is early at worst; never let it lie in the past.
        NextCrossing = NextCrossing < now ? now : NextCrossing;
    }
}
