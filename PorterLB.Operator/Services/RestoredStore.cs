using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Services;

/// <summary>
/// Ends the manager when the cluster's store was brought back from a backup, to be started anew by its Deployment: versions, epochs and
/// addresses that it remembers may never have been, and a new leader reads everything as it is now.
/// </summary>
internal sealed class RestoredStore(Informer<ServiceView> services) : IRunnable
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = services.SubscribeWentBack(() => restored.TrySetResult());
        await restored.Task.WaitAsync(cancellationToken);
        throw new OperatorException("The API server's store was brought back from a backup: what is remembered may never have been, so the manager starts anew.");
    }
}
