using PorterLB.Speaker.Announcing;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Loop;

// What others claim, in hellos and by ARP.
public sealed partial class SegmentMachine
{
    private readonly HashSet<AddressState> _conflicts = [];

    private void HearClaim(Claim claim, Peer sender, Incarnation senderIncarnation)
    {
        if (claim.Holder == _options.Node || (!_addresses.ContainsKey(claim.Address) && _addresses.Count - _rights.Addresses.Count >= MaxRemembered))
        {
            return;
        }

        if (claim.IsTombstone)
        {
            HearRelease(claim);
            return;
        }

        var address = Find(claim.Address);
        if (claim.Rank.Epoch <= address.Tombstone)
        {
            // Rule 16. Only who knows better by the API server speaks up; the others may be the ones who are late.
            if (_fresh && address.IsGone)
            {
                _teller.Repeat(address);
            }

            return;
        }

        var holder = claim.Holder == sender.Node ? sender : _peers.Find(claim.Holder);
        if (holder is not null && address.IsOutdated(claim, holder))
        {
            return;
        }

        address.Floor = address.Floor.Raise(claim.Rank);
        if (holder is null || !IsLiving(holder, claim.HolderIncarnation, DeadAfterOf(address))
            || (holder == sender && claim.HolderIncarnation != senderIncarnation))
        {
            Touch(address);
            return;
        }

        if (address.Held)
        {
            if (Outranks(address, claim.Rank, claim.Holder, address.Own, _options.Node) && !Planted(PlantedFaults.NeverYield))
            {
                Yield(address, claim, holder);
            }
            else
            {
                Insist(address);
            }
        }
        else if (address.BestPeer == holder && address.Best!.HolderIncarnation == claim.HolderIncarnation)
        {
            // The holder's newest word counts, whichever way it came; a relay of an older one renews nothing.
            if (claim.Sequence > address.Best.Sequence)
            {
                var changed = claim.Rank != address.Best.Rank;
                address.Remember(claim, holder, _now);
                if (changed || address.Restless)
                {
                    Touch(address);
                }
            }
        }
        else if (!IsClaimed(address) || Outranks(address, claim.Rank, claim.Holder, address.Best!.Rank, address.Best.Holder))
        {
            address.Remember(claim, holder, _now);
            Touch(address);
        }
    }

    private void HearRelease(Claim claim)
    {
        var address = Find(claim.Address);
        if (claim.Rank.Epoch > address.Tombstone)
        {
            Released(address, claim.Rank.Epoch, heardAt: _now);
        }
    }

    /// <summary>Rule 1: who ranks higher holds; I am silent at once and remember it.</summary>
    private void Yield(AddressState address, Claim claim, Peer holder)
    {
        Silence(address, ReportKind.Yielded, claim.Holder);
        address.Remember(claim, holder, _now);
        Touch(address);
    }

    /// <summary>
    /// Rule 2: another holds with a lower rank. My claim in the next hello makes it yield; the neighbours are told at most once a second,
    /// for it may never hear me.
    /// </summary>
    private void Insist(AddressState address)
    {
        if (!Planted(PlantedFaults.TellOnce))
        {
            _teller.Repeat(address);
        }

        if (address.ContestedAt is not { } last || _now - last >= Timers.ContestInterval)
        {
            address.ContestedAt = _now;
            _effects.Add(new Effect.SendGratuitous(address.Address));
        }
    }

