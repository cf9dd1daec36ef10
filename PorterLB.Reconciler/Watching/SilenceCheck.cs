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
    // A server forgets a watch when much happens at once, and then each tenth of a second of silence is strange; later ever less so.
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);

    // How long events that are on their way may take before a watch counts as behind.
    private static readonly TimeSpan OnTheWay = TimeSpan.FromMilliseconds(150);

    // How exactly the beginning of a silence is known.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly ServerVersion<TEntity> _server = new(client, type, scope);

    /// <summary>Ends when a watch that has told of all versions up to <paramref name="told"/> is found to be behind; returns the server's version.</summary>
    public async Task<string> UntilBehindAsync(Func<string?> told, CancellationToken cancellationToken)
    {
        var wait = First;
        while (true)
        {
            var before = told();
            if (!await IsSilentAsync(before, wait))
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
                if (await IsSilentAsync(before, OnTheWay))
                {
                    return newest;
                }

                wait = First;
            }
        }

        // A long silence is not looked at so closely, but its end is to be noticed before the server has forgotten the watch.
        async Task<bool> IsSilentAsync(string? version, TimeSpan duration)
        {
            var tick = duration > OnTheWay ? OnTheWay : Tick;
            for (var left = duration; left > TimeSpan.Zero; left -= tick)
            {
                await Task.Delay(tick, time, cancellationToken);
                if (told() != version)
                {
                    return false;
                }
            }

            return true;
        }
    }
}
