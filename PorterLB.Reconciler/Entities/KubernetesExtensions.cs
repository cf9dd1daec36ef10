using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Entities;

/// <summary>What is often said of an object and its metadata. More of the kind is in <see cref="ModelExtensions"/>.</summary>
public static class KubernetesExtensions
{
    /// <summary>Sets the version that an update must find on the server; returns the same object.</summary>
    public static TEntity WithResourceVersion<TEntity>(this TEntity entity, string resourceVersion)
        where TEntity : IKubernetesObject<V1ObjectMeta>
    {
        entity.EnsureMetadata().ResourceVersion = resourceVersion;
        return entity;
    }

    /// <summary>Takes the version over from another state of the object; returns the same object.</summary>
    public static TEntity WithResourceVersion<TEntity>(this TEntity entity, TEntity other)
        where TEntity : IKubernetesObject<V1ObjectMeta> =>
        entity.WithResourceVersion(other.ResourceVersion());

    /// <summary>
    /// Says whose an object is: when the owner goes, the cluster deletes it too. Said once, however often it is called. Returns the same
    /// object. Owner and owned are in one namespace, or the owner is of the cluster.
    /// </summary>
    public static TEntity WithOwnerReference<TEntity>(this TEntity entity, IKubernetesObject<V1ObjectMeta> owner)
        where TEntity : IKubernetesObject<V1ObjectMeta>
    {
        if (entity.FindOwnerReference(owner) < 0)
        {
            entity.AddOwnerReference(owner.MakeOwnerReference());
        }

        return entity;
    }

    /// <summary>An object, as an owner is named.</summary>
    /// <exception cref="ArgumentException">The object has no uid: it was never on the server.</exception>
    public static V1OwnerReference MakeOwnerReference(this IKubernetesObject<V1ObjectMeta> entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        if (string.IsNullOrEmpty(entity.Uid()))
        {
            throw new ArgumentException($"{entity.Kind} '{entity.Name()}' has no uid: create it, and name what the server answered as the owner.", nameof(entity));
        }

        return new()
        {
            ApiVersion = entity.ApiVersion,
            Kind = entity.Kind,
            Name = entity.Name(),
            Uid = entity.Uid(),
        };
    }

    /// <summary>An object, as an Event or a status names it.</summary>
    public static V1ObjectReference MakeObjectReference(this IKubernetesObject<V1ObjectMeta> entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return new()
        {
            ApiVersion = entity.ApiVersion,
            Kind = entity.Kind,
            Name = entity.Name(),
            NamespaceProperty = entity.Namespace(),
            ResourceVersion = entity.ResourceVersion(),
            Uid = entity.Uid(),
        };
    }
}
