using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Entities;

/// <summary>Asks the API server for its version, where the start could not, and again when a watch is back after a loss: it may have been upgraded meanwhile.</summary>
internal sealed class ServerFollower(
    ServerFeatures features, IKubernetesClient client, Informer<ServiceView> services, TimeProvider time, ILogger<ServerFollower> logger) : IRunnable
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var back = new SemaphoreSlim(0);
        using var subscription = services.SubscribeConnected(connected =>
        {
            if (connected)
            {
                back.Release();
            }
        });
        if (features.Version == KubernetesVersion.Unknown)
        {
            back.Release();
        }

        while (true)
        {
            await back.WaitAsync(cancellationToken);
            var version = await ServerFeatures.VersionOfAsync(client, _ => Task.CompletedTask, time, cancellationToken);
            if (version != features.Version)
            {
                logger.ServerChanged($"{features.Version}", $"{version}");
                features.Version = version;
            }
        }
    }
}
