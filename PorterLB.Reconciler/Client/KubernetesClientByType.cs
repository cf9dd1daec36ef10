using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// The requests in KubeOps' form: the kind follows from the C# type, whose <see cref="EntityType{TEntity}"/> the operator knows by
/// <c>AddInformer</c> or <c>AddEntity</c>.
/// </summary>
public static class KubernetesClientByType
{
    /// <summary>The object of that name, or null when there is none.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">Its name.</param>
    /// <param name="namespace">Its namespace; null for objects of the cluster.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static Task<TEntity?> GetAsync<TEntity>(
        this IKubernetesClient client, string name, string? @namespace = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.GetAsync(client.TypeOf<TEntity>(), new EntityKey(@namespace, name), cancellationToken);
    }

    /// <summary>All objects that match, as the server has them now.</summary>
    /// <param name="client">The client.</param>
    /// <param name="namespace">Of this namespace only; null = of all.</param>
    /// <param name="labelSelector">In the API's syntax, as <c>app=web</c>; null = all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="InvalidDataException">One of them cannot be read: a list that leaves it out would be a lie.</exception>
    public static async Task<IList<TEntity>> ListAsync<TEntity>(
        this IKubernetesClient client, string? @namespace = null, string? labelSelector = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        var type = client.TypeOf<TEntity>();
        var list = await client.ListAsync(type, new ListOptions { Namespace = @namespace, LabelSelector = labelSelector }, cancellationToken);
        return list.Unreadable is [var first, ..]
            ? throw new InvalidDataException($"{type.Metadata.Kind} '{first.Key}' cannot be read: {first.Reason}")
            : [.. list.Items];
    }

    /// <summary>Creates an object; returns it as the server stored it.</summary>
    public static Task<TEntity> CreateAsync<TEntity>(this IKubernetesClient client, TEntity entity, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.CreateAsync(client.TypeOf<TEntity>(), entity, timeout: null, cancellationToken);
    }

    /// <summary>Replaces an object. Its resourceVersion, when set, must be the server's, or the answer is a conflict.</summary>
    public static Task<TEntity> UpdateAsync<TEntity>(this IKubernetesClient client, TEntity entity, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.UpdateAsync(client.TypeOf<TEntity>(), entity, timeout: null, cancellationToken);
    }

    /// <summary>Replaces the status of an object, and nothing else of it.</summary>
    public static Task<TEntity> UpdateStatusAsync<TEntity>(
        this IKubernetesClient client, TEntity entity, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.UpdateStatusAsync(client.TypeOf<TEntity>(), entity, timeout: null, cancellationToken);
    }

    /// <summary>
    /// Creates the object, or replaces the one of its name whatever its version: what others changed since is lost. Where others
    /// write too, apply instead (<see cref="PatchKind.Apply"/>).
    /// </summary>
    public static async Task<TEntity> SaveAsync<TEntity>(
        this IKubernetesClient client, TEntity entity, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        var type = client.TypeOf<TEntity>();
        return await client.GetAsync(type, EntityKey.Of(entity), cancellationToken) is { } present
            ? await client.UpdateAsync(type, entity.WithResourceVersion(present), timeout: null, cancellationToken)
            : await client.CreateAsync(type, entity, timeout: null, cancellationToken);
    }

    /// <summary>Deletes an object, and no later one of its name. One that is already gone is no error.</summary>
    public static Task DeleteAsync<TEntity>(this IKubernetesClient client, TEntity entity, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        var preconditions = string.IsNullOrEmpty(entity.Metadata.Uid) ? null : new Preconditions(entity.Metadata.Uid);
        return client.DeleteAsync(client.TypeOf<TEntity>(), EntityKey.Of(entity), preconditions, timeout: null, cancellationToken);
    }

    /// <summary>Deletes the object of that name. One that is already gone is no error.</summary>
    /// <param name="client">The client.</param>
    /// <param name="name">Its name.</param>
    /// <param name="namespace">Its namespace; null for objects of the cluster.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static Task DeleteAsync<TEntity>(
        this IKubernetesClient client, string name, string? @namespace = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.DeleteAsync(client.TypeOf<TEntity>(), new EntityKey(@namespace, name), preconditions: null, timeout: null, cancellationToken);
    }
}
