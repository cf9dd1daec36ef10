using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Reconciler.Caching;
using static PorterLB.Tests.Operator.Addresses.AllocationHistoryTests;

namespace PorterLB.Tests.Operator.Addresses;

/// <summary>A store of Services, and a leader whose writes may be slow, be lost or arrive after its death. Each write has the version as precondition.</summary>
internal sealed class AllocatingCluster
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly SortedDictionary<string, Stored> _services = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Pool> _pools = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _queue = new(StringComparer.Ordinal);
    private readonly List<Write> _sent = [];
    private readonly List<Write> _late = [];
    private Allocator _allocator;
    private DateTimeOffset? _givesNewAt;
    private long _version;
    private bool _slow;

    public AllocatingCluster() => _allocator = NewAllocator();

    public void Run(IEnumerable<Step> history)
    {
        foreach (var step in history)
        {
            Do(step);
            Work();
            AssertNoAddressIsWithTwo();
        }
    }

    /// <summary>Everything sent arrives, and time passes until nothing changes.</summary>
    public void Settle()
    {
        _slow = false;
        for (var i = 0; i < 6; i++)
        {
            Arrive(_sent, 0);
            Pass(TimeSpan.FromSeconds(2));
            Work();
            AssertNoAddressIsWithTwo();
        }
    }

    public void AssertNobodyWaitsInVain()
    {
        foreach (var (name, service) in _services)
        {
            foreach (var family in service.Wish.Families.Where(family => !service.Status.Any(address => address.Family() == family)))
            {
                // Who requires both families may have to do without one because the other is missing.
                if (service.Wish.FamilyPolicy == FamilyPolicy.RequireDualStack || service.Wish.Requested.Any(address => address.Family() == family))
                {
                    continue;
                }

                var free = _pools.Values
                    .Where(pool => !pool.Disabled && (service.Wish.Pool is null || service.Wish.Pool == pool.Name))
                    .SelectMany(pool => pool.Ranges.Where(range => range.Family == family).Select(range => (pool, range)))
                    .Where(item => AddressesOf(item.range).Any(address => !_services.Values.Any(other => other.Status.Contains(address))))
                    .ToArray();
                Assert.True(free.Length == 0, $"{name} waits for an {family} address although {string.Join(", ", free)} has one free");
            }
        }
    }

    public void AssertAskingAgainChangesNothing()
    {
        foreach (var (name, service) in _services)
        {
            Assert.Equal(service.Status, _allocator.Assign(service.Request).Addresses);
            Assert.True(!service.Status.IsEmpty || _allocator.Assign(service.Request).Refusal is not null, $"{name} has nothing and is not told why");
        }
    }

    public void DeleteEverything()
    {
        foreach (var name in _services.Keys.ToArray())
        {
            Do(new Step.Delete(int.Parse(name.Split('s')[^1])));
        }

        Settle();
    }

    public void AssertEverythingIsFree()
    {
        Assert.Empty(_allocator.Waiting);
        foreach (var pool in _pools.Values.Where(pool => !pool.Disabled))
        {
            Assert.Equal(0, _allocator.UsageOf(pool.Name, 1)!.InUse);
            for (var i = 0; i < (int)pool.Ranges[0].Size; i++)
            {
                var request = new AddressRequest { Service = new EntityKey("last", $"{pool.Name}-{i}"), Uid = $"{i}", Families = [IpFamily.IPv4], Pool = pool.Name };
                Assert.Equal((pool.Ranges[0].First + (UInt128)i).ToAddress(IpFamily.IPv4), _allocator.Assign(request).Addresses.Single());
            }
        }
    }

    public override string ToString() => string.Join('\n', _services.Select(service => $"{service.Key} {service.Value.Version} {string.Join(',', service.Value.Status)}"));

    private static IEnumerable<IPAddress> AddressesOf(AddressRange range)
    {
        for (var number = range.First; number <= range.Last; number++)
        {
            yield return number.ToAddress(range.Family);
        }
    }

    private Allocator NewAllocator() => new(_time, _ => false) { Served = key => _queue.Add($"{key}") };

    private void Do(Step step)
    {
        switch (step)
        {
            case Step.Wish wish:
                Ask($"ns{wish.Service}/s{wish.Service}", wish);
                break;
            case Step.Delete delete:
                if (_services.Remove($"ns{delete.Service}/s{delete.Service}", out var gone))
                {
                    _allocator.Release(gone.Wish.Service, silent: false);
                }

                break;
            case Step.Pool pool:
                Edit(pool);
                break;
            case Step.Slow:
                _slow = true;
                break;
            case Step.Arrive arrive:
                _slow = false;
                Arrive(_sent, arrive.Order);
                break;
            case Step.Crash:
                _late.AddRange(_sent);
                _sent.Clear();
                TakeOver(clean: false);
                break;
            case Step.Restart:
                Arrive(_sent, 0);

                // What a dead leader sent may still be under way; this one's end was clean.
                TakeOver(clean: _givesNewAt is null);
                break;
            case Step.Late late when _late.Count > 0:
                var write = _late[late.Which % _late.Count];
                _late.Remove(write);
                if (_time.GetUtcNow() - write.SentAt < WriteTimeout)
                {
                    Land(write);
                }

                break;
            case Step.Wait wait:
                for (var i = 0; i < wait.Seconds * 2; i++)
                {
                    Pass(TimeSpan.FromSeconds(0.5));
                    Work();
                }

                break;
        }
    }

    private void Ask(string name, Step.Wish step)
    {
        var before = _services.GetValueOrDefault(name);
        var wish = new AddressRequest { Service = EntityKey.Parse(name), Uid = before?.Wish.Uid ?? $"{_version}", Families = [IpFamily.IPv4] };
        wish = step.Kind switch
        {
            0 or 1 => wish,
            2 => wish with { Pool = $"p{step.Detail % 3}" },
            3 => wish with { Requested = [IPAddress.Parse($"10.0.{step.Detail % 3}.{step.Detail % 7}")] },
            4 => wish with { Families = [IpFamily.IPv4, IpFamily.IPv6], FamilyPolicy = FamilyPolicy.PreferDualStack },
            _ => wish with { Families = [IpFamily.IPv6, IpFamily.IPv4], FamilyPolicy = FamilyPolicy.RequireDualStack },
        };
        _services[name] = (before ?? new Stored(wish, [], [], 0)) with { Wish = wish, Version = ++_version };
        _queue.Add(name);
    }

    private void Edit(Step.Pool step)
    {
        var name = $"p{step.Number}";
        if (step.Kind == 5)
        {
            _pools.Remove(name);
            _allocator.Remove(name);
            return;
        }

        var ranges = new List<AddressRange> { AddressRange.Parse($"10.0.{step.Number}.{step.First}-10.0.{step.Number}.{step.First + step.Length}") };
        if (step.Kind % 2 == 1)
        {
            ranges.Add(AddressRange.Parse($"fd00:{step.Number}::{step.First}-fd00:{step.Number}::{step.First + 3}"));
        }

        _pools[name] = new Pool { Name = name, Ranges = [.. ranges], Disabled = step.Kind == 2, Priority = step.Kind };
        _allocator.Put(_pools[name]);
    }

    private void TakeOver(bool clean)
    {
        _queue.Clear();
        _allocator = NewAllocator();
        foreach (var pool in _pools.Values)
        {
            _allocator.Put(pool);
        }

        _allocator.GiveNew(clean);
        _givesNewAt = clean ? null : _time.GetUtcNow() + WriteTimeout;
        _allocator.Adopt(_services.Values.OrderBy(service => service.Version).Select(service => service.Request));
        foreach (var name in _services.Keys)
        {
            _queue.Add(name);
        }
    }

    private void Pass(TimeSpan time)
    {
        _time.Advance(time);
        if (_givesNewAt <= _time.GetUtcNow())
        {
            _givesNewAt = null;
            _allocator.GiveNew(true);
        }

        _allocator.Settle();
    }

    private void Work()
    {
        while (_queue.FirstOrDefault(name => !_sent.Exists(write => write.Name == name)) is { } name)
        {
            _queue.Remove(name);
            if (!_services.TryGetValue(name, out var service))
            {
                continue;
            }

            var allocation = _allocator.Assign(service.Request);
            if (!allocation.Addresses.SequenceEqual(service.Status) || !allocation.Origins.SequenceEqual(service.Origins))
            {
                var write = new Write(name, service.Wish.Uid, service.Version, allocation.Addresses, allocation.Origins, _time.GetUtcNow());
                if (_slow)
                {
                    _sent.Add(write);
                }
                else
                {
                    Land(write);
                }
            }
        }
    }

    private void Arrive(List<Write> writes, int order)
    {
        while (writes.Count > 0)
        {
            var write = writes[order % writes.Count];
            writes.Remove(write);
            Land(write);
        }
    }

    private void Land(Write write)
    {
        _queue.Add(write.Name);
        if (!_services.TryGetValue(write.Name, out var service) || service.Wish.Uid != write.Uid || service.Version != write.BasedOn)
        {
            return;
        }

        foreach (var (address, origin) in service.Status.Zip(service.Origins))
        {
            Assert.True(write.Addresses.Contains(address) || MayLose(service.Wish, address, origin), $"{write.Name} lost {address} (from '{origin}'), which it still wants: {service.Wish}");
        }

        _services[write.Name] = service with { Status = write.Addresses, Origins = write.Origins, Version = ++_version };
    }

    private static bool MayLose(AddressRequest wish, IPAddress address, string origin) =>
        !wish.Families.Contains(address.Family())
        || wish.Requested.Any(wanted => wanted.Family() == address.Family() && !wanted.Equals(address))
        || (wish.Pool is { } pool && pool != origin);

    private void AssertNoAddressIsWithTwo()
    {
        foreach (var users in _services.SelectMany(service => service.Value.Status.Select(address => (service.Key, address))).GroupBy(item => item.address))
        {
            Assert.True(users.Count() == 1, $"{users.Key} is with {string.Join(" and ", users.Select(user => user.Key))}");
        }
    }

    private sealed record Stored(AddressRequest Wish, ImmutableArray<IPAddress> Status, ImmutableArray<string> Origins, long Version)
    {
        public AddressRequest Request => Wish with
        {
            InStatus = Status,
            Origins = Status.Zip(Origins).Where(pair => pair.Second.Length > 0).ToImmutableDictionary(pair => pair.First, pair => pair.Second),
        };
    }

    private sealed record Write(
        string Name, string Uid, long BasedOn, ImmutableArray<IPAddress> Addresses, ImmutableArray<string> Origins, DateTimeOffset SentAt);
}
