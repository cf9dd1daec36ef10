using System.Collections.Immutable;
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
    private ulong _sequence;
    private bool _helloNow;
    private TimeSpan _nextHello = TimeSpan.MaxValue;
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
            if (!Planted(PlantedFaults.TellOnce))
            {
                foreach (var claims in _teller.All(Incarnation, () => ++_sequence))
                {
                    Send(claims);
                }
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
            _sequence++;
            var claims = _teller.Fill(Incarnation, _sequence, periodic, relayed);
            Send(Planted(PlantedFaults.TellOnce) ? [.. claims.Where(c => WasNews(c))] : claims);
        }
        while (_teller.HasNews);

        _nextHello = _now + (_timing.HelloInterval * (1 - (Jitter * _random.NextDouble())));
    }

    private bool WasNews(Claim claim) => _addresses.TryGetValue(claim.Address, out var address) && address.TellsLeft == 2;

    private void Send(ImmutableArray<Claim> claims) => _effects.Add(new Effect.SendHello(new Hello
    {
        Node = _options.Node,
        Incarnation = Incarnation,
        Sequence = _sequence,
        Standing = _self.Standing with
        {
            State = State == SpeakerState.Joining && Planted(PlantedFaults.HiddenJoining) ? SpeakerState.Active : State,
        },
        Hears = Hears(),
        Claims = claims,
    }));

    /// <summary>
    /// Whom we hear. First the lives that are not proven yet: they wait for our word to be believed. The others in turn, when they do not
    /// all fit.
    /// </summary>
    private ImmutableArray<HeardPeer> Hears()
    {
        var hears = ImmutableArray.CreateBuilder<HeardPeer>();
        var proven = 0;
        foreach (var peer in _peers.All)
        {
            if (peer.Unproven is { } unproven && _now - peer.UnprovenAt < _timing.DeadAfter && hears.Count < _options.MaxHeard)
            {
                hears.Add(unproven with { Age = _now - peer.UnprovenAt });
            }

            proven += peer.IsAlive(_now, _timing.DeadAfter) ? 1 : 0;
        }

        var room = Math.Min(_options.MaxHeard - hears.Count, proven);
        var skip = room < proven ? _hearsCursor % proven : 0;
        _hearsCursor = room < proven ? skip + room : 0;
        var place = 0;
        foreach (var peer in _peers.All)
        {
            if (!peer.IsAlive(_now, _timing.DeadAfter))
            {
                continue;
            }

            // The window [skip, skip + room) of all living peers, wrapped around.
            if ((place - skip + proven) % proven < room)
            {
                hears.Add(new HeardPeer(
                    peer.Node, peer.Incarnation, peer.Sequence, _now - peer.Proof, peer.IsDirect(_now, _timing.DeadAfter), Proven: true, peer.Standing));
            }

            place++;
        }

        return hears.DrainToImmutable();
    }

    /// <summary>
    /// Claims of holders that some living peer is not known to hear: without us it would never yield to them. Over several hops, for the
    /// holder may be heard by one only.
    /// </summary>
    private List<AddressState> Relayed()
    {
        _relayed.Clear();
        var patience = ListingPatience(_alive + 1);
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
