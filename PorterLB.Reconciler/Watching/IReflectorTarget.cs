using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;

namespace PorterLB.Reconciler.Watching;

/// <summary>Where a reflector puts what it sees.</summary>
internal interface IReflectorTarget<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>How many objects there are.</summary>
    int Count { get; }

    /// <summary>The object of a key; null when there is none.</summary>
    TEntity? Get(EntityKey key);

    /// <summary>All that there is. What <see cref="Get"/> gave may be among it.</summary>
    void Replace(EntityList<TEntity> list);

    /// <summary>What comes next is older than what was seen: the server's store was brought back from a backup.</summary>
    void WentBack();

    /// <summary>An object is new or changed.</summary>
    void Set(TEntity entity);

    /// <summary>An object is gone; its last state is known.</summary>
    void Remove(TEntity entity);

    /// <summary>An object is gone; its last state could not be read.</summary>
    void Remove(EntityKey key);

    /// <summary>The watch was established, or lost; <paramref name="error"/> says why, or what keeps it from being established.</summary>
    void SetConnected(bool connected, string? error = null);
}
