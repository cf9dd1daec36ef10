using System.Collections.Immutable;
using System.Net;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Who has which address. One for the cluster, in the leader's memory, one decision at a time; the truth that it is rebuilt from is the
/// status of the Services. Assigning again what a Service already has changes nothing, so a reconciler may ask as often as it likes.
/// </summary>
internal sealed class Allocator
{
    private readonly Lock _lock = new();
    private readonly AddressLedger _ledger;
    private readonly AddressChoice _choice;
    private readonly Dictionary<EntityKey, Holding> _holdings = [];
    private readonly WaitingLine _waiting = new();

    /// <param name="time">Tells how long an address has been released.</param>
    /// <param name="isAnnounced">Whether a living speaker answers for an address; such an address is given to nobody else.</param>
    public Allocator(TimeProvider time, Func<IPAddress, bool> isAnnounced)
    {
        _ledger = new AddressLedger(time, isAnnounced);
        _choice = new AddressChoice(_ledger);
    }

    /// <summary>Told of Services whose allocation changed although nobody asked: they waited, and something became free.</summary>
    public Action<EntityKey> Served { get; set; } = static _ => { };

    /// <summary>Told of pools whose usage changed.</summary>
    public Action<IReadOnlyCollection<string>> UsageChanged { get; set; } = static _ => { };

