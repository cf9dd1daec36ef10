using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Who has which address, which ones are on their way out, and what the pools have left. Keeps these true together and decides nothing.
/// Not for several threads.
/// </summary>
/// <param name="time">Tells how long an address has been released.</param>
/// <param name="isAnnounced">Whether a living speaker answers for an address.</param>
internal sealed class AddressLedger(TimeProvider time, Func<IPAddress, bool> isAnnounced)
{
    // A speaker tells of what it announces at most once a second: an address held for less may be announced without our knowing.
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(1.5);

    private static readonly IComparer<IPAddress> ByNumber = Comparer<IPAddress>.Create(
        (a, b) => a.Family() != b.Family() ? a.Family().CompareTo(b.Family()) : a.ToNumber().CompareTo(b.ToNumber()));

    private readonly SortedDictionary<string, PoolStock> _stocks = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, List<Holding>> _users = [];
    private readonly Dictionary<IPAddress, long> _leaving = [];
    private readonly Dictionary<IPAddress, Holding> _unwritten = [];
    private readonly Dictionary<string, SortedSet<IPAddress>> _byKey = new(StringComparer.Ordinal);
    private HashSet<string> _touched = new(StringComparer.Ordinal);

    /// <summary>By name.</summary>
    public IEnumerable<PoolStock> Stocks => _stocks.Values;

    public IEnumerable<Pool> Pools => _stocks.Values.Select(stock => stock.Pool);

    public IEnumerable<KeyValuePair<IPAddress, List<Holding>>> InUse => _users;

    public PoolStock? Stock(string pool) => _stocks.GetValueOrDefault(pool);

    /// <summary>The pool whose ranges hold an address; where a pool on its way out and another both do, the one that stays.</summary>
    public PoolStock? StockOf(IPAddress address)
    {
        PoolStock? found = null;
        foreach (var stock in _stocks.Values)
        {
            if (stock.Pool.Holds(address) && (found is null || found.Pool.Deleting))
            {
                found = stock;
            }
        }

        return found;
    }

    /// <summary>Who has an address, in the order in which they came.</summary>
    public IReadOnlyList<Holding> UsersOf(IPAddress address) => _users.TryGetValue(address, out var users) ? users : [];

    /// <summary>The addresses that Services with this sharing key have, lowest first.</summary>
    public IEnumerable<IPAddress> SharedUnder(string key) => _byKey.TryGetValue(key, out var addresses) ? addresses : [];

    /// <summary>A pool is new or has changed. What is in use stays with its Services, inside the new ranges or not.</summary>
    public void Put(Pool pool)
    {
        if (_stocks.TryGetValue(pool.Name, out var stock) && stock.Pool.HasSameAddresses(pool))
        {
            stock.Pool = pool;
            return;
        }

        stock = new PoolStock(pool);
        foreach (var address in _users.Keys.Concat(_leaving.Keys))
        {
            stock.Take(address);
        }

        _stocks[pool.Name] = stock;
    }

    public void Remove(string pool) => _stocks.Remove(pool);

    public void Hold(Holding holding, IPAddress address, string? origin)
    {
        if (holding.Addresses.TryGetValue(address.Family(), out var held) && held.Equals(address))
        {
            return;
        }

        Written(holding, address);
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
                Take(address);
            }
        }

        IndexKey(holding, address, present: true);
        Touch(address);
    }

    /// <summary>A Service gives an address up. When it was the last, the address is on its way out.</summary>
    public void LetGo(Holding holding, IPAddress address)
    {
        holding.Addresses.Remove(address.Family());
        holding.Origins.Remove(address.Family(), out var origin);
        IndexKey(holding, address, present: false);
        Touch(address);
        var users = _users[address];
        users.Remove(holding);
        if (holding.Request.InStatus.Contains(address))
        {
            holding.Left[address] = origin;
            _unwritten[address] = holding;
        }

        if (users.Count == 0)
        {
            _users.Remove(address);
            _leaving[address] = time.GetTimestamp();
        }
    }

    /// <summary>
    /// An address stands in the status of a Service that has no use for it: another leader was about to take it off. Until that is
    /// written it is nobody else's, as if this leader had taken it.
    /// </summary>
    public void Reserve(Holding holding, IPAddress address, string? origin)
    {
        if (_users.ContainsKey(address) || !holding.Left.TryAdd(address, origin))
        {
            return;
        }

        _unwritten[address] = holding;
        if (_leaving.TryAdd(address, time.GetTimestamp()))
        {
            Take(address);
        }
    }

    /// <summary>A Service is seen again, and may ask for something else than before.</summary>
    public void Ask(Holding holding, AddressRequest request)
    {
        foreach (var address in holding.Left.Keys.Where(address => !request.InStatus.Contains(address)).ToArray())
        {
            Written(holding, address);
        }

        holding.IsAsFound &= holding.Request.Sharing.HasSameEndpoints(request.Sharing);
        if (holding.Request.Sharing.Key == request.Sharing.Key)
        {
            holding.Request = request;
            return;
        }

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

    /// <summary>
    /// Whether an address that no Service has must not be given out yet. That includes one that a speaker answers for without our knowing
    /// why: a Service was deleted or changed its type while nobody led.
    /// </summary>
    public bool IsLeaving(IPAddress address)
    {
        if (_leaving.ContainsKey(address))
        {
            return true;
        }

        if (_users.ContainsKey(address) || !isAnnounced(address))
        {
            return false;
        }

        _leaving[address] = time.GetTimestamp();
        Take(address);
        return true;
    }

    public int Leaving(IpFamily family, ImmutableArray<Pool> pools) =>
        _leaving.Count == 0 ? 0 : _leaving.Keys.Count(address => address.Family() == family && pools.Any(pool => pool.Holds(address)));

    /// <summary>Nobody answers any more for an address on its way out: it can be given to others.</summary>
    public bool Free(IPAddress address)
    {
        if (!_leaving.Remove(address))
        {
            return false;
        }

        foreach (var stock in _stocks.Values)
        {
            stock.Return(address);
        }

        return true;
    }

    /// <summary>A Service is gone: what stands in its status does not count any more.</summary>
    public void Forget(Holding holding)
    {
        foreach (var address in holding.Left.Keys.ToArray())
        {
            Written(holding, address);
        }
    }

    /// <summary>Frees what nobody answers for any more and no status names; whether there was any.</summary>
    public bool Settle()
    {
        var silent = _leaving
            .Where(leaving => time.GetElapsedTime(leaving.Value) >= LeastPause && !_unwritten.ContainsKey(leaving.Key) && !isAnnounced(leaving.Key))
            .Select(leaving => leaving.Key)
            .ToArray();
        foreach (var address in silent)
        {
            Free(address);
        }

        return silent.Length > 0;
    }

    /// <summary>The pools whose usage changed since this was asked last.</summary>
    public IReadOnlyCollection<string> TakeTouched()
    {
        if (_touched.Count == 0)
        {
            return [];
        }

        var touched = _touched;
        _touched = new HashSet<string>(StringComparer.Ordinal);
        return touched;
    }

    private void Written(Holding holding, IPAddress address)
    {
        if (holding.Left.Remove(address) && _unwritten.GetValueOrDefault(address) == holding)
        {
            _unwritten.Remove(address);
        }
    }

    private void Take(IPAddress address)
    {
        foreach (var stock in _stocks.Values)
        {
            stock.Take(address);
        }
    }

    private void Touch(IPAddress address)
    {
        foreach (var stock in _stocks.Values)
        {
            if (stock.Pool.Holds(address))
            {
                _touched.Add(stock.Pool.Name);
            }
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
}
