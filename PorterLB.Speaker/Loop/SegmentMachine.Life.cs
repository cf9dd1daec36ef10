using PorterLB.Speaker.Announcing;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Loop;

// The speaker's own life: joining, carrier, leaving, and whether it hears and is heard (protocol section 4, second table).
//
//            link up                      400 ms later
//   (down) ----------> Joining ------------------------------> Active
//     ^                ^  |  stalled for more than 400 ms         |
//     |                +--|----------------------------------------
//     +-------------------+---------- link down ------------------+
//   Leave, from anywhere: Leaving until nothing is held, 2 s at most; without a link at once.
public sealed partial class SegmentMachine
{
    private bool _linkUp;
    private MacAddress _mac;
    private uint _life;
    private TimeSpan _joinedAt;
    private TimeSpan _leaveAt;
    private bool _left;
    private bool _fresh;
    private bool _healthy = true;
    private TimeSpan _listedAt;
    private TimeSpan? _witnessedSince;
    private int _others;

    private TimeSpan NeighborProbeInterval => _others == 0 ? Timers.LonelyProbeInterval : Timers.NeighborProbeInterval;

    private void ChangeLink(bool up, MacAddress mac)
    {
        var changedMac = mac != _mac;
        _mac = mac;
        if (up == _linkUp)
        {
            // Neighbours still know the old hardware address.
            if (up && changedMac)
            {
                foreach (var address in _teller.Held)
                {
                    address.Schedule = ClaimSchedule.Begin(_now, address.Rights?.Policy.RefreshInterval ?? TimeSpan.Zero);
                    Touch(address);
                }

                _helloNow = true;
            }

            return;
        }

        _linkUp = up;
        if (up)
        {
            Join(newLink: true);
        }
        else
        {
            // Carrier lost: hold nothing at once, whoever is behind the cable has successors.
            _stalls.Reset();
            DropEverything();
            State = State == SpeakerState.Leaving ? SpeakerState.Leaving : SpeakerState.Joining;
            _self = default;
            Version++;
        }
    }

    /// <summary>Begins a new life: what was said in the one before, here or on the way, counts no more.</summary>
    private void Join(bool newLink)
    {
        DropEverything();
        if (State == SpeakerState.Leaving)
        {
            return;
        }

        State = SpeakerState.Joining;
        if (_life == 0 || !Planted(PlantedFaults.HiddenJoining))
        {
            _life++;
        }

        _joinedAt = _now + _timing.DeadAfter;
        _flaps.Join(_now, _timing.DeadAfter);
        _hearing.Restart(_now, newLink);
        _listedAt = _now;
        _witnessedSince = null;
        _helloNow = true;
        Version++;

        // Addresses that will be wanted are asked for while still listening.
        TouchAll(_addresses.Values);
    }

    private void AdvanceLife()
    {
        if (State == SpeakerState.Joining && _now >= _joinedAt)
        {
            State = SpeakerState.Active;
            _helloNow = true;
            Version++;
            TouchAll(_addresses.Values);
        }

        if (_now >= _hearing.NextProbe(NeighborProbeInterval))
        {
            _hearing.Probed(_now);
            _effects.Add(Effect.ProbeNeighbors.Instance);
        }
    }

    private void LookAtMyself()
    {
        var nothing = _hearing.Nothing(_now, _timing.DeadAfter);
        _others = OtherNodes();

        // With one other node at most, and no neighbour that ever answered, silence says nothing about our ears: they are believed after
        // a second. (With two others, both would have died at once.)
        var cannotTell = _others == 0
            || (_others == 1 && !_hearing.NeighborsAnswer && _hearing.Nothing(_now, Timers.NoNeighborAtAll));
        var view = new SelfView(
            State,
            Ears: cannotTell || _hearing.Ears(_now) || Planted(PlantedFaults.NoEars),
            Deaf: nothing && !cannotTell && !Planted(PlantedFaults.NoEars),
            Mute: IsMute(),
            HearsNobody: _hearing.NoHello(_now, _timing.DeadAfter),
            Steady: _now >= _flaps.SteadyAt,
            _fresh,
            _healthy);
        if (view == _self)
        {
            return;
        }

        if (view.Deaf != _self.Deaf)
        {
            // Said at once: the successor is waiting for it.
            _helloNow = true;
            Version++;
            Report(view.Deaf ? ReportKind.Deaf : ReportKind.Hearing);
        }

        if (view.Mute != _self.Mute)
        {
            Version++;
        }

        // Also at once: candidates order themselves by what they know of each other, and while they differ nobody's turn comes.
        _helloNow |= view.Standing != _self.Standing;

        _self = view;
        TouchAll(_restless);
    }

    /// <summary>
    /// Protocol section 3, mute: some active peer that hears is heard, and for a dead-after time none of these lists us. Deaf and joining
    /// peers are no witnesses: they list nobody, or not yet.
    /// </summary>
    private bool IsMute()
    {
        var witnessed = false;
        foreach (var peer in _peers.All)
        {
            if (peer.IsDirect(_now, _timing.DeadAfter) && peer.Standing is { State: SpeakerState.Active, Deaf: false })
            {
                witnessed = true;
                break;
            }
        }

        if (!witnessed)
        {
            _witnessedSince = null;
            return false;
        }

        _witnessedSince ??= _now;
        var since = _listedAt > _witnessedSince.Value ? _listedAt : _witnessedSince.Value;
        return _now - since >= ListingPatience();
    }

    /// <summary>Where not all peers fit into one hello, our turn comes only every few hellos; two rounds, for one may be lost.</summary>
    private TimeSpan ListingPatience()
    {
        var round = ((_peers.CostOfAll / HelloDraft.HeardBytes(_options.HelloLength)) + 1) * _timing.HelloInterval;
        return 2 * round > _timing.DeadAfter ? 2 * round : _timing.DeadAfter;
    }

    /// <summary>
    /// How many other nodes are on the segment, or should be: eligible for something, or heard of in the last minute; more than two are not
    /// told apart.
    /// </summary>
    private int OtherNodes()
    {
        var others = _expected.Count;
        foreach (var peer in _peers.All)
        {
            if (others >= 2)
            {
                break;
            }

            if (!_expected.Contains(peer.Node) && peer.IsAlive(_now, Timers.FlapMemory))
            {
                others++;
            }
        }

        return others;
    }

    private void Leave()
    {
        if (State == SpeakerState.Leaving)
        {
            return;
        }

        State = SpeakerState.Leaving;
        _leaveAt = _now + Timers.LeaveAtMost;
        _helloNow = true;
        Version++;
        if (Planted(PlantedFaults.SilentWithoutSuccessor))
        {
            DropEverything();
        }

        TouchAll(_addresses.Values);
    }

    private void FinishLeaving()
    {
        if (State != SpeakerState.Leaving || _left || (_linkUp && _teller.Held.Count > 0 && _now < _leaveAt))
        {
            return;
        }

        if (_linkUp && _helloNow)
        {
            Speak();
        }

        DropEverything();
        _left = true;
        _effects.Add(Effect.Left.Instance);
    }
}