    /// <summary>How many Services wait, by reason.</summary>
    public IReadOnlyDictionary<RefusalReason, int> Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.ByReason;
            }
        }
    }

    public ImmutableArray<Pool> Pools
    {
        get
        {
            lock (_lock)
            {
                return [.. _ledger.Pools];
            }
        }
    }

    /// <summary>
    /// While false only what Services already have in their status is theirs: a former leader's last write may still arrive.
    /// Turned true, those who waited are served.
    /// </summary>
    public void GiveNew(bool giveNew) => Act(() =>
    {
        _choice.GivesNew = giveNew;
        return true;
    });

    /// <summary>A pool is new or has changed. What is in use stays with its Services, inside the new ranges or not.</summary>
    public void Put(Pool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Act(() =>
        {
            _ledger.Put(pool);
            return true;
        });
    }

    /// <summary>A pool is gone.</summary>
    public void Remove(string pool) => Act(() =>
    {
        _ledger.Remove(pool);
        return true;
    });

    public Pool? Find(string pool)
    {
        lock (_lock)
        {
            return _ledger.Stock(pool)?.Pool;
        }
    }

    /// <summary>The pool that holds an address, or null.</summary>
    public Pool? PoolOf(IPAddress address)
    {
        lock (_lock)
        {
            return _ledger.StockOf(address)?.Pool;
        }
    }

    /// <summary>
    /// Takes over what the Services have by their status, before anything new is given out. Of two that have the same address and may
    /// not share it, the earlier in the list keeps it.
    /// </summary>
    public void Adopt(IEnumerable<AddressRequest> requests)
    {
        lock (_lock)
        {
            foreach (var request in requests)
            {
                var holding = HoldingOf(request);
                holding.IsAsFound = true;
                AdoptStatus(holding, []);
            }
        }
    }

    /// <summary>What this Service has from now on.</summary>
    public Allocation Assign(AddressRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Allocation? result = null;
        Act(() =>
        {
            var before = _holdings.GetValueOrDefault(request.Service)?.Request;
            var had = Of(request.Service);
            var holding = HoldingOf(request);
            result = Decide(holding);

            // An address let go, or one that may be shared now, can be what another waits for.
            return had.Any(address => !holding.Addresses.ContainsValue(address))
                || (request.Sharing.Key is not null && had.Length < holding.Addresses.Count)
                || (before is not null && !(before.Sharing.Equals(request.Sharing) && before.Requested.SequenceEqual(request.Requested)));
        });
        return result!;
    }

    /// <summary>The addresses of a Service, or none.</summary>
    public ImmutableArray<IPAddress> Of(EntityKey service)
    {
        lock (_lock)
        {
            return _holdings.TryGetValue(service, out var holding) ? [.. holding.Addresses.Values] : [];
        }
    }

    /// <summary>Who has an address, in the order in which they came.</summary>
    public ImmutableArray<EntityKey> UsersOf(IPAddress address)
    {
        lock (_lock)
        {
            return [.. _ledger.UsersOf(address).Select(user => user.Request.Service)];
        }
    }

    /// <summary>A Service has no use for its addresses any more.</summary>
    /// <param name="service">Which.</param>
    /// <param name="silent">Nobody answers for them any more: they may be given out at once.</param>
    public void Release(EntityKey service, bool silent = false) => Act(() =>
    {
        if (!_holdings.Remove(service, out var holding))
        {
            return false;
        }

        var addresses = holding.Addresses.Values.ToArray();
        Drop(holding);
        foreach (var address in silent ? addresses : [])
        {
            _ledger.Free(address);
        }

        // Beside those who stay on an address that was shared there may be room now for one that waits; an address that is still
        // announced helps nobody yet.
        return addresses.Any(address => !_ledger.IsLeaving(address));
    });

    /// <summary>Looks again whether released addresses are still announced. To be called about twice a second.</summary>
    public void Settle() => Act(_ledger.Settle);

    /// <summary>How much of a pool is in use.</summary>
    /// <param name="pool">Its name.</param>
    /// <param name="most">How many addresses to list.</param>
    public PoolUsage? UsageOf(string pool, int most)
    {
        lock (_lock)
        {
            return _ledger.Stock(pool) is { } stock ? PoolUsage.Of(stock, _ledger, most) : null;
        }
    }

    private Holding HoldingOf(AddressRequest request)
    {
        if (_holdings.TryGetValue(request.Service, out var holding) && holding.Request.Uid != request.Uid)
        {
            // Deleted and made again under the same name: a different Service.
            _holdings.Remove(request.Service);
            Drop(holding);
            holding = null;
        }

        if (holding is null)
        {
            _holdings[request.Service] = holding = new Holding(request);
        }
        else
        {
            _ledger.Ask(holding, request);
        }

        return holding;
    }

    private void AdoptStatus(Holding holding, List<Duplicate> duplicates)
    {
        foreach (var address in holding.Request.InStatus)
        {
            var family = address.Family();
            if (!holding.Request.Families.Contains(family))
            {
                _ledger.Reserve(holding, address, holding.Request.Origins.GetValueOrDefault(address));
                continue;
            }

            var held = holding.Addresses.GetValueOrDefault(family);
            if (held is not null && !ArrivedLate(holding, address, held))
            {
                continue;
            }

            if (_choice.Obstacle(holding, address, out _) is null)
            {
                if (held is not null)
                {
                    _ledger.LetGo(holding, held);
                }

                _ledger.Hold(holding, address, holding.Request.Origins.GetValueOrDefault(address) ?? holding.Request.Pool);
            }
            else
            {
                duplicates.Add(new Duplicate(address, _ledger.UsersOf(address)[0].Request.Service.ToString()));
            }
        }
    }

    // After a take-over the status is the truth as long as a former leader's write may arrive; later only what this leader gave counts,
    // or whoever may edit a status could pick an address.
    private bool ArrivedLate(Holding holding, IPAddress address, IPAddress held) =>
        !_choice.GivesNew && !held.Equals(address) && !holding.Left.ContainsKey(address) && !holding.Request.InStatus.Contains(held);

    private Allocation Decide(Holding holding)
    {
        var request = holding.Request;
        List<Duplicate> duplicates = [];
        AdoptStatus(holding, duplicates);
        var refusal = RefusalText.FamilyMismatch(request) ?? request.Invalid;
        var mayChange = refusal is null;
        Refusal? missing = null;
        string? tolerated = null;
        var targets = new Dictionary<IpFamily, IPAddress>();
        var complete = true;
        var satisfied = true;
        foreach (var family in request.Families)
        {
            var current = holding.Addresses.GetValueOrDefault(family);
            string? givesUp = null;
            if (current is not null)
            {
                if (_choice.Obstacle(holding, current, out var kept) is { } obstacle)
                {
                    var given = RefusalText.GivesUp(request, current, obstacle);
                    refusal ??= given;
                    givesUp = given.Message;
                    current = null;
                }

                tolerated ??= kept;
            }

            var (target, why) = mayChange ? _choice.Of(holding, family, current) : (null, null);
            missing = RefusalText.Both(missing, givesUp is not null && why is { Reason: not RefusalReason.AddressInUse } ? why with { Message = $"{givesUp} {why.Message}" } : why);
            target ??= current;
            if (target is not null)
            {
                targets[family] = target;
            }

            complete &= target is not null && why is null;
            satisfied &= why is null ? target is not null : IsPreferenceOnly(request, why, current);
        }

        refusal = missing ?? refusal;
        if (request.FamilyPolicy == FamilyPolicy.RequireDualStack && targets.Count < request.Families.Length)
        {
            // Half of what is required is nothing; but what works already is not taken away.
            foreach (var (family, address) in targets.ToArray())
            {
                if (!holding.Left.ContainsKey(address) && (!holding.Addresses.TryGetValue(family, out var held) || !held.Equals(address)))
                {
                    targets.Remove(family);
                }
            }
        }

        foreach (var (family, address) in holding.Addresses.ToArray())
        {
            if (!targets.TryGetValue(family, out var target) || !target.Equals(address))
            {
                _ledger.LetGo(holding, address);
            }
        }

        foreach (var address in targets.Values)
        {
            _ledger.Hold(holding, address, holding.Left.GetValueOrDefault(address) ?? _ledger.StockOf(address)?.Pool.Name);
        }

        if (complete || refusal is null)
        {
            _waiting.Leave(holding);
        }
        else
        {
            _waiting.Wait(holding, refusal);
        }

        ImmutableArray<IpFamily> families = [.. request.Families.Where(targets.ContainsKey)];
        return new Allocation([.. families.Select(family => targets[family])], refusal)
        {
            Origins = [.. families.Select(family => holding.Origins[family] ?? "")],
            IsSatisfied = satisfied && targets.Count > 0,
            Duplicates = [.. duplicates],
            Tolerated = tolerated,
            Kept = families.Select(family => _choice.Kept(holding, targets[family])).FirstOrDefault(kept => kept is not null),
        };
    }

    private static bool IsPreferenceOnly(AddressRequest request, Refusal refusal, IPAddress? current) =>
        request.FamilyPolicy == FamilyPolicy.PreferDualStack && current is null
        && refusal.Reason is (RefusalReason.FamilyUnavailable or RefusalReason.PoolExhausted);

    private void Drop(Holding holding)
    {
        _waiting.Leave(holding);
        foreach (var address in holding.Addresses.Values.ToArray())
        {
            _ledger.LetGo(holding, address);
        }

        _ledger.Forget(holding);
    }

    /// <summary>Changes something; if that may help those who wait, serves them. Everybody concerned is told when the lock is free again.</summary>
    private void Act(Func<bool> change)
    {
        List<EntityKey> served = [];
        IReadOnlyCollection<string> touched;
        lock (_lock)
        {
            if (change())
            {
                ServeWaiting(served);
            }

            touched = _ledger.TakeTouched();
        }

        if (touched.Count > 0)
        {
            UsageChanged(touched);
        }

        foreach (var service in served.Distinct())
        {
            Served(service);
        }
    }

    private void ServeWaiting(List<EntityKey> served)
    {
        // First come, first served. Whoever moves to another address frees one, and whoever is given one may share it: go round until nothing
        // changes.
        var changed = true;
        while (changed)
        {
            changed = false;
            foreach (var holding in _waiting.InOrder().Where(_choice.HasHope))
            {
                var before = holding.Addresses.Values.ToHashSet();
                Decide(holding);
                if (!before.SetEquals(holding.Addresses.Values))
                {
                    served.Add(holding.Request.Service);
                    changed = true;
                }
            }
        }
    }
}
