using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Services;

/// <summary>Which Services a change of something else concerns. What changes often and decides nothing (heartbeats, counters) concerns none.</summary>
internal sealed class ServiceTriggers(Ownership ownership)
{
    private IEntityCache<ServiceView>? _services;
    private IEntityCache<V1Alpha2LayerTwoConfig>? _configs;
    private Allocator? _allocator;

    /// <summary>From now on there is somebody to wake: a new leader has read everything.</summary>
    public void Attach(IEntityCache<ServiceView> services, IEntityCache<V1Alpha2LayerTwoConfig> configs, Allocator allocator)
    {
        _configs = configs;
        _services = services;
        _allocator = allocator;
    }

    public static InformerOptions<ServiceView> Index(InformerOptions<ServiceView> options, Ownership ownership) => options
        .AddIndex(ServiceIndex.Ours, service => ownership.Owns(service) || Ownership.IsMarked(service) ? [ServiceIndex.Ours] : [])
        .AddIndex(ServiceIndex.ByNamespace, service => ownership.Owns(service) ? [service.Metadata.NamespaceProperty] : []);

    /// <summary>All LayerTwoConfigs: their status counts what other objects say.</summary>
    public IEnumerable<EntityKey> Configs() => (_configs?.List() ?? []).Select(EntityKey.Of);

    public IEnumerable<EntityKey> Of(Delta<NodeView> delta) =>
        delta.Old is not null && delta.New is not null && delta.Old.IsSameFor(delta.New) ? [] : All();

    public IEnumerable<EntityKey> Of(Delta<V1Alpha2LayerTwoConfig> delta) =>
        delta.Old is not null && delta.New is not null && delta.Old.Metadata.Generation == delta.New.Metadata.Generation ? [] : All();

    // What becomes free is told by the allocator; here it is about interfaces and about addresses that changed their pool.
    public IEnumerable<EntityKey> Of(Delta<V1Alpha2Eip> delta) =>
        delta.Old is not null && delta.New is not null && delta.Old.Metadata.Generation == delta.New.Metadata.Generation
            && LabelSets.Same(delta.Old.Metadata.Labels, delta.New.Metadata.Labels) ? [] : All();

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

        var before = Announced(delta.Old);
        var now = Announced(delta.New);
        var conflicts = delta.Old.Status.Conflicts.Concat(delta.New.Status.Conflicts)
            .Select(conflict => conflict.Address)
            .Distinct(StringComparer.Ordinal)
            .Where(address => delta.Old.Status.Conflicts.Any(conflict => conflict.Address == address) != delta.New.Status.Conflicts.Any(conflict => conflict.Address == address));
        return before.Except(now).Concat(now.Except(before))
            .Select(item => AddressRange.TryParse(item.Addresses, out var range, out _) ? range : (AddressRange?)null)
            .OfType<AddressRange>()
            .SelectMany(Expand)
            .Concat(conflicts.Select(text => System.Net.IPAddress.TryParse(text, out var address) ? address : null).OfType<System.Net.IPAddress>())
            .Distinct()
            .SelectMany(address => _allocator?.UsersOf(address) ?? []);
    }

    private static IEnumerable<System.Net.IPAddress> Expand(AddressRange range)
    {
        for (var number = range.First; number <= range.Last && number - range.First < 65_536; number++)
        {
            yield return number.ToAddress(range.Family);
        }
    }

    private static HashSet<V1Alpha2AnnouncedRange> Announced(V1Alpha2Speaker speaker) => [.. speaker.Status.Announced];

    private static bool InterfacesAreSame(V1Alpha2Speaker one, V1Alpha2Speaker other) =>
        one.Status.Interfaces.Count == other.Status.Interfaces.Count
        && one.Status.Interfaces.Zip(other.Status.Interfaces).All(pair =>
            pair.First with { Subnets = [] } == pair.Second with { Subnets = [] } && pair.First.Subnets.SequenceEqual(pair.Second.Subnets, StringComparer.Ordinal));

    private IEnumerable<EntityKey> All() => (_services?.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours) ?? []).Select(EntityKey.Of);
}
