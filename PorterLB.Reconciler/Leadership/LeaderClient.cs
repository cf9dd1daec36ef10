using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Leadership;

/// <summary>
/// The client for what only a leader may write. Reading is as ever. A write is refused with a <see cref="NotLeaderException"/> once
/// <see cref="ILeadership.MayWrite"/> is false, and carries the write timeout, so that none arrives after somebody else leads. At most 16
/// are under way at once, fewer while the server is slow: they would keep the lease from being renewed.
/// </summary>
public sealed class LeaderClient(IKubernetesClient client, ILeadership leadership, TimeProvider time) : IKubernetesClient
{
    private readonly WriteWindow _window = new(time);

    /// <inheritdoc/>
    public EntityType<TEntity> TypeOf<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.TypeOf<TEntity>();

    /// <inheritdoc/>
    public Task<TEntity?> GetAsync<TEntity>(EntityType<TEntity> type, EntityKey key, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.GetAsync(type, key, cancellationToken);

    /// <inheritdoc/>
    public Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.ListAsync(type, options, cancellationToken);

    /// <inheritdoc/>
    public Task<IWatchStream<TEntity>> WatchAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.WatchAsync(type, options, timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> GetRawAsync(string path, CancellationToken cancellationToken = default) => client.GetRawAsync(path, cancellationToken);

    /// <inheritdoc/>
    public Task<TEntity> CreateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _window.SendAsync(() => client.CreateAsync(type, entity, Bounded(timeout), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<TEntity> UpdateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _window.SendAsync(() => client.UpdateAsync(type, entity, Bounded(timeout), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<TEntity> UpdateStatusAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _window.SendAsync(() => client.UpdateStatusAsync(type, entity, Bounded(timeout), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        Preconditions? preconditions = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _window.SendAsync(
            async () =>
            {
                await client.DeleteAsync(type, key, preconditions, Bounded(timeout), cancellationToken);
                return true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<TEntity> PatchAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        PatchKind kind,
        ReadOnlyMemory<byte> body,
        string? subresource = null,
        string? fieldManager = null,
        bool force = false,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        _window.SendAsync(
            () => client.PatchAsync(type, key, kind, body, subresource, fieldManager, force, Bounded(timeout), cancellationToken), cancellationToken);

    // Asked for with every write and not once per reconciliation: a reconciliation may wait for the server in between.
    private TimeSpan Bounded(TimeSpan? timeout)
    {
        if (!leadership.MayWrite)
        {
            throw new NotLeaderException();
        }

        return timeout is { } asked && asked < leadership.WriteTimeout ? asked : leadership.WriteTimeout;
    }
}
