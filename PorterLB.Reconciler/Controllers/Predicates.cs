using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Reconciler.Controllers;

/// <summary>
/// The usual answers to "does this change matter?". Each lets additions and deletions pass and judges updates alone.
/// </summary>
public static class Predicates
{
    /// <summary>The spec changed. For kinds that count generations: Services and Nodes do not, for them nothing ever passes.</summary>
    public static bool GenerationChanged<TEntity>(Delta<TEntity> delta)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Updated(delta, (old, @new) => old.Generation != @new.Generation);

    /// <summary>Anything changed: resyncs and unchanged objects of a relist are left out.</summary>
    public static bool ResourceVersionChanged<TEntity>(Delta<TEntity> delta)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Updated(delta, (old, @new) => old.ResourceVersion != @new.ResourceVersion);

    /// <summary>An annotation changed.</summary>
    public static bool AnnotationChanged<TEntity>(Delta<TEntity> delta)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Updated(delta, (old, @new) => !Same(old.Annotations, @new.Annotations));

    /// <summary>A label changed.</summary>
    public static bool LabelChanged<TEntity>(Delta<TEntity> delta)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Updated(delta, (old, @new) => !Same(old.Labels, @new.Labels));

    /// <summary>The object is being deleted since this change: no spec changes then, and a controller must see it all the same.</summary>
    public static bool DeletionBegan<TEntity>(Delta<TEntity> delta)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Updated(delta, (old, @new) => old.DeletionTimestamp is null && @new.DeletionTimestamp is not null);

    /// <summary>Both say yes.</summary>
    public static Predicate<Delta<TEntity>> And<TEntity>(this Predicate<Delta<TEntity>> one, Predicate<Delta<TEntity>> other)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        delta => one(delta) && other(delta);

    /// <summary>One of them says yes.</summary>
    public static Predicate<Delta<TEntity>> Or<TEntity>(this Predicate<Delta<TEntity>> one, Predicate<Delta<TEntity>> other)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        delta => one(delta) || other(delta);

    /// <summary>It says no.</summary>
    public static Predicate<Delta<TEntity>> Not<TEntity>(this Predicate<Delta<TEntity>> one)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        delta => !one(delta);

    private static bool Updated<TEntity>(Delta<TEntity> delta, Func<V1ObjectMeta, V1ObjectMeta, bool> changed)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(delta);
        return delta.Old is null || delta.New is null || changed(delta.Old.Metadata, delta.New.Metadata);
    }

    private static bool Same(IDictionary<string, string>? one, IDictionary<string, string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0)
        && (one is null || one.All(pair => other!.TryGetValue(pair.Key, out var value) && value == pair.Value));
}
