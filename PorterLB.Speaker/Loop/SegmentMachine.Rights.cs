using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Loop;

// What we may do, as told from outside.
public sealed partial class SegmentMachine
{
    /// <summary>Addresses remembered beyond our rights: releases, and claims for addresses that our rights may name soon.</summary>
    private const int MaxRemembered = 16_384;

    private readonly Queue<AddressState> _released = [];

    // When the last new addresses were given out, as many as it takes to be many.
    private readonly Queue<TimeSpan> _newcomers = [];
    private readonly Tally<string> _expected = new();
    private readonly Tally<AnnouncementPolicy> _policies = new();
    private int _granted;
    private Input.RightsChanged _rights = new(System.Collections.Immutable.ImmutableDictionary<System.Net.IPAddress, AddressRights>.Empty);

    private void ChangeRights(Input.RightsChanged changed)
    {
        _rights = changed;
        foreach (var (ip, rights) in changed.Addresses)
        {
            var address = Find(ip);
            if (!ReferenceEquals(address.Rights, rights))
            {
                Grant(address, rights, changed.Resumed);
            }
        }

        if (_granted > changed.Addresses.Count)
        {
            foreach (var address in _addresses.Values.Where(a => a.Rights is not null && !changed.Addresses.ContainsKey(a.Address)).ToList())
            {
                TakeAway(address, elsewhere: changed.Elsewhere.Contains(address.Address));
            }
        }

        SetTiming();
    }

    /// <summary>What peers said against our rights is doubted while these are fresh, and waits while they are not.</summary>
    private void ChangeContact(bool fresh)
    {
        if (fresh != _fresh)
        {
            _fresh = fresh;
            TouchAll(_addresses.Values);
        }
    }

    private void TakeAway(AddressState address, bool elsewhere)
    {
        if (elsewhere)
        {
            Withdraw(address);
        }
        else
        {
            Released(address, address.Rights!.Epoch, heardAt: null);
            SetRights(address, null);
        }
    }

    private void SetTiming()
    {
        var timing = SegmentTiming.For(_policies.All, _alive + 1);
        if (timing != _timing)
        {
            _timing = timing;
            TouchAll(_addresses.Values);
        }

        _peers.SetLimits(timing.AgeLimits(_policies.All), _now);
    }

    private AddressState Find(System.Net.IPAddress ip)
    {
        if (!_addresses.TryGetValue(ip, out var address))
        {
            address = new AddressState(ip);
            _addresses.Add(ip, address);
        }

        return address;
    }

    private void Grant(AddressState address, AddressRights rights, bool resumed)
    {
        // The past is back: the cluster's store was restored from a backup, and its numbers begin again from there. What was remembered
        // under the lost numbers would outrank everything that is elected now.
        var restored = address.Rights is { } known
            ? rights.Epoch < known.Epoch
            : address.TombstoneHeardAt is null && address.Tombstone >= rights.Epoch;
        if (address.Rights is null)
        {
            address.New = !resumed;
            address.OneOfMany = address.New && IsOneOfMany();
        }

        SetRights(address, rights);
        address.EligibleSelf = IsEligible(rights, _options.Node);
        address.ElectedSelf = rights.Elected == _options.Node;
        if (restored)
        {
            Forget(address);
        }

        if (address.IsGone && address.Held)
        {
            Silence(address, ReportKind.Released);
        }

        Touch(address);
    }

    /// <summary>Counts, beside, who is expected on the segment and which policies are in use: a change of one address is to cost no more than that.</summary>
    private void SetRights(AddressState address, AddressRights? rights)
    {
        var before = address.Rights;
        address.Rights = rights;
        _granted += (rights is null ? 0 : 1) - (before is null ? 0 : 1);
        if (before is null || rights is null || before.Eligible != rights.Eligible)
        {
            Count(before, -1);
            Count(rights, 1);
        }

        if (before?.Policy != rights?.Policy)
        {
            _policies.Add(before?.Policy, -1);
            _policies.Add(rights?.Policy, 1);
        }

        void Count(AddressRights? counted, int times)
        {
            foreach (var node in counted?.Eligible ?? [])
            {
                _expected.Add(node == _options.Node ? null : node, times);
            }
        }
    }

    private bool IsOneOfMany()
    {
        while (_newcomers.TryPeek(out var first) && _now - first >= Timers.BurstMemory)
        {
            _newcomers.Dequeue();
        }

        if (_newcomers.Count > Timers.BurstSize)
        {
            _newcomers.Dequeue();
        }

        _newcomers.Enqueue(_now);
        return _newcomers.Count > Timers.BurstSize;
    }

    private void Forget(AddressState address)
    {
        address.ForgetBest();
        address.Floor = ClaimFloor.None;
        address.Tombstone = AddressState.NoTombstone;
        address.TombstoneHeardAt = null;
        if (address.Held)
        {
            // Held on below everything, until the rules find it another rank.
            address.Own = address.Own with { Epoch = 0, Term = 0 };
            address.Floor = address.Floor.Raise(address.Own);
            _teller.Tell(address);
            _helloNow = true;
        }
    }

    /// <summary>Rule 15: nobody is to answer any more. From my rights, or from a peer whose rights are newer.</summary>
    private void Released(AddressState address, long epoch, TimeSpan? heardAt)
    {
        if (Planted(PlantedFaults.NoTombstones))
        {
            if (heardAt is null)
            {
                Withdraw(address);
            }

            return;
        }

        var news = epoch > address.Tombstone;
        address.Release(epoch);
        address.TombstoneHeardAt = heardAt;
        if (address.Held && (heardAt is null || address.IsGone))
        {
            Silence(address, ReportKind.Released);
        }

        if (heardAt is null && news)
        {
            _teller.Tell(address);
            _helloNow = true;
        }

        RememberRelease(address);
        Touch(address);
    }

    private void RememberRelease(AddressState address)
    {
        _released.Enqueue(address);
        while (_released.Count > MaxRemembered)
        {
            var oldest = _released.Dequeue();
            if (oldest.Rights is null)
            {
                Discard(oldest);
            }
        }
    }

    /// <summary>The address exists, but not on this segment.</summary>
    private void Withdraw(AddressState address)
    {
        if (address.Held)
        {
            Silence(address, ReportKind.Withdrawn);
        }

        Discard(address);
    }

    private void Discard(AddressState address)
    {
        StopAsking(address);
        address.ForgetBest();
        SetRights(address, null);
        address.Tombstone = AddressState.NoTombstone;
        address.Due = TimeSpan.MaxValue;
        EndConflict(address);
        _restless.Remove(address);
        _addresses.Remove(address.Address);
    }

    private static bool IsEligible(AddressRights rights, string node) => rights.Eligible.AsSpan().BinarySearch(node, StringComparer.Ordinal) >= 0;
}
