using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Loop;

// Whom we hear, and what their coming and going touches.
public sealed partial class SegmentMachine
{
    private int _alive;

    private void HearHello(Hello hello, TimeSpan capturedAt)
    {
        if (!_linkUp || hello.Node == _options.Node)
        {
            return;
        }

        _hearing.HeardHello(capturedAt);
        var peer = _peers.Get(hello.Node);
        var standing = peer.Standing;
        var namesMe = Planted(PlantedFaults.TrustRecordings) || _peers.Names(hello, _options.Process);
        var arrival = peer.Hear(hello, capturedAt, namesMe, out var newLife);
        if (arrival == Arrival.Replayed)
        {
            NoteUnproven(hello, peer);
            return;
        }

        if (arrival == Arrival.Newest)
        {
            NotePeer(peer, standing, newLife);
            foreach (var heard in hello.Hears)
            {
                HearOf(heard, peer, capturedAt);
            }
        }

        foreach (var claim in hello.Claims)
        {
            HearClaim(claim, peer, hello.Incarnation);
        }
    }

    /// <summary>
    /// Where hellos pass in one direction only, a life may never be proven to us. That it claims an address then weighs nothing by itself,
    /// it might be a recording; together with an answer for that address it says who answers.
    /// </summary>
    private void NoteUnproven(Hello hello, Peer peer)
    {
        if (peer.Unproven is not { } unproven || unproven.Incarnation != hello.Incarnation)
        {
            return;
        }

        foreach (var claim in hello.Claims)
        {
            if (claim.Holder == hello.Node && _addresses.TryGetValue(claim.Address, out var address))
            {
                address.UnprovenClaimAt = _now;
            }
        }
    }

    private void HearOf(HeardPeer heard, Peer by, TimeSpan capturedAt)
    {
        if (heard.Node == _options.Node)
        {
            if (heard.Direct && heard.Incarnation.Process == _options.Process)
            {
                _listedAt = capturedAt > _listedAt ? capturedAt : _listedAt;
            }

            return;
        }

        if (heard.Direct)
        {
            by.Hears[heard.Node] = (heard.Incarnation, capturedAt);
        }
        else
        {
            by.Hears.Remove(heard.Node);
        }

        // Only what the trusted peer trusts itself: passing on mere hearsay would let a recording in through a third party.
        var peer = _peers.Get(heard.Node);
        var heardAt = capturedAt - heard.Age;
        if (heard.Proven)
        {
            var standing = peer.Standing;
            peer.Learn(heard, heardAt, fresh: _now - heardAt < _timing.DeadAfter, out var newLife);
            NotePeer(peer, standing, newLife);
        }
        else
        {
            peer.Overhear(heard, heardAt);
        }
    }

    /// <summary>Something may have changed about a peer by what was just heard.</summary>
    private void NotePeer(Peer peer, Standing before, bool newLife)
    {
        var crossed = _peers.HasCrossed(peer, _now);
        if (!crossed && !newLife && peer.Standing == before)
        {
            return;
        }

        Version++;
        TouchAll(peer.Claims);
        TouchAll(_restless);
        var alive = peer.IsAlive(_now, _timing.DeadAfter);
        if (alive && (newLife || !peer.WasAlive))
        {
            Revive(peer);
        }

        MarkAlive(peer, alive);
    }

    /// <summary>A peer is back, or new: it knows nothing of our claims, and the router may have been on its side of a cut.</summary>
    private void Revive(Peer peer)
    {
        if (!peer.WasAlive)
        {
            Report(ReportKind.PeerAlive, node: peer.Node);
        }

        // Many come at once when a cut heals: one telling in a hello's time is for all of them.
        _tellAllAt = Earlier(_tellAllAt, _toldAllAt is { } last && _now - last < _timing.HelloInterval ? last + _timing.HelloInterval : _now);
        if (peer.Standing.State == SpeakerState.Active && !peer.WasAlive)
        {
            _announceFirstAt = Earlier(_announceFirstAt, _now + Timers.HealedFirst);
            _announceAgainAt = _now + Timers.HealedAgain;
        }
    }

    private void AdvancePeers()
    {
        _crossed.Clear();
        _peers.CollectCrossed(_now, _crossed);
        if (_crossed.Count == 0)
        {
            return;
        }

        Version++;
        foreach (var peer in _crossed)
        {
            TouchAll(peer.Claims);
            var alive = peer.IsAlive(_now, _timing.DeadAfter);
            if (!alive && peer.WasAlive)
            {
                Report(ReportKind.PeerDead, node: peer.Node);
            }

            MarkAlive(peer, alive);
        }

        TouchAll(_restless);
    }

    private void MarkAlive(Peer peer, bool alive)
    {
        if (peer.WasAlive == alive)
        {
            return;
        }

        peer.WasAlive = alive;
        _alive += alive ? 1 : -1;

        // Below 100 speakers the interval does not depend on their number.
        if (_alive >= 99)
        {
            SetTiming();
        }
    }
}
