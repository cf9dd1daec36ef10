using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>What time alone changes: leases that run out, released addresses that fall silent, the pause after an unclean take-over.</summary>
internal sealed class ClusterWatch(
    ClusterState cluster,
    Allocator allocator,
    ElectionBook book,
    IEntityCache<ServiceView> services,
    EntityQueue<ServiceView> queue,
    ILeadership leadership,
    TimeProvider time,
    ILogger<ClusterWatch> logger) : IRunnable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // Writes carry this as their timeout (see Startup).
    private static readonly TimeSpan LateWrites = TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        var waiting = leadership.TakeOver == TakeOver.Unclean;
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (waiting && time.GetElapsedTime(since) >= LateWrites)
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
