using System.Net;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Finalizers;

/// <summary>
/// Puts finalizers on objects and takes them off, at whatever position, by JSON patches that touch nothing else and test what they stand
/// on: made from an old state, or for an object that another has taken the name of, they are refused.
/// </summary>
public static class FinalizersByPatch
{
    /// <summary>Puts a finalizer on; sends nothing when it is there.</summary>
    /// <param name="client">The client.</param>
    /// <param name="type">The kind.</param>
    /// <param name="entity">The object as it was last seen.</param>
    /// <param name="identifier">The finalizer.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The object as stored.</returns>
    /// <exception cref="ApiException">It is not what was last seen (<see cref="ApiException.IsConflict"/>), or another refusal.</exception>
    public static Task<TEntity> AttachFinalizerAsync<TEntity>(
        this IKubernetesClient client, EntityType<TEntity> type, TEntity entity, string identifier, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(entity);
        return PatchAsync(client, type, entity, FinalizerPatch.Add(entity.Metadata, identifier), cancellationToken);
    }

    /// <summary>Takes a finalizer off; sends nothing when it is not there, and an object that is gone is none to complain about.</summary>
    /// <param name="client">The client.</param>
    /// <param name="type">The kind.</param>
    /// <param name="entity">The object as it was last seen.</param>
    /// <param name="identifier">The finalizer.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The object as stored; as given when it is gone.</returns>
    /// <exception cref="ApiException">It is not what was last seen (<see cref="ApiException.IsConflict"/>), or another refusal.</exception>
    public static async Task<TEntity> DetachFinalizerAsync<TEntity>(
        this IKubernetesClient client, EntityType<TEntity> type, TEntity entity, string identifier, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(entity);
        try
        {
            return await PatchAsync(client, type, entity, FinalizerPatch.Remove(entity.Metadata, identifier), cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return entity;
        }
    }

    private static async Task<TEntity> PatchAsync<TEntity>(
        IKubernetesClient client, EntityType<TEntity> type, TEntity entity, byte[]? patch, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (patch is null)
        {
            return entity;
        }

        try
        {
            return await client.PatchAsync(type, EntityKey.Of(entity), PatchKind.Json, patch, cancellationToken: cancellationToken);
        }
        catch (ApiException exception) when (exception.Code == HttpStatusCode.UnprocessableEntity)
        {
            // A test of the patch failed: the object is not what the cache said. Its newer state comes by the watch; try again then.
            throw new ApiException(HttpStatusCode.Conflict, "Conflict", exception.Message);
        }
    }
}
