using PorterLB.Speaker.Announcing;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Loop;

// One address: from the rules' decision, through its wait and the asking, to the act.
//
//   (not held) --wait--> (asking: 3 probes in 100 ms) --silent, due--> held --lift--> held
//        ^                     | answered: ask again                     |
//        +---------------------+----------- yield, release, link --------+
public sealed partial class SegmentMachine
{
    /// <summary>Looks at an address anew, and arms the time of the next look.</summary>
    private void Evaluate(AddressState address)
    {
        var due = TimeSpan.MaxValue;
        var restless = false;
        if (address.IsGone)
        {
            due = EvaluateGone(address);
        }
        else if (_linkUp && !_left)
        {
            due = EvaluateMine(address, out restless);
        }

        if (restless != address.Restless)
        {
            address.Restless = restless;
            _ = restless ? _restless.Add(address) : _restless.Remove(address);
        }

        if (due != address.Due)
        {
            address.Due = due;
            if (due < TimeSpan.MaxValue)
            {
                _due.Enqueue(address, due);
            }
        }
    }

    private TimeSpan EvaluateGone(AddressState address)
    {
        Rest(address);
        if (address.Rights is not null)
        {
            // A peer says that it was released, the API server still says otherwise. News of a release outruns our watch by its lag; after
            // that the API server is right.
            var doubt = address.TombstoneHeardAt + Timers.TombstoneDoubt ?? TimeSpan.MaxValue;
            if (!_fresh)
            {
                return TimeSpan.MaxValue;
            }

            if (_now < doubt)
            {
                return doubt;
            }

            address.Tombstone = AddressState.NoTombstone;
            address.TombstoneHeardAt = null;
            Touch(address);
            return TimeSpan.MaxValue;
        }

        EndConflict(address);
        if (address.Best is not null && IsClaimed(address))
        {
            return ExpiresAt(address, address.BestPeer!);
        }

        if (address.Tombstone == AddressState.NoTombstone)
        {
            Discard(address);
        }

        return TimeSpan.MaxValue;
    }

    private TimeSpan EvaluateMine(AddressState address, out bool restless)
    {
        var claimed = IsClaimed(address);
        var doubt = DoubtEpoch(address, claimed);
        return Earlier(doubt, Follow(address, claimed, out restless));
    }

    /// <summary>
    /// Numbers of a lost past outrank every election that is made now: while they are remembered, no move comes, and nobody is relieved.
    /// </summary>
    /// <returns>When to look again.</returns>
    private TimeSpan DoubtEpoch(AddressState address, bool claimed)
    {
        var epoch = address.Rights!.Epoch;
        if (!_fresh || address.Floor.Epoch <= epoch)
        {
            address.AheadSince = null;
            return TimeSpan.MaxValue;
        }

        address.AheadSince ??= _now;
        var due = address.AheadSince.Value + Timers.EpochDoubt;
        if (_now < due)
        {
            return due;
        }

        address.AheadSince = _now;
        if (address.Held && address.Own.Epoch > epoch)
        {
            Forget(address);
        }
        else if (address.Held || !claimed || address.Best!.Rank.Epoch <= epoch)
        {
            var standing = address.Held ? address.Own : claimed ? address.Best!.Rank : (ClaimRank?)null;
            address.Floor = standing is { } rank ? ClaimFloor.None.Raise(rank) : ClaimFloor.None;
        }

        // A living holder's claim is its own to take back.
        return _now + Timers.EpochDoubt;
    }

    private TimeSpan Follow(AddressState address, bool claimed, out bool restless)
    {
        var situation = Look(address, claimed);
        var decision = OwnershipRules.Decide(situation);
        decision = Sabotage(address, decision);
        restless = decision.Rule != 0;
        if (decision.Act == Act.None || (claimed && decision.Act == Act.Claim && decision.Delay > TimeSpan.Zero))
        {
            // The holder may be about to die: ask early, so that the answer is there when it does.
            if (IsSuspect(address, claimed) && OwnershipRules.Decide(situation with { Claimed = false }) is { Act: Act.Claim } expected)
            {
                restless = true;
                return Earlier(Common(address, claimed), Expect(address, expected));
            }
        }

        if (decision.Act == Act.None)
        {
            Rest(address);
            if (claimed || address.Held)
            {
                SettleConflict(address, claimed);
            }

            return Common(address, claimed);
        }

        return Pursue(address, decision) is { } next ? Earlier(Common(address, claimed), next) : Again(address, out restless);
    }

    private TimeSpan Again(AddressState address, out bool restless)
    {
        // Something was done: the situation is another one.
        Touch(address);
        restless = address.Restless;
        return TimeSpan.MaxValue;
    }

    /// <summary>What has its own time whatever the rules say: announcements, the end of another's claim, that of a conflict.</summary>
    private TimeSpan Common(AddressState address, bool claimed)
    {
        var due = claimed ? ExpiresAt(address, address.BestPeer!) : TimeSpan.MaxValue;
        if (address.Held)
        {
            if (address.Schedule.Take(_now))
            {
                _effects.Add(new Effect.SendGratuitous(address.Address));
            }

            due = address.Schedule.Next;
        }

        return address.Conflict is { } conflict ? Earlier(due, conflict.OverAt) : due;
    }

