using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>A new leader reads all, takes over all, and only then gives out anything.</summary>
internal sealed class Startup(
    Ownership ownership,
    Allocator allocator,
    ServiceTriggers triggers,
    PoolBook pools,
    PoolMetrics metrics,
    ElectionBook book,
    ServiceElections elections,
    IEntityCache<ServiceView> services,
    IEntityCache<NamespaceView> namespaces,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    IKubernetesClient client,
    EntityQueue<ServiceView> queue,
    ILeadership leadership,
    ILogger<Startup> logger) : ILeaderStartup
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The version of the whole collection, from etcd: no earlier election of any address has a higher epoch. First, for what fails here
        // is begun anew.
        var nothing = await client.ListAsync(ServiceView.Type, new ListOptions { FieldSelector = "metadata.name=porterlb-none", Namespace = "default" }, cancellationToken);

        // A killed leader's last write may arrive for as long as the server may work on it; what it gave out must not be given out again.
        allocator.GiveNew(leadership.TakeOver != TakeOver.Unclean);
        allocator.Served = key =>
        {
            if (services.Get(key) is { } service)
            {
                _ = queue(service, ReconciliationType.Modified, ReconciliationTriggerSource.Operator, TimeSpan.Zero, 0, CancellationToken.None);
            }
        };
        triggers.Attach(services, configs, allocator, pools, elections);
        pools.Refresh();
        metrics.Show();

        book.Saw(nothing.ResourceVersion);

        // Also those that were ours and left us meanwhile: their addresses are not free before they are released.
        var ours = services.List().Where(service => ownership.Owns(service) || Ownership.IsMarked(service)).OrderBy(ResourceVersion.Of).ToArray();
        foreach (var service in ours.Where(service => service.Metadata.DeletionTimestamp is null))
        {
            var addresses = ServiceRequest.AddressesOf(service);
            var (nodes, epoch) = ElectionAnnotation.Read(service, addresses);
            foreach (var address in addresses)
            {
                if (epoch is { } number && nodes.TryGetValue(address, out var node) && (book.Of(address)?.Epoch ?? -1) < number)
                {
                    book.Set(address, new Election.Election(node, number));
                }
            }
        }

        Follow(ours);
        allocator.Adopt(ours.Select(Request));
        logger.TookOver(ours.Length, ours.Sum(service => allocator.Of(EntityKey.Of(service)).Length), $"{leadership.TakeOver}".ToLowerInvariant());
    }

    // Preferences that the user changed while nobody led: the generation that the status tells of is the one that was followed.
    private void Follow(ServiceView[] ours)
    {
        var unseen = configs.List().Where(config => config.Status.ObservedGeneration != config.Metadata.Generation).ToArray();
        foreach (var service in unseen.Length == 0 ? [] : ours)
        {
            elections.Reconsider(service, Reconsideration.Preference, eip => unseen.Any(config => LayerTwoPolicy.Governs(config, eip, service)));
        }
    }

    // What is in no pool of ours, in the status of a Service that is not ours any more, is the address of who serves it now.
    private AddressRequest Request(ServiceView service)
    {
        var request = ServiceRequest.Of(service, namespaces.Get(new EntityKey(null, service.Metadata.NamespaceProperty))?.Metadata.Labels);
        return ownership.Owns(service) ? request : request with { InStatus = [.. request.InStatus.Where(address => allocator.PoolOf(address) is not null)] };
    }
}