    /// <summary>Another machine says that it has the address.</summary>
    private void SeeAddress(Input.AddressSeen seen)
    {
        var (ip, mac, speaker) = seen;
        if (!_addresses.TryGetValue(ip, out var address) || address.Rights is not { } rights || !_linkUp)
        {
            return;
        }

        // A speaker that is heard is judged by its claims. A dead one's hardware address is no secret: it counts as a speaker's a while only.
        var rival = speaker is not null && _peers.Find(speaker) is { } peer
            && peer.IsAlive(_now, Timers.FlapMemory) && !peer.IsDirect(_now, _timing.DeadAfter) ? peer : null;
        if (rival is not null && address.Held)
        {
            address.Rival = rival;
            address.RivalSeenAt = _now;
        }

        if (!seen.Unasked || speaker is null)
        {
            address.Inquiry.Heard(_now, rival is not null);
            if (address.AskedOf is { } holder && holder.Node == speaker)
            {
                holder.AnsweredAt = _now;
            }
        }

        if (speaker is null)
        {
            var conflict = address.Conflict;
            conflict?.Seen(mac, _now);
            if (address.Held)
            {
                conflict ??= BeginConflict(address, mac, announced: true);
                if (conflict.Defend(_now))
                {
                    _effects.Add(new Effect.SendGratuitous(ip));
                    Report(ReportKind.ConflictDefended, ip, mac: mac);
                }
            }
            else if (address.Inquiry.Running && IsForeign(address))
            {
                // No speaker has held it, and a machine that is none has it: a stranger's address, which somebody put into a pool.
                if (rights.Policy.OnConflict == ConflictPolicy.Refuse)
                {
                    if (conflict is null)
                    {
                        conflict = BeginConflict(address, mac, announced: false);
                        Report(ReportKind.ConflictRefused, ip, mac: mac);
                    }

                    conflict.Postpone(_now);
                    StopAsking(address);
                }
                else if (conflict is null)
                {
                    BeginConflict(address, mac, announced: true);
                }
            }
        }

        Touch(address);
    }

    private static bool IsForeign(AddressState address) => address.Floor == ClaimFloor.None;

    private Conflict BeginConflict(AddressState address, MacAddress mac, bool announced)
    {
        address.Conflict = new Conflict(mac, _now, announced);
        _conflicts.Add(address);
        Version++;
        return address.Conflict;
    }

    private void EndConflict(AddressState address)
    {
        if (address.Conflict is { } conflict)
        {
            address.Conflict = null;
            _conflicts.Remove(address);
            Version++;
            Report(ReportKind.ConflictEnded, address.Address, mac: conflict.Mac);
        }
    }

    private bool Outranks(AddressState address, ClaimRank rank, string node, ClaimRank otherRank, string otherNode)
    {
        if (Planted(PlantedFaults.IgnoreTerm))
        {
            rank = rank with { Term = 0 };
            otherRank = otherRank with { Term = 0 };
        }

        return RankOrder.Compare(address.Address, rank, node, otherRank, otherNode) > 0;
    }

    /// <summary>Alive in that very life, and not joining: a joining speaker has dropped what it held.</summary>
    private bool IsLiving(Peer holder, Incarnation incarnation, TimeSpan deadAfter) =>
        holder.IsPresent(incarnation) && holder.Standing.State != SpeakerState.Joining && holder.IsAlive(_now, deadAfter);

    /// <summary>Protocol section 3, claim valid.</summary>
    private bool IsClaimed(AddressState address) =>
        address.Best is { } best && address.BestPeer is { } holder
        && IsLiving(holder, best.HolderIncarnation, DeadAfterOf(address))
        && best.Rank.Epoch > address.Tombstone
        && _now < ExpiresAt(address, holder);

    /// <summary>A holder repeats its claims round robin; one that it left out for four rounds is not held any more.</summary>
    private TimeSpan ExpiresAt(AddressState address, Peer holder)
    {
        var hellos = (holder.Claims.Count * HelloLayout.ClaimLengthMax / HelloDraft.ClaimBytes(_options.HelloLength)) + 1;
        var rounds = 4 * hellos * _timing.HelloInterval;

        // Nor does it expire before its holder, where the rights are patient with a holder that is not heard.
        return address.BestHeardAt + Later(Later(rounds, Timers.ClaimExpiry), DeadAfterOf(address));
    }

    private TimeSpan DeadAfterOf(AddressState address) =>
        address.Rights is { } rights ? _timing.DeadAfterFor(rights.Policy) : _timing.DeadAfter;
}
