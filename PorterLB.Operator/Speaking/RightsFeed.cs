using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>
/// Turns what the caches hold into rights for the speaker, again and again: a changed Service costs one Service, a changed Node or
/// configuration costs all. Heartbeats and our own status writes cost nothing.
/// </summary>
internal sealed class RightsFeed : IDisposable
{
    private static readonly EntityKey All = new(null, "");

    // Whoever is given rights weighs all of them, so that thousands that change one after the other are given a few times a second: from five
    // thousand on each 500 ms. What changes after a quiet moment is given at once.
    private static readonly TimeSpan PausePerAddress = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    private readonly Informer<ServiceView> _services;
    private readonly IEntityCache<V1Alpha2Eip> _eips;
    private readonly IEntityCache<V1Alpha2LayerTwoConfig> _configs;
    private readonly IEntityCache<NodeView> _nodes;
    private readonly IEntityCache<EndpointsView> _endpoints;
    private readonly bool _ignoreExcludeLabel;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<EntityKey> _dirty = Channel.CreateUnbounded<EntityKey>(new UnboundedChannelOptions { SingleReader = true });
    private readonly IDisposable[] _subscriptions;
    private readonly Dictionary<EntityKey, ServiceRights> _byService = [];
    private readonly Dictionary<IPAddress, SortedSet<string>> _users = [];
    private ImmutableDictionary<IPAddress, AddressRights> _rights = ImmutableDictionary<IPAddress, AddressRights>.Empty;
    private ImmutableArray<ExpectedAddresses> _expected = [];

    public RightsFeed(
        Informer<ServiceView> services,
        Informer<V1Alpha2Eip> eips,
        Informer<V1Alpha2LayerTwoConfig> configs,
        Informer<NodeView> nodes,
        Informer<EndpointsView> endpoints,
        SpeakerSettings settings,
        TimeProvider time,
        ILogger<RightsFeed> logger)
    {
        (_services, _eips, _configs, _nodes, _endpoints, _ignoreExcludeLabel, _time, _logger) = (services, eips, configs, nodes, endpoints, settings.IgnoreExcludeLabel, time, logger);
        _subscriptions =
        [
            services.Subscribe(delta => _dirty.Writer.TryWrite(delta.Key)),
            nodes.Subscribe(delta => Mark(delta.Old is null || delta.New is null || !delta.Old.IsSameFor(delta.New))),
            eips.Subscribe(delta => Mark(delta.Old?.Metadata.Generation != delta.New?.Metadata.Generation || !LabelSets.Same(delta.Old?.Metadata.Labels, delta.New?.Metadata.Labels))),
            configs.Subscribe(delta => Mark(delta.Old?.Metadata.Generation != delta.New?.Metadata.Generation)),
            endpoints.Subscribe(delta =>
            {
                if (delta.Old is null || delta.New is null || !delta.Old.IsSameFor(delta.New))
                {
                    foreach (var key in new[] { delta.Old?.Service, delta.New?.Service }.OfType<EntityKey>().Distinct())
                    {
                        _dirty.Writer.TryWrite(key);
                    }
                }
            }),
        ];
    }

    /// <summary>Which Services an address belongs to, for Events.</summary>
    public IEnumerable<ServiceView> UsersOf(IPAddress address)
    {
        lock (_users)
        {
            return _users.TryGetValue(address, out var keys)
                ? [.. keys.Select(key => _services.Get(EntityKey.Parse(key))).OfType<ServiceView>()]
                : [];
        }
    }

    /// <summary>Hands over the rights whenever they changed, until cancelled. The first time as soon as everything was read once.</summary>
    public async Task RunAsync(Action<Rights> apply, CancellationToken cancellationToken)
    {
        _dirty.Writer.TryWrite(All);
        var first = true;
        while (await _dirty.Reader.WaitToReadAsync(cancellationToken))
        {
            var keys = new HashSet<EntityKey>();
            while (_dirty.Reader.TryRead(out var key))
            {
                keys.Add(key);
            }

            var (before, expected) = (_rights, _expected);
            Update(keys);
            if (first || !ReferenceEquals(before, _rights) || !expected.SequenceEqual(_expected))
            {
                first = false;
                apply(new Rights(_rights) { Expected = _expected });
                var pause = _rights.Count * PausePerAddress;
                await Task.Delay(pause < LongestPause ? pause : LongestPause, _time, cancellationToken);
            }
        }
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private void Mark(bool changed)
    {
        if (changed)
        {
            _dirty.Writer.TryWrite(All);
        }
    }

    private void Update(HashSet<EntityKey> keys)
    {
        var source = new RightsSource
        {
            Eips = _eips.List(),
            Configs = _configs.List(),
            Nodes = [.. _nodes.List().OrderBy(node => node.Name, StringComparer.Ordinal)],
            Places = service => _endpoints.ByIndex(EndpointsView.ByService, $"{service}").SelectMany(view => view.Places),
            IgnoreExcludeLabel = _ignoreExcludeLabel,
        };
        if (keys.Contains(All))
        {
            _expected = EipPools.ExpectedOf(source.Eips, source.Configs);
        }

        IEnumerable<EntityKey> services = keys.Contains(All) ? _services.List().Select(EntityKey.Of).Concat(_byService.Keys).Distinct().ToArray() : keys;
        var touched = new HashSet<IPAddress>();
        lock (_users)
        {
            foreach (var key in services)
            {
                Update(key, source, touched);
            }

            var rights = _rights.ToBuilder();
            foreach (var address in touched)
            {
                if (!_users.TryGetValue(address, out var users))
                {
                    rights.Remove(address);
                    continue;
                }

                var combined = ServiceRights.Combine(
                    [.. users.Select(user => _byService[EntityKey.Parse(user)].Addresses.First(item => item.Address.Equals(address)))]);
                if (!rights.TryGetValue(address, out var old) || !ServiceRights.Same(old, combined))
                {
                    rights[address] = combined;
                }
            }

            _rights = rights.ToImmutable();
        }
    }

    private void Update(EntityKey key, RightsSource source, HashSet<IPAddress> touched)
    {
        var before = _byService.GetValueOrDefault(key, ServiceRights.None);
        var now = _services.Get(key) is { } service ? ServiceRights.Of(service, source, before.Known) : ServiceRights.None;
        if (now.Forged && !before.Forged)
        {
            _logger.ElectionForged(key, $"{Annotations.Node}, {Annotations.Epoch}");
        }

        foreach (var gone in before.Addresses.Where(old => !now.Addresses.Any(item => item.Address.Equals(old.Address))))
        {
            touched.Add(gone.Address);
            if (_users.TryGetValue(gone.Address, out var users) && users.Remove($"{key}") && users.Count == 0)
            {
                _users.Remove(gone.Address);
            }
        }

        foreach (var item in now.Addresses)
        {
            touched.Add(item.Address);
            (_users.TryGetValue(item.Address, out var users) ? users : _users[item.Address] = new(StringComparer.Ordinal)).Add($"{key}");
        }

        if (now.Addresses.IsEmpty && now.Known is null && !now.Forged)
        {
            _byService.Remove(key);
        }
        else
        {
            _byService[key] = now;
        }
    }
}
