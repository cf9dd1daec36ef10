using System.Net;
using System.Text.Json;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Services;

/// <summary>Which Services a change of something else concerns. What changes often and decides nothing (heartbeats, counters) concerns none.</summary>
internal sealed class ServiceTriggers(Ownership ownership)
{
    private IEntityCache<ServiceView>? _services;
    private IEntityCache<V1Alpha2LayerTwoConfig>? _configs;
    private Allocator? _allocator;
    private PoolBook? _pools;
    private ServiceElections? _elections;

    /// <summary>From now on there is somebody to wake: a new leader has read everything.</summary>
    public void Attach(IEntityCache<ServiceView> services, IEntityCache<V1Alpha2LayerTwoConfig> configs, Allocator allocator, PoolBook pools, ServiceElections elections)
    {
        _elections = elections;
        _pools = pools;
        _configs = configs;
        _services = services;
        _allocator = allocator;
    }

    public static InformerOptions<ServiceView> Index(InformerOptions<ServiceView> options, Ownership ownership) => options
        .AddIndex(ServiceIndex.Ours, service => ownership.Owns(service) || Ownership.IsMarked(service) ? [ServiceIndex.Ours] : [])
        .AddIndex(ServiceIndex.ByNamespace, service => ownership.Owns(service) ? [service.Metadata.NamespaceProperty] : []);

    /// <summary>All Eips: what their status says about hosts depends on the Nodes.</summary>
    public IEnumerable<EntityKey> Eips() => (_allocator?.Pools ?? []).Select(pool => new EntityKey(null, pool.Name));

    /// <summary>All LayerTwoConfigs: their status counts what other objects say.</summary>
    public IEnumerable<EntityKey> Configs() => (_configs?.List() ?? []).Select(EntityKey.Of);

    public IEnumerable<EntityKey> Of(Delta<NodeView> delta) =>
        delta.Old is not null && delta.New is not null && delta.Old.IsSameFor(delta.New) ? [] : All();

    public IEnumerable<EntityKey> Of(Delta<V1Alpha2LayerTwoConfig> delta)
    {
        if (delta.Old is not null && delta.New is not null && delta.Old.Metadata.Generation == delta.New.Metadata.Generation)
        {
            return [];
        }

        // Preferences that the user changed are followed; that a preferred node came back moves nothing by itself.
        if (!delta.IsReplay && !SamePreferences(delta.Old, delta.New))
        {
            foreach (var service in _services?.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours) ?? [])
            {
                _elections?.Reconsider(service, Reconsideration.Preference, eip => new[] { delta.Old, delta.New }.OfType<V1Alpha2LayerTwoConfig>()
                    .Any(config => LayerTwoPolicy.Governs(config, eip, service)));
            }
        }

        return All();
    }

    private static bool SamePreferences(V1Alpha2LayerTwoConfig? one, V1Alpha2LayerTwoConfig? other) => Preferences(one) == Preferences(other);

    private static string Preferences(V1Alpha2LayerTwoConfig? config) =>
        config is null || config.Spec.PreferredNodes.Count == 0 ? ""
        : JsonSerializer.Serialize(config.Spec with { Failover = new(), Announcement = new(), ConflictPolicy = default, Rebalance = default }, OperatorJsonContext.Default.V1Alpha2LayerTwoConfigSpec);

    /// <summary>What becomes free is told by the allocator; here it is about interfaces and about addresses that changed their pool.</summary>
    public IEnumerable<EntityKey> Of(Delta<V1Alpha2Eip> delta)
    {
        if (delta.Old is not null && delta.New is not null && delta.Old.Metadata.Generation == delta.New.Metadata.Generation
            && LabelSets.Same(delta.Old.Metadata.Labels, delta.New.Metadata.Labels)
            && EipPools.IsDefault(delta.Old) == EipPools.IsDefault(delta.New))
        {
            return [];
        }

        // First the pools: a Service that is looked at before would be judged by what they were.
        _pools?.Refresh();
        return All();
    }

    public IEnumerable<EntityKey> Of(Delta<EndpointsView> delta)
    {
        if (delta.Old is not null && delta.New is not null && delta.Old.IsSameFor(delta.New))
        {
            yield break;
        }

        foreach (var key in new[] { delta.Old?.Service, delta.New?.Service }.OfType<EntityKey>().Distinct())
        {
            if (_services?.Get(key) is { } service && service.Spec.ExternalTrafficPolicy == "Local" && ownership.Owns(service))
            {
                yield return key;
            }
        }
    }

    public IEnumerable<EntityKey> Of(Delta<NamespaceView> delta) =>
        delta.Old is not null && delta.New is not null && LabelSets.Same(delta.Old.Metadata.Labels, delta.New.Metadata.Labels)
            ? []
            : (_services?.ByIndex(ServiceIndex.ByNamespace, delta.Latest.Metadata.Name) ?? []).Select(EntityKey.Of);

    public IEnumerable<EntityKey> Of(Delta<V1Alpha2Speaker> delta)
    {
        // An interface more or less may make a node able or unable; who came or went is told by ClusterWatch.
        if (delta.Old is null || delta.New is null || !InterfacesAreSame(delta.Old, delta.New))
        {
            return All();
        }

        var (before, now) = (Announced(delta.Old), Announced(delta.New));
        var moved = before.Where(item => now.GetValueOrDefault(item.Key) != item.Value).Concat(now.Where(item => !before.ContainsKey(item.Key))).Select(item => item.Key);
        var (conflictsBefore, conflictsNow) = (Conflicts(delta.Old), Conflicts(delta.New));
        conflictsBefore.SymmetricExceptWith(conflictsNow);
        return moved
            .Concat(conflictsBefore.Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>())
            .Distinct()
            .SelectMany(address => _allocator?.UsersOf(address) ?? []);
    }

    // By address: consecutive ones are told of as one range, and a range that grew by one is no news for the others.
    private static Dictionary<IPAddress, V1Alpha2AnnouncedRange> Announced(V1Alpha2Speaker speaker)
    {
        var result = new Dictionary<IPAddress, V1Alpha2AnnouncedRange>();
        foreach (var (address, words) in AnnouncedRanges.Read(speaker.Status))
        {
            result[address] = words with { Addresses = "", Since = default };
        }

        return result;
    }

    private static HashSet<string> Conflicts(V1Alpha2Speaker speaker) => speaker.Status.Conflicts.Select(conflict => conflict.Address).ToHashSet(StringComparer.Ordinal);

    private static bool InterfacesAreSame(V1Alpha2Speaker one, V1Alpha2Speaker other) =>
        one.Status.Interfaces.Count == other.Status.Interfaces.Count
        && one.Status.Interfaces.Zip(other.Status.Interfaces).All(pair =>
            pair.First with { Subnets = [] } == pair.Second with { Subnets = [] } && pair.First.Subnets.SequenceEqual(pair.Second.Subnets, StringComparer.Ordinal));

    private IEnumerable<EntityKey> All() => (_services?.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours) ?? []).Select(EntityKey.Of);
}
