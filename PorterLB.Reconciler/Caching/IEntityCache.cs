using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Caching;

/// <summary>
/// The objects of one kind, as last seen by a watch. Reading costs no request. Objects are shared by all readers: never change them.
/// Safe for use by several threads.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IEntityCache<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Whether the first list has arrived. Stays true; a cut watch makes the cache old, not empty.</summary>
    bool HasSynced { get; }

    /// <summary>The object of that key, or null.</summary>
    TEntity? Get(EntityKey key);

    /// <summary>A snapshot of all objects, in no order.</summary>
    IReadOnlyCollection<TEntity> List();

    /// <summary>A snapshot of the objects for which the index gave this value.</summary>
    /// <exception cref="ArgumentException">There is no index of that name.</exception>
    IReadOnlyCollection<TEntity> ByIndex(string index, string value);
}
