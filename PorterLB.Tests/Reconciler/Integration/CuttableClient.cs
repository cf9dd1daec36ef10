using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>A client that can be cut off.</summary>
internal sealed class CuttableClient(IKubernetesClient client) : IKubernetesClient, IDisposable
{
    private readonly CancellationTokenSource _cable = new();
    private volatile bool _isCut;

    public void Dispose() => _cable.Dispose();

    public void Cut()
    {
        _isCut = true;
        _cable.Cancel();
    }

    public async Task<IWatchStream<TEntity>> WatchAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return new CuttableStream<TEntity>(await client.WatchAsync(type, options, timeout, cancellationToken), _cable.Token);
    }

    public Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.ListAsync(type, options, cancellationToken);
    }

    public Task<TEntity?> GetAsync<TEntity>(EntityType<TEntity> type, EntityKey key, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.GetAsync(type, key, cancellationToken);
    }

    public Task<TEntity> CreateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.CreateAsync(type, entity, timeout, cancellationToken);
    }

    public Task<TEntity> UpdateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.UpdateAsync(type, entity, timeout, cancellationToken);
    }

    public Task<TEntity> UpdateStatusAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.UpdateStatusAsync(type, entity, timeout, cancellationToken);
    }

    public Task DeleteAsync<TEntity>(
        EntityType<TEntity> type, EntityKey key, Preconditions? preconditions = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.DeleteAsync(type, key, preconditions, timeout, cancellationToken);
    }

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
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ThrowIfCut();
        return client.PatchAsync(type, key, kind, body, subresource, fieldManager, force, timeout, cancellationToken);
    }

    public Task<byte[]> GetRawAsync(string path, CancellationToken cancellationToken = default)
    {
        ThrowIfCut();
        return client.GetRawAsync(path, cancellationToken);
    }

    private void ThrowIfCut()
    {
        if (_isCut)
        {
            throw new HttpRequestException("The cable is cut.");
        }
    }

    private sealed class CuttableStream<TEntity>(IWatchStream<TEntity> stream, CancellationToken cable) : IWatchStream<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        public async ValueTask<WatchEvent<TEntity>?> ReadAsync(CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cable, cancellationToken);
            try
            {
                return await stream.ReadAsync(either.Token);
            }
            catch (OperationCanceledException exception) when (cable.IsCancellationRequested)
            {
                throw new IOException("The cable is cut.", exception);
            }
        }

        public ValueTask DisposeAsync() => stream.DisposeAsync();
    }
}
