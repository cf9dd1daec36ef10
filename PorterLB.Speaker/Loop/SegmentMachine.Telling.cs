using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Loop;

// What we say, and when (protocol section 2).
public sealed partial class SegmentMachine
{
    /// <summary>Speakers that started together must not go on speaking together.</summary>
    private const double Jitter = 0.05;

    private readonly List<AddressState> _relayed = [];
    private readonly List<Peer> _living = [];
    private ulong _sequence;
    private bool _helloNow;
    private TimeSpan _nextHello = TimeSpan.MaxValue;
    private TimeSpan _saidHelloAt;
    private TimeSpan _tellAllAt = TimeSpan.MaxValue;
    private TimeSpan? _toldAllAt;
    private TimeSpan _announceFirstAt = TimeSpan.MaxValue;
    private TimeSpan _announceAgainAt = TimeSpan.MaxValue;
    private int _hearsCursor;

    private void Speak()
    {
        AnnounceAfterHealing();
        if (_now >= _tellAllAt)
        {
            _tellAllAt = TimeSpan.MaxValue;
            _toldAllAt = _now;
            for (var told = 0; told < _teller.Held.Count && !Planted(PlantedFaults.TellOnce);)
            {
                var draft = BeginHello(out var namedAll);
                told = _teller.FillAll(draft, told);
                Send(draft, namedAll);
            }
        }

        var periodic = _now >= _nextHello || _nextHello == TimeSpan.MaxValue;
        if (!periodic && !_helloNow)
        {
            return;
        }

        _helloNow = false;
        var relayed = Relayed();
        do
        {
            var draft = BeginHello(out var namedAll);
            _teller.Fill(draft, periodic, relayed);
            Send(draft, namedAll);
        }
        while (_teller.HasNews);

        _saidHelloAt = _now;
        _nextHello = _now + (_timing.HelloInterval * (1 - (Jitter * _random.NextDouble())));
    }

    /// <summary>
    /// Begins a hello with whom we hear. First the lives that are not proven yet: they wait for our word to be believed. The others in
    /// turn, when they do not all fit.
    /// </summary>
    private HelloDraft BeginHello(out int left)
    {
        var draft = new HelloDraft(_options.Node, Incarnation, ++_sequence, _options.HelloLength);
        draft.BeginHeard();
        _living.Clear();
        foreach (var peer in _peers.All)
        {
            if (peer.Unproven is { } unproven && _now - peer.UnprovenAt < _timing.DeadAfter)
            {
                draft.TryAdd(unproven with { Age = _now - peer.UnprovenAt });
            }

            if (peer.IsAlive(_now, _timing.DeadAfter))
            {
                _living.Add(peer);
            }
        }

        left = NameHeard(draft, _living.Count);
        return draft;
    }

    private void Send(HelloDraft draft, int left)
    {
        NameHeard(draft, left);
        var hello = draft.Finish(_self.Standing with
        {
            State = State == SpeakerState.Joining && Planted(PlantedFaults.HiddenJoining) ? SpeakerState.Active : State,
        });
        _effects.Add(new Effect.SendHello(Planted(PlantedFaults.TellOnce) ? hello with { Claims = [.. hello.Claims.Where(WasNews)] } : hello));
    }

    private bool WasNews(Claim claim) => _addresses.TryGetValue(claim.Address, out var address) && address.TellsLeft == 2;

    /// <returns>How many found no room.</returns>
    private int NameHeard(HelloDraft draft, int left)
    {
        for (; left > 0; left--)
        {
            var peer = _living[_hearsCursor % _living.Count];
            if (!draft.TryAdd(new HeardPeer(
                peer.Node, peer.Incarnation, peer.Sequence, _now - peer.Proof, peer.IsDirect(_now, _timing.DeadAfter), Proven: true, peer.Standing)))
            {
                break;
            }

            _hearsCursor = (_hearsCursor + 1) % _living.Count;
        }

        return left;
    }

    /// <summary>
    /// Claims of holders that some living peer is not known to hear: without us it would never yield to them. Over several hops, for the
    /// holder may be heard by one only.
    /// </summary>
    private List<AddressState> Relayed()
    {
        _relayed.Clear();
        var patience = ListingPatience();
        foreach (var holder in _peers.All)
        {
            if (holder.Claims.Count == 0 || !holder.IsAlive(_now, _timing.DeadAfter) || !IsUnheardBySome(holder, patience))
            {
                continue;
            }

            foreach (var address in holder.Claims)
            {
                if (IsClaimed(address))
                {
                    _relayed.Add(address);
                }
            }
        }

        return _relayed;
    }

    private bool IsUnheardBySome(Peer holder, TimeSpan patience)
    {
        foreach (var peer in _peers.All)
        {
            if (peer != holder && peer.IsAlive(_now, _timing.DeadAfter) && !peer.IsKnownToHear(holder, _now, patience))
            {
                return true;
            }
        }

        return false;
    }

    private void AnnounceAfterHealing()
    {
        var first = _now >= _announceFirstAt;
        var again = _now >= _announceAgainAt;
        if (!first && !again)
        {
            return;
        }

        _announceFirstAt = first ? TimeSpan.MaxValue : _announceFirstAt;
        _announceAgainAt = again ? TimeSpan.MaxValue : _announceAgainAt;
        foreach (var address in _teller.Held)
        {
            _effects.Add(new Effect.SendGratuitous(address.Address));
        }
    }
}
