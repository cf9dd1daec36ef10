using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>What time alone changes: leases that run out, released addresses that fall silent, the pause after an unclean take-over.</summary>
internal sealed class ClusterWatch(
    ManagerSettings settings,
    ClusterState cluster,
    Allocator allocator,
    ElectionBook book,
    ServiceElections elections,
    NodeJoins joins,
    IEntityCache<ServiceView> services,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    EntityQueue<ServiceView> queue,
    ILeadership leadership,
    TimeProvider time,
    ILogger<ClusterWatch> logger) : IRunnable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        var waiting = leadership.TakeOver == TakeOver.Unclean;
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            // What a killed leader sent last may arrive until then (see Startup).
            if (waiting && time.GetElapsedTime(since) >= leadership.LateWrites)
            {
                waiting = false;
                allocator.GiveNew(true);
            }

            allocator.Settle();
            var changed = cluster.TakeChanged();
            if (changed.Count > 0)
            {
                logger.SpeakersChanged(string.Join(", ", changed));
                await ConcernedAsync(changed, cancellationToken);
            }

            if (joins.Saw(cluster.Nodes.Where(IsUsable).Select(node => (node.Name, LabelsOf(node)))).Count > 0)
            {
                await RebalanceAsync(cancellationToken);
            }
        }
    }

    private bool IsUsable(NodeFacts node) =>
        node.Presence == Presence.Present && Eligibility.RuledOut(node.Node, LayerTwoPolicy.Default, settings.IgnoreExcludeLabel) is null;

    private static string LabelsOf(NodeFacts node) =>
        string.Join(',', (node.Node.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    private async Task RebalanceAsync(CancellationToken cancellationToken)
    {
        var all = configs.List();
        if (!all.Any(config => config.Spec.Rebalance == LayerTwoRebalance.OnNodeJoin))
        {
            return;
        }

        foreach (var service in services.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours))
        {
            if (elections.Reconsider(service, Reconsideration.Balance, eip => LayerTwoPolicy.For(eip, service.Metadata.Labels, all).Rebalance))
            {
                await queue(service, ReconciliationType.Modified, ReconciliationTriggerSource.Operator, TimeSpan.Zero, 0, cancellationToken);
            }
        }
    }

    private async Task ConcernedAsync(IReadOnlySet<string> nodes, CancellationToken cancellationToken)
    {
        foreach (var service in services.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours))
        {
            var addresses = ServiceRequest.AddressesOf(service);
            if (addresses.IsEmpty || addresses.Any(address => book.Of(address)?.Node is not { } node || nodes.Contains(node)))
            {
                await queue(service, ReconciliationType.Modified, ReconciliationTriggerSource.Operator, TimeSpan.Zero, 0, cancellationToken);
            }
        }
    }
}

/// <summary>How Services are found.</summary>
internal static class ServiceIndex
{
    /// <summary>Those that are ours, or carry something of ours.</summary>
    public const string Ours = "ours";

    public const string ByNamespace = "namespace";
}
