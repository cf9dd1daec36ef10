using k8s;
using k8s.Models;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

/// <summary>
/// Finds out that a server has forgotten a watch without ending it: the server has a version of the kind that the watch does not come to
/// tell. See <see cref="Caching.InformerOptions{TEntity}.SilenceCheck"/>.
/// </summary>
internal sealed class SilenceCheck<TEntity>(
    IKubernetesClient client, EntityType<TEntity> type, ListOptions scope, TimeSpan interval, TimeProvider time)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    // A server forgets a watch when much happens at once: so soon after an event, and then ever more seldom.
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);

    // How long events that are on their way may take before a watch counts as behind.
    private static readonly TimeSpan OnTheWay = TimeSpan.FromMilliseconds(500);

    private readonly ServerVersion<TEntity> _server = new(client, type, scope);

    /// <summary>Ends when a watch that has told of all versions up to <paramref name="told"/> is found to be behind; returns the server's version.</summary>
    public async Task<string> UntilBehindAsync(Func<string?> told, CancellationToken cancellationToken)
    {
        var wait = First;
        while (true)
        {
            var before = told();
            await Task.Delay(wait, time, cancellationToken);
            if (told() != before)
            {
                wait = First;
                continue;
            }

            wait = wait * 2 < interval ? wait * 2 : interval;
            string newest;
            try
            {
                newest = await _server.CachedAsync(cancellationToken);
            }
            catch (Exception exception) when (ServerTrouble.Is(exception))
            {
                // Says nothing about the watch.
                continue;
            }

            if (ServerVersion.IsLater(newest, before))
            {
                await Task.Delay(OnTheWay, time, cancellationToken);
                if (told() == before)
                {
                    return newest;
                }

                wait = First;
            }
        }
    }
}
