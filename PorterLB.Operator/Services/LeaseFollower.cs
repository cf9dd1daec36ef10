using PorterLB.Operator.Access;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>
/// Lets a manager that stands by go on at once when the leader gives its lease back. The leases of the namespace are watched anyway,
/// for the speakers'.
/// </summary>
internal sealed class LeaseFollower(Informer<LeaseView> leases, ILeadership leadership, OperatorSettings settings, TimeProvider time) : IRunnable
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var key = new EntityKey(settings.OwnNamespace, Names.Manager);
        using var subscription = leases.Subscribe(delta =>
        {
            if (delta.Key == key && string.IsNullOrEmpty(delta.New?.Spec.HolderIdentity))
            {
                leadership.Look();
            }
        });
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }
}