    private void SettleConflict(AddressState address, bool claimed)
    {
        if (address.Conflict is { } conflict && (claimed || _now >= conflict.OverAt))
        {
            EndConflict(address);
        }
    }

    private static void Rest(AddressState address)
    {
        address.Wait = default;
        StopAsking(address);
    }

    /// <summary>Waits for the decision's time, asks, acts.</summary>
    /// <returns>When to look again, or null when the act was done.</returns>
    private TimeSpan? Pursue(AddressState address, Decision decision)
    {
        var rights = address.Rights!;
        var about = decision.Rule is 4 or 8 or 13 or 14 ? rights.Epoch : 0;
        if (address.Wait.Rule != decision.Rule || address.Wait.Epoch != about)
        {
            // What is wanted while still joining begins to wait when that ends.
            address.Wait = new Wait(decision.Rule, about, State == SpeakerState.Joining ? _joinedAt : _now, int.MaxValue);
        }

        var due = address.Wait.Since + decision.Delay;
        if (decision.Slotted)
        {
            address.Wait = address.Wait with { Place = Math.Min(address.Wait.Place, PlaceOf(address, dying: null)) };
            due += Candidates.Slot(address.Wait.Place, _self.Mute);
        }

        switch (decision.Ask)
        {
            case Ask.No:
                StopAsking(address);
                if (_now >= due && MayAct(decision))
                {
                    Do(address, decision);
                    return null;
                }

                return _now >= due ? TimeSpan.MaxValue : due;
            case Ask.UntilAnswered or Ask.UntilRivalAnswers:
                Inquire(address);
                if (decision.Ask == Ask.UntilAnswered
                    ? address.Inquiry.Answered
                    : address.Inquiry.RivalAnswersSince is { } since && _now - since >= decision.Delay)
                {
                    Do(address, decision);
                    return null;
                }

                return address.Inquiry.Next;
            default:
                return AskThenDo(address, decision, due);
        }
    }

    private TimeSpan? AskThenDo(AddressState address, Decision decision, TimeSpan due)
    {
        var skip = decision.Rule == 7 && !address.Rights!.Policy.Probe && IsForeign(address);
        var start = due - Inquiry.Round;
        if (address.Conflict is { Announced: false } refused && refused.RetryAt > start)
        {
            start = refused.RetryAt;
            due = start > due ? start : due;
        }

        if (_now < start)
        {
            StopAsking(address);
            return start;
        }

        // A deaf one hears no answer: what it asked would mean nothing.
        if (!_self.Ears)
        {
            StopAsking(address);
            return TimeSpan.MaxValue;
        }

        Inquire(address);
        var insists = (decision.Ask == Ask.AtMost
                && _now - Later(address.Wait.Since, address.Inquiry.Since) >= Timers.AskAtMost
                && !(address.UnprovenClaimAt is { } claimedAt && _now - claimedAt < Timers.ClaimExpiry))
            || address.Conflict is { Announced: true };
        if (_now >= due && (skip || insists || address.Inquiry.Silent || Planted(PlantedFaults.NoAsk)) && MayAct(decision))
        {
            Do(address, decision);
            return null;
        }

        return _now >= due ? address.Inquiry.Next : Earlier(due, address.Inquiry.Next);
    }

    /// <summary>Asks for an address whose holder is about to be declared dead, from 100 ms before my turn would come.</summary>
    private TimeSpan Expect(AddressState address, Decision expected)
    {
        address.Wait = default;
        if (!_self.Ears)
        {
            StopAsking(address);
            return TimeSpan.MaxValue;
        }

        var death = address.BestPeer!.Proof + DeadAfterOf(address);
        var start = death + expected.Delay + Candidates.Slot(PlaceOf(address, dying: address.BestPeer), _self.Mute) - Inquiry.Round;
        if (_now < start)
        {
            StopAsking(address);
            return Earlier(start, death);
        }

        Inquire(address);
        return Earlier(address.Inquiry.Next, death);
    }

    private bool IsSuspect(AddressState address, bool claimed) =>
        claimed && !address.Held && _now - address.BestPeer!.Proof >= DeadAfterOf(address) - Inquiry.Round;

    private bool MayAct(Decision decision) =>
        decision.Act != Act.Claim || (State == SpeakerState.Active && _self is { Ears: true, Deaf: false });

    private void Do(AddressState address, Decision decision)
    {
        switch (decision.Act)
        {
            case Act.Claim:
                Claim(address, decision);
                break;
            case Act.Lift:
                address.Own = RankOf(address, decision);
                address.Floor = address.Floor.Raise(address.Own);
                Rest(address);
                Told(address);
                break;
            case Act.Silence:
                var to = decision.Ask == Ask.UntilRivalAnswers ? address.Rival!.Node : address.Rights?.Elected;
                Silence(address, decision.Rule == 5 ? ReportKind.Withdrawn : ReportKind.Yielded, to);
                break;
        }
    }

