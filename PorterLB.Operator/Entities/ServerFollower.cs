using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Entities;

/// <summary>
/// Asks the API server for its version, where the start could not, and again whenever a watch is opened: it may have been upgraded
/// meanwhile, and a server that stops in an orderly way ends its watches without any loss of contact.
/// </summary>
internal sealed class ServerFollower(
    ServerFeatures features, IKubernetesClient client, Informer<ServiceView> services, TimeProvider time, ILogger<ServerFollower> logger) : IRunnable
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var opened = new SemaphoreSlim(0);
        using var subscription = services.SubscribeWatchOpened(() => opened.Release());
        if (features.Version == KubernetesVersion.Unknown)
        {
            opened.Release();
        }

        while (true)
        {
            await opened.WaitAsync(cancellationToken);
            while (await opened.WaitAsync(TimeSpan.Zero, cancellationToken))
            {
                // Opened more than once meanwhile: asked once for all.
            }

            var version = await ServerFeatures.VersionOfAsync(client, _ => Task.CompletedTask, time, cancellationToken);
            if (version != features.Version)
            {
                logger.ServerChanged($"{features.Version}", $"{version}");
                features.Version = version;
            }
        }
    }
}
