using System.Collections.Immutable;
using System.Net;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Who has which address. One for the cluster, in the leader's memory, one decision at a time; the truth that it is rebuilt from is the
/// status of the Services. Assigning again what a Service already has changes nothing, so a reconciler may ask as often as it likes.
/// </summary>
/// <param name="time">Tells how long an address has been released.</param>
/// <param name="isAnnounced">Whether a living speaker answers for an address; such an address is given to nobody else.</param>
internal sealed class Allocator(TimeProvider time, Func<IPAddress, bool> isAnnounced)
{
    // A speaker tells of what it announces at most once a second: an address held for less may be announced without our knowing.
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1.5);

    // A bound on the work of one decision, should a speaker claim to announce everything.
    private const int MostSkipped = 1024;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, PoolState> _pools = new(StringComparer.Ordinal);
    private readonly Dictionary<EntityKey, Holding> _holdings = [];
    private readonly Dictionary<IPAddress, List<Holding>> _users = [];
    private readonly Dictionary<IPAddress, long> _leaving = [];
    private readonly Dictionary<string, SortedSet<IPAddress>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<Holding> _waiting = [];
    private HashSet<string> _touched = new(StringComparer.Ordinal);
    private bool _givesNew = true;

    /// <summary>Told of Services whose allocation changed although nobody asked: they waited, and something became free.</summary>
    public Action<EntityKey> Served { get; set; } = static _ => { };

    /// <summary>Told of pools whose usage changed.</summary>
    public Action<IReadOnlyCollection<string>> UsageChanged { get; set; } = static _ => { };

    /// <summary>How many Services wait for an address.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>
    /// While false only what Services already have in their status is theirs: a former leader's last write may still arrive.
    /// Turned true, those who waited are served.
    /// </summary>
    public void GiveNew(bool giveNew) => Act(() => _givesNew = giveNew);

    /// <summary>A pool is new or has changed. What is in use stays with its Services, inside the new ranges or not.</summary>
    public void Put(Pool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        Act(() =>
        {
            if (_pools.TryGetValue(pool.Name, out var state) && state.Pool.HasSameAddresses(pool))
            {
                state.Pool = pool;
                return;
            }

            state = new PoolState(pool);
            foreach (var address in _users.Keys.Concat(_leaving.Keys))
            {
                state.Take(address);
            }

            _pools[pool.Name] = state;
        });
    }

    /// <summary>A pool is gone.</summary>
    public void Remove(string pool) => Act(() => _pools.Remove(pool));

    public Pool? Find(string pool)
    {
        lock (_lock)
        {
            return _pools.GetValueOrDefault(pool)?.Pool;
        }
    }

    public ImmutableArray<Pool> Pools
    {
        get
        {
            lock (_lock)
            {
                return [.. _pools.Values.Select(state => state.Pool)];
            }
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
                AdoptStatus(HoldingOf(request), []);
            }
        }
    }

    /// <summary>What this Service has from now on.</summary>
    public Allocation Assign(AddressRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        List<EntityKey> served = [];
        Allocation result;
        lock (_lock)
        {
            var before = _holdings.GetValueOrDefault(request.Service)?.Request;
            var holding = HoldingOf(request);
            var addresses = holding.Addresses.Values.ToHashSet();
            result = Decide(holding);

            // An address let go, or one that may be shared now, can be what another waits for.
            if (!addresses.SetEquals(holding.Addresses.Values)
                || (before is not null && !(before.Sharing.Equals(request.Sharing) && before.Requested.SequenceEqual(request.Requested))))
            {
                ServeWaiting(served);
            }
        }

        Tell(served);
        return result;
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
            return _users.TryGetValue(address, out var users) ? [.. users.Select(user => user.Request.Service)] : [];
        }
    }

    /// <summary>A Service has no use for its addresses any more.</summary>
    /// <param name="service">Which.</param>
    /// <param name="silent">Nobody answers for them any more: they may be given out at once.</param>
    public void Release(EntityKey service, bool silent = false) => Act(() =>
    {
        if (_holdings.Remove(service, out var holding))
        {
            var addresses = holding.Addresses.Values.ToArray();
            Drop(holding);
            foreach (var address in addresses)
            {
                if (silent && _leaving.ContainsKey(address))
                {
                    Free(address);
                }
            }
        }
    });

    /// <summary>Looks again whether released addresses are still announced. To be called about twice a second.</summary>
    public void Settle()
    {
        List<EntityKey> served = [];
        lock (_lock)
        {
            var freed = _leaving.Where(leaving => time.GetElapsedTime(leaving.Value) >= LeastPause && !isAnnounced(leaving.Key)).ToArray();
            foreach (var (address, _) in freed)
            {
                Free(address);
            }

            if (freed.Length > 0)
            {
                ServeWaiting(served);
            }
        }

        Tell(served);
    }

    /// <summary>How much of a pool is in use.</summary>
    /// <param name="pool">Its name.</param>
    /// <param name="most">How many addresses to list.</param>
    public PoolUsage? UsageOf(string pool, int most)
    {
        lock (_lock)
        {
            if (!_pools.TryGetValue(pool, out var state))
            {
                return null;
            }

            var used = _users.Where(user => state.Pool.Holds(user.Key)).ToArray();
            var ranges = state.Pool.Ranges;
            return new PoolUsage(
                state.Size,
                used.Length,
                [
                    .. used.OrderBy(user => user.Key.Family()).ThenBy(user => user.Key.ToNumber()).Take(most)
                        .Select(user => (user.Key, string.Join(';', user.Value.Select(holding => holding.Request.Service.ToString())))),
                ],
                ranges.IsEmpty ? null : ranges.OrderBy(range => range.Family).ThenBy(range => range.First).First().FirstAddress,
                ranges.IsEmpty ? null : ranges.OrderBy(range => range.Family).ThenBy(range => range.Last).Last().LastAddress);
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
        else if (holding.Request.Sharing.Key != request.Sharing.Key)
        {
            foreach (var address in holding.Addresses.Values)
            {
                IndexKey(holding, address, present: false);
            }

            holding.Request = request;
            foreach (var address in holding.Addresses.Values)
            {
                IndexKey(holding, address, present: true);
            }
        }

        holding.Request = request;
        return holding;
    }

    private void AdoptStatus(Holding holding, List<Duplicate> duplicates)
    {
        foreach (var address in holding.Request.InStatus)
        {
            var family = address.Family();
            if (holding.Addresses.ContainsKey(family) || !holding.Request.Families.Contains(family))
            {
                continue;
            }

            if (Obstacle(holding, address, out _) is null)
            {
                Hold(holding, address, holding.Request.Origins.GetValueOrDefault(address) ?? holding.Request.Pool);
            }
            else
            {
                duplicates.Add(new Duplicate(address, _users[address][0].Request.Service.ToString()));
            }
        }
    }

    private Allocation Decide(Holding holding)
    {
        var request = holding.Request;
        List<Duplicate> duplicates = [];
        AdoptStatus(holding, duplicates);
        Refusal? refusal = null;
        string? tolerated = null;
        var targets = new Dictionary<IpFamily, IPAddress>();
        var mayChange = request.Invalid is null && RequestFitsFamilies(request, ref refusal);
        refusal ??= request.Invalid;
        var complete = true;
        foreach (var family in request.Families)
        {
            var current = holding.Addresses.GetValueOrDefault(family);
            if (current is not null)
            {
                if (Obstacle(holding, current, out var kept) is { } obstacle)
                {
                    refusal ??= new Refusal(RefusalReason.AddressInUse, $"Service '{request.Service}' gives up {current}: it {obstacle}.");
                    current = null;
                }

                tolerated ??= kept;
            }

            var (target, why) = mayChange ? Choose(holding, family, current) : (null, null);
            refusal = why ?? refusal;
            target ??= current;
            if (target is not null)
            {
                targets[family] = target;
            }

            complete &= target is not null && why is null;
        }

        if (request.FamilyPolicy == FamilyPolicy.RequireDualStack && targets.Count < request.Families.Length)
        {
            // Half of what is required is nothing; but what works already is not taken away.
            foreach (var (family, address) in targets.ToArray())
            {
                if (!holding.Addresses.TryGetValue(family, out var held) || !held.Equals(address))
                {
                    targets.Remove(family);
                }
            }
        }

        foreach (var (family, address) in holding.Addresses.ToArray())
        {
            if (!targets.TryGetValue(family, out var target) || !target.Equals(address))
            {
                LetGo(holding, family, address);
            }
        }

        foreach (var address in targets.Values)
        {
            Hold(holding, address, OriginOf(address));
        }

        Wait(holding, !complete);
        return new Allocation([.. request.Families.Where(targets.ContainsKey).Select(family => targets[family])], refusal)
        {
            Origins = [.. request.Families.Where(targets.ContainsKey).Select(family => holding.Origins[family] ?? "")],
            Duplicates = [.. duplicates],
            Tolerated = tolerated,
        };
    }

    private static bool RequestFitsFamilies(AddressRequest request, ref Refusal? refusal)
    {
        foreach (var address in request.Requested)
        {
            if (!request.Families.Contains(address.Family()))
            {
                refusal = new Refusal(
                    RefusalReason.RequestInvalid,
                    $"Service '{request.Service}' asks for {address}, an {address.Family()} address, but its spec.ipFamilies has only "
                    + $"{string.Join(", ", request.Families)}. Ask for an address of that family, or add {address.Family()} to spec.ipFamilies.");
                return false;
            }
        }

        return true;
    }

    // The address that the Service should have in this family, or why there is none better than what it has.
    private (IPAddress? Address, Refusal? Refusal) Choose(Holding holding, IpFamily family, IPAddress? current)
    {
        var request = holding.Request;
        if (request.Requested.FirstOrDefault(address => address.Family() == family) is { } wanted)
        {
            return wanted.Equals(current) ? (current, null) : Requested(holding, wanted, current);
        }

        if (request.Pool is { } name)
        {
            // A pool that was narrowed or split under the Service is no reason to move it; that its user named another one is.
            if (current is not null && (holding.Origins[family] == name || _pools.GetValueOrDefault(name)?.Pool.Holds(current) == true))
            {
                holding.Origins[family] = name;
                return (current, null);
            }

            if (!_pools.TryGetValue(name, out var pool))
            {
                return (null, RefusalText.PoolNotFound(request, name, _pools.Keys));
            }

            return RefusalText.Forbidden(request, pool.Pool) is { } forbidden ? (null, forbidden) : FromPools(holding, family, [pool.Pool]);
        }

        return current is not null ? (current, null) : FromPools(holding, family, PoolChoice.For(request, _pools.Values.Select(state => state.Pool)));
    }

    private (IPAddress? Address, Refusal? Refusal) Requested(Holding holding, IPAddress wanted, IPAddress? current)
    {
        var request = holding.Request;
        var holders = _pools.Values.Where(state => state.Pool.Holds(wanted)).ToArray();
        if (holders.Length == 0)
        {
            return (null, RefusalText.InNoPool(request, wanted, _pools.Values.Select(state => state.Pool)));
        }

        if (request.Pool is { } name && !holders.Any(state => state.Pool.Name == name))
        {
            return (null, _pools.TryGetValue(name, out var named)
                ? RefusalText.OutsideNamedPool(request, wanted, named.Pool)
                : RefusalText.PoolNotFound(request, name, _pools.Keys));
        }

        var pool = holders.FirstOrDefault(state => request.Pool is null || state.Pool.Name == request.Pool)!;
        if (RefusalText.Forbidden(request, pool.Pool) is { } forbidden)
        {
            return (null, forbidden);
        }

        if (!pool.IndexOf(wanted).Contains(wanted.ToNumber()))
        {
            return (null, RefusalText.Excluded(request, wanted, pool.Pool));
        }

        if (Obstacle(holding, wanted, out _) is { } obstacle)
        {
            return (null, new Refusal(
                RefusalReason.AddressInUse,
                $"Service '{request.Service}' asks for {wanted}, which {obstacle}.{(current is null ? "" : $" It keeps {current} meanwhile.")}"));
        }

        if (!_users.ContainsKey(wanted) && (_leaving.ContainsKey(wanted) || IsLeaving(wanted)))
        {
            return (null, RefusalText.Leaving(request, wanted));
        }

        return _givesNew || _users.ContainsKey(wanted) ? (wanted, null) : (null, RefusalText.TakingOver(request));
    }

    private (IPAddress? Address, Refusal? Refusal) FromPools(Holding holding, IpFamily family, ImmutableArray<Pool> pools)
    {
        var request = holding.Request;
        if (request.Sharing.Key is { } key && _byKey.TryGetValue(key, out var shared))
        {
            foreach (var pool in pools)
            {
                foreach (var address in shared)
                {
                    if (address.Family() == family && pool.Holds(address) && Obstacle(holding, address, out _) is null)
                    {
                        return (address, null);
                    }
                }
            }
        }

        foreach (var pool in pools)
        {
            var index = _pools[pool.Name].IndexOf(family);
            for (var skipped = 0; skipped < MostSkipped && index.LowestFree is { } lowest; skipped++)
            {
                var address = lowest.ToAddress(family);
                if (!IsLeaving(address))
                {
                    return _givesNew ? (address, null) : (null, RefusalText.TakingOver(request));
                }
            }
        }

        var leaving = _leaving.Keys.Count(address => address.Family() == family && pools.Any(pool => pool.Holds(address)));
        return (null, RefusalText.NothingFree(
            request,
            family,
            [.. pools.Select(pool => (pool, _pools[pool.Name].IndexOf(family).Size))],
            _pools.Values.Select(state => state.Pool),
            leaving));
    }

    // A speaker still answers for an address that no Service has: a Service was deleted or changed its type while nobody led.
    private bool IsLeaving(IPAddress address)
    {
        if (_leaving.ContainsKey(address))
        {
            return true;
        }

        if (!isAnnounced(address))
        {
            return false;
        }

        Leave(address);
        return true;
    }

    private void Leave(IPAddress address)
    {
        _leaving[address] = time.GetTimestamp();
        foreach (var state in _pools.Values)
        {
            state.Take(address);
        }
    }

    private void Free(IPAddress address)
    {
        _leaving.Remove(address);
        foreach (var state in _pools.Values)
        {
            state.Return(address);
        }
    }

    // Why this Service may not use an address that others use, or null; OpenELB's old sharing is tolerated, with a word.
    private string? Obstacle(Holding holding, IPAddress address, out string? tolerated)
    {
        tolerated = null;
        if (!_users.TryGetValue(address, out var users))
        {
            return null;
        }

        foreach (var user in users)
        {
            if (user == holding || Sharing.Obstacle(address, holding.Request, user.Request) is not { } obstacle)
            {
                continue;
            }

            var old = holding.Request.Sharing.GivenByOpenElb && user.Request.Sharing.GivenByOpenElb
                && holding.Request.InStatus.Contains(address) && user.Request.InStatus.Contains(address)
                && holding.Request.Requested.Contains(address) && user.Request.Requested.Contains(address);
            if (!old)
            {
                return obstacle;
            }

            tolerated = $"{address} {obstacle}";
        }

        return null;
    }

    private string? OriginOf(IPAddress address) => _pools.Values.FirstOrDefault(state => state.Pool.Holds(address))?.Pool.Name;

    private void Hold(Holding holding, IPAddress address, string? origin)
    {
        if (holding.Addresses.TryGetValue(address.Family(), out var held) && held.Equals(address))
        {
            return;
        }

        holding.Addresses[address.Family()] = address;
        holding.Origins[address.Family()] = origin;
        if (_users.TryGetValue(address, out var users))
        {
            users.Add(holding);
        }
        else
        {
            _users[address] = [holding];
            if (!_leaving.Remove(address))
            {
                foreach (var state in _pools.Values)
                {
                    state.Take(address);
                }
            }
        }

        IndexKey(holding, address, present: true);
        Touch(address);
    }

    private void LetGo(Holding holding, IpFamily family, IPAddress address)
    {
        holding.Addresses.Remove(family);
        holding.Origins.Remove(family);
        IndexKey(holding, address, present: false);
        Touch(address);
        var users = _users[address];
        users.Remove(holding);
        if (users.Count > 0)
        {
            return;
        }

        _users.Remove(address);
        _leaving[address] = time.GetTimestamp();
    }

    private void Drop(Holding holding)
    {
        Wait(holding, waits: false);
        foreach (var (family, address) in holding.Addresses.ToArray())
        {
            LetGo(holding, family, address);
        }
    }

    private void IndexKey(Holding holding, IPAddress address, bool present)
    {
        if (holding.Request.Sharing.Key is not { } key)
        {
            return;
        }

        if (present)
        {
            (_byKey.TryGetValue(key, out var addresses) ? addresses : _byKey[key] = new(ByNumber)).Add(address);
        }
        else if (_byKey.TryGetValue(key, out var addresses)
            && !_users[address].Any(user => user != holding && user.Request.Sharing.Key == key)
            && addresses.Remove(address)
            && addresses.Count == 0)
        {
            _byKey.Remove(key);
        }
    }

    private static readonly IComparer<IPAddress> ByNumber = Comparer<IPAddress>.Create(
        (a, b) => a.Family() != b.Family() ? a.Family().CompareTo(b.Family()) : a.ToNumber().CompareTo(b.ToNumber()));

    private void Wait(Holding holding, bool waits)
    {
        if (waits && holding.Place is null)
        {
            holding.Place = _waiting.AddLast(holding);
        }
        else if (!waits && holding.Place is { } place)
        {
            _waiting.Remove(place);
            holding.Place = null;
        }
    }

    private void Act(Action change)
    {
        List<EntityKey> served = [];
        lock (_lock)
        {
            change();
            ServeWaiting(served);
        }

        Tell(served);
    }

    private void ServeWaiting(List<EntityKey> served)
    {
        // First come, first served. Whoever moves to another address frees one: go round until nothing changes.
        var changed = true;
        while (changed)
        {
            changed = false;
            foreach (var holding in _waiting.ToArray())
            {
                var before = holding.Addresses.Values.ToHashSet();
                Decide(holding);
                if (!before.SetEquals(holding.Addresses.Values))
                {
                    served.Add(holding.Request.Service);
                    changed = before.Count > 0;
                }
            }
        }
    }

    private void Touch(IPAddress address)
    {
        foreach (var state in _pools.Values.Where(state => state.Pool.Holds(address)))
        {
            _touched.Add(state.Pool.Name);
        }
    }

    private void Tell(List<EntityKey> served)
    {
        HashSet<string> touched;
        lock (_lock)
        {
            touched = _touched;
            _touched = new HashSet<string>(StringComparer.Ordinal);
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

    private sealed class Holding(AddressRequest request)
    {
        public AddressRequest Request { get; set; } = request;

        public Dictionary<IpFamily, IPAddress> Addresses { get; } = [];

        public Dictionary<IpFamily, string?> Origins { get; } = [];

        public LinkedListNode<Holding>? Place { get; set; }
    }

    private sealed class PoolState(Pool pool)
    {
        public Pool Pool { get; set; } = pool;

        public PoolIndex[] Indexes { get; } =
        [
            new(IpFamily.IPv4, pool.Ranges, pool.Excludes, pool.AvoidBuggyAddresses),
            new(IpFamily.IPv6, pool.Ranges, pool.Excludes, pool.AvoidBuggyAddresses),
        ];

        public System.Numerics.BigInteger Size => Indexes[0].Size + Indexes[1].Size;

        public PoolIndex IndexOf(IpFamily family) => Indexes[(int)family];

        public PoolIndex IndexOf(IPAddress address) => IndexOf(address.Family());

        public void Take(IPAddress address) => IndexOf(address).Take(address.ToNumber());

        public void Return(IPAddress address) => IndexOf(address).Return(address.ToNumber());
    }
}