    private void Claim(AddressState address, Decision decision)
    {
        var before = address.BestPeer?.Node;
        address.ForgetBest();
        address.Held = true;
        address.HeldSince = _now;
        address.Rival = null;
        address.Own = RankOf(address, decision);
        address.Floor = address.Floor.Raise(address.Own);
        address.ContestedAt = _now;
        address.Schedule = ClaimSchedule.Begin(_now, address.Rights!.Policy.RefreshInterval);
        Rest(address);
        if (address.Conflict is { Announced: false })
        {
            EndConflict(address);
        }

        _teller.Hold(address);
        Told(address);
        Report(decision.Term == 0 ? ReportKind.Announced : ReportKind.TookOver, address.Address, decision.Term == 0 ? null : before);
    }

    private void Told(AddressState address)
    {
        _effects.Add(new Effect.Answer(address.Address, address.Own));
        _teller.Tell(address);
        _helloNow = true;
        Version++;
    }

    /// <summary>Stops answering. The floor keeps my claim: whoever follows must go above it.</summary>
    private void Silence(AddressState address, ReportKind why, string? node = null)
    {
        address.Held = false;
        address.Schedule = default;
        _teller.Drop(address);
        Rest(address);
        _effects.Add(new Effect.Silence(address.Address));
        Report(why, address.Address, node);
        Version++;
        Touch(address);
    }

    /// <summary>Holds nothing any more, without a word: the carrier is gone, or others have taken over while we slept.</summary>
    private void DropEverything()
    {
        while (_teller.Held.Count > 0)
        {
            var address = _teller.Held[^1];
            address.Held = false;
            address.Schedule = default;
            _teller.Drop(address);
            Rest(address);
            _effects.Add(new Effect.Silence(address.Address));
            Touch(address);
            Version++;
        }
    }

    /// <summary>The rank of a claim made now; what it says of me stays as it is while the claim stands.</summary>
    private ClaimRank RankOf(AddressState address, Decision decision) => new(
        decision.Epoch,
        decision.Term,
        _self.Steady,
        _self.Fresh,
        address.ElectedSelf && address.Rights!.Epoch == decision.Epoch);

    private int PlaceOf(AddressState address, Peer? dying)
    {
        var rights = address.Rights!;
        var deadAfter = DeadAfterOf(address);
        var me = new Candidates.Candidate(_options.Node, _self.Healthy, _self.Steady && !_self.Mute, _self.Fresh, address.ElectedSelf);
        return Candidates.Place(
            address.Address, me, rights.Eligible, rights.Elected,
            node => _peers.Find(node) is { } peer && peer != dying && peer.IsAlive(_now, deadAfter) ? peer.Standing : null);
    }

    private Situation Look(AddressState address, bool claimed)
    {
        var rights = address.Rights!;
        var elected = rights.Elected is { } name && !address.ElectedSelf ? _peers.Find(name) : null;
        var rival = address.Held && address.Rival is { } seen && _now - address.RivalSeenAt < Timers.RivalMemory && !seen.IsDirect(_now, _timing.DeadAfter)
            ? seen
            : null;
        return new Situation
        {
            Epoch = rights.Epoch,
            ElectedSelf = address.ElectedSelf,
            EligibleSelf = address.EligibleSelf,
            AnyEligible = !rights.Eligible.IsEmpty,
            Elected = elected is not null && elected.IsAlive(_now, DeadAfterOf(address)) ? elected.Standing : null,
            ElectedKnown = elected is { Known: true },
            New = address.New,
            OneOfMany = address.OneOfMany,
            Rivaled = rival is not null,
            RivalIsGreater = rival is not null && IsGreater(address, rival),
            Staying = State != SpeakerState.Leaving,
            Ears = _self.Ears,
            Mute = _self.Mute,
            Healthy = _self.Healthy,
            Fresh = _self.Fresh,
            HearsNobody = _self.HearsNobody,
            Held = address.Held,
            OwnEpoch = address.Own.Epoch,
            OwnTerm = address.Own.Term,
            Claimed = claimed,
            ClaimedEpoch = claimed ? address.Best!.Rank.Epoch : 0,
            HolderEligible = claimed && IsEligible(rights, address.BestPeer!.Node),
            Holder = claimed ? address.BestPeer!.Standing : default,
            Floor = address.Floor,
        };
    }

    private bool IsGreater(AddressState address, Peer rival) =>
        rival.Node == address.Rights!.Elected
        || (!address.ElectedSelf && RankOrder.Compare(address.Address, default, rival.Node, default, _options.Node) > 0);

    /// <summary>The faults that tests of the simulator plant.</summary>
    private Decision Sabotage(AddressState address, Decision decision)
    {
        if (Planted(PlantedFaults.SilentWithoutSuccessor) && address.Held && !address.EligibleSelf)
        {
            return new Decision(5, Act.Silence, 0, 0, TimeSpan.Zero, Slotted: false, Ask.No);
        }

        return Planted(PlantedFaults.IgnoreTerm) && decision.Act is Act.Claim or Act.Lift ? decision with { Term = 0 } : decision;
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
