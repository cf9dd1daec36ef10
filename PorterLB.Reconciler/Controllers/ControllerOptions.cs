using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Reconciler.Controllers;

/// <summary>When a controller is called.</summary>
/// <typeparam name="TEntity">The kind of object that it reconciles.</typeparam>
public sealed class ControllerOptions<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly List<Trigger> _triggers = [];

    /// <summary>Its name in logs and metrics; null = the lower-case kind.</summary>
    public string? Name { get; set; }

    /// <summary>How many objects may be reconciled at once; the same one never is. Null = what the operator's settings say (1).</summary>
    public int? MaxConcurrentReconciles { get; set; }

    /// <summary>Which changes of the object itself count; null = all. <see cref="Predicates"/> has the usual ones.</summary>
    public Predicate<Delta<TEntity>>? Predicate { get; set; }

    /// <summary>
    /// Whether the controller and its finalizers promise not to change the objects that they are given. They then get the cache's own,
    /// which others read at the same time; else a copy of each, which costs its JSON written and read.
    /// </summary>
    public bool SharesCachedObjects { get; set; }

    /// <summary>After how long a single run is cancelled; null = never.</summary>
    public TimeSpan? ReconcileTimeout { get; set; }

    internal IReadOnlyList<Trigger> Triggers => _triggers;

    /// <summary>
    /// Reconciles also when objects of another kind change. A change often touches two objects: map <see cref="Delta{TEntity}.Old"/> and
    /// <see cref="Delta{TEntity}.New"/> both, or use <see cref="WatchesEach"/>.
    /// </summary>
    /// <typeparam name="TOther">The other kind; it needs an informer.</typeparam>
    /// <param name="map">Which objects a change touches.</param>
    public ControllerOptions<TEntity> Watches<TOther>(Func<Delta<TOther>, IEnumerable<EntityKey>> map)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(map);
        _triggers.Add(new Trigger<TOther>(map));
        return this;
    }

    /// <summary>Reconciles also when objects of another kind change: those that the old state names, and those that the new one names.</summary>
    /// <typeparam name="TOther">The other kind; it needs an informer.</typeparam>
    /// <param name="map">Which objects an object names.</param>
    public ControllerOptions<TEntity> WatchesEach<TOther>(Func<TOther, IEnumerable<EntityKey>> map)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(map);
        return Watches<TOther>(delta => Both(delta, map));
    }

    /// <summary>
    /// Reconciles also when an object changes, or goes, that names one of ours as its owner. The owner is known by group, kind and name;
    /// its version and uid are left out, so that an owned object follows its owner through an upgrade and a re-creation.
    /// </summary>
    /// <typeparam name="TOwned">The kind that is owned; it needs an informer.</typeparam>
    /// <param name="controllerOnly">Whether only owners count that are marked <c>controller: true</c>.</param>
    public ControllerOptions<TEntity> Owns<TOwned>(bool controllerOnly = false)
        where TOwned : class, IKubernetesObject<V1ObjectMeta>
    {
        _triggers.Add(new OwnerTrigger<TEntity, TOwned>(controllerOnly));
        return this;
    }

    internal static IEnumerable<EntityKey> Both<TOther>(Delta<TOther> delta, Func<TOther, IEnumerable<EntityKey>> map)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        if (delta.Old is not null)
        {
            foreach (var key in map(delta.Old))
            {
                yield return key;
            }
        }

        if (delta.New is not null && !ReferenceEquals(delta.New, delta.Old))
        {
            foreach (var key in map(delta.New))
            {
                yield return key;
            }
        }
    }
}
