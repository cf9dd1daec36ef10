using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Loop;

// What we may do, as told from outside.
public sealed partial class SegmentMachine
{
    /// <summary>Addresses remembered beyond our rights: releases, and claims for addresses that our rights may name soon.</summary>
    private const int MaxRemembered = 16_384;

    private readonly Queue<AddressState> _released = [];
    private readonly HashSet<string> _expected = [];
    private Input.RightsChanged _rights = new(System.Collections.Immutable.ImmutableDictionary<System.Net.IPAddress, AddressRights>.Empty);

    private void ChangeRights(Input.RightsChanged changed)
    {
        var before = _rights;
        _rights = changed;
        foreach (var (ip, rights) in changed.Addresses)
        {
            if (!before.Addresses.TryGetValue(ip, out var old) || !ReferenceEquals(old, rights))
            {
                Grant(Find(ip), rights);
            }
        }

        foreach (var (ip, old) in before.Addresses)
        {
            if (!changed.Addresses.ContainsKey(ip) && _addresses.TryGetValue(ip, out var address))
            {
                if (changed.Elsewhere.Contains(ip))
                {
                    Withdraw(address);
                }
                else
                {
                    Released(address, old.Epoch, heardAt: null);
                    address.Rights = null;
                }
            }
        }

        _expected.Clear();
        foreach (var rights in changed.Addresses.Values)
        {
            foreach (var node in rights.Eligible)
            {
                if (node != _options.Node)
                {
                    _expected.Add(node);
                }
            }
        }

        SetTiming();
    }

    private void SetTiming()
    {
        var policies = _rights.Addresses.Values.Select(r => r.Policy).Distinct().ToArray();
        var timing = SegmentTiming.For(policies, _alive + 1);
        if (timing != _timing)
        {
            _timing = timing;
            TouchAll(_addresses.Values);
        }

        _peers.SetLimits(timing.AgeLimits(policies), _now);
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

    private void Grant(AddressState address, AddressRights rights)
    {
        // The past is back: the cluster's store was restored from a backup, and its numbers begin again from there. What was remembered
        // under the lost numbers would outrank everything that is elected now.
        var restored = address.Rights is { } known
            ? rights.Epoch < known.Epoch
            : address.TombstoneHeardAt is null && address.Tombstone >= rights.Epoch;
        address.Rights = rights;
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
        address.ForgetBest();
        address.Rights = null;
        address.Tombstone = AddressState.NoTombstone;
        address.Due = TimeSpan.MaxValue;
        EndConflict(address);
        _restless.Remove(address);
        _addresses.Remove(address.Address);
    }

    private static bool IsEligible(AddressRights rights, string node) => rights.Eligible.AsSpan().BinarySearch(node, StringComparer.Ordinal) >= 0;
}
