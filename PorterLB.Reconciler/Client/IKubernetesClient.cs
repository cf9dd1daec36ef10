using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Requests to the API server, typed by an <see cref="EntityType{TEntity}"/>. Reconcilers read caches instead and use this to write.
/// Every method throws an <see cref="ApiException"/> for what the server refuses and an <see cref="HttpRequestException"/> or
/// <see cref="TimeoutException"/> when it does not answer. Safe for use by several threads.
/// </summary>
public interface IKubernetesClient
{
    /// <summary>How a C# type is handled, where it is known: the methods of <see cref="KubernetesClientByType"/> stand on it.</summary>
    /// <exception cref="InvalidOperationException">Nobody has told.</exception>
    EntityType<TEntity> TypeOf<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        throw new InvalidOperationException(
            $"The client does not know {typeof(TEntity).Name}: add its EntityType to the operator with AddEntity or AddInformer, or hand it in with the request.");

    /// <summary>The object of that key, or null when there is none.</summary>
    Task<TEntity?> GetAsync<TEntity>(EntityType<TEntity> type, EntityKey key, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>All objects that match, read page by page.</summary>
    Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>
    /// All objects that match. In place of one that is known in the version that it has stands the known one, which saves the reading of it.
    /// </summary>
    /// <param name="type">The kind of object.</param>
    /// <param name="options">Which objects.</param>
    /// <param name="known">The object of a key as it was read before, null when it was not; null = nothing is known.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, Func<EntityKey, TEntity?>? known, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        ListAsync(type, options, cancellationToken);

    /// <summary>
    /// Opens a watch from a version on. The task ends when the server has accepted; reading the stream then gives one event a line.
    /// </summary>
    /// <param name="type">The kind of object.</param>
    /// <param name="options">Which objects, from which version on.</param>
    /// <param name="timeout">After how long the server ends the watch by itself (whole seconds).</param>
    /// <param name="cancellationToken">Ends the opening; the stream takes its own.</param>
    Task<IWatchStream<TEntity>> WatchAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Creates an object; returns it as the server stored it.</summary>
    Task<TEntity> CreateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Replaces an object. Its resourceVersion, when set, must be the server's, or the answer is a conflict.</summary>
    Task<TEntity> UpdateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Replaces the status of an object, and nothing else of it.</summary>
    Task<TEntity> UpdateStatusAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Deletes an object. One that is already gone is no error.</summary>
    Task DeleteAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        Preconditions? preconditions = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Changes a part of an object; returns the whole as the server stored it.</summary>
    /// <param name="type">The kind of object.</param>
    /// <param name="key">Which object.</param>
    /// <param name="kind">What the body means.</param>
    /// <param name="body">The patch, as UTF-8 JSON.</param>
    /// <param name="subresource">As <c>status</c>; null = the object itself.</param>
    /// <param name="fieldManager">Who owns the fields; needed for <see cref="PatchKind.Apply"/>.</param>
    /// <param name="force">Takes fields over from other managers (<see cref="PatchKind.Apply"/> only).</param>
    /// <param name="timeout">How long the server may work on it; after that it is certain not to be written later.</param>
    /// <param name="cancellationToken">Gives up waiting; the write may still happen.</param>
    Task<TEntity> PatchAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        PatchKind kind,
        ReadOnlyMemory<byte> body,
        string? subresource = null,
        string? fieldManager = null,
        bool force = false,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>What the server answers to a GET of this path, as <c>/version</c> or <c>/apis/discovery.k8s.io/v1</c>.</summary>
    Task<byte[]> GetRawAsync(string path, CancellationToken cancellationToken = default);
}

/// <summary>An open watch. Dispose it to end it.</summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IWatchStream<TEntity> : IAsyncDisposable
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// The next event; null when the server ended the watch.
    /// </summary>
    /// <exception cref="ApiException">The server sent an error event, as 410 when the version is too old.</exception>
    /// <exception cref="IOException">The connection broke, or the line is no watch event.</exception>
    ValueTask<WatchEvent<TEntity>?> ReadAsync(CancellationToken cancellationToken = default);
}
