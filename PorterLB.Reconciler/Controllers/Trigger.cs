using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Controllers;

/// <summary>What makes a controller look at objects: changes of another kind, mapped to keys.</summary>
internal abstract class Trigger
{
    /// <summary>The kind that is watched, for the error when it has no informer.</summary>
    public abstract Type EntityType { get; }

    /// <summary>Begins to map; <paramref name="enqueue"/> takes a key and whether the change is a replay.</summary>
    public abstract IDisposable Subscribe(IServiceProvider services, Action<EntityKey, bool> enqueue);
}

internal sealed class OwnerTrigger<TEntity, TOwned>(bool controllerOnly) : Trigger
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
    where TOwned : class, IKubernetesObject<V1ObjectMeta>
{
    public override Type EntityType => typeof(TOwned);

    public override IDisposable Subscribe(IServiceProvider services, Action<EntityKey, bool> enqueue)
    {
        var owner = services.GetRequiredService<EntityType<TEntity>>();
        return new Trigger<TOwned>(delta => ControllerOptions<TEntity>.Both(delta, owned => OwnersOf(owned, owner))).Subscribe(services, enqueue);
    }

    private IEnumerable<EntityKey> OwnersOf(TOwned owned, EntityType<TEntity> owner) =>
        from reference in owned.Metadata.OwnerReferences ?? []
        where reference.Kind == owner.Metadata.Kind
            && GroupOf(reference.ApiVersion) == (owner.Metadata.Group ?? "")
            && (reference.Controller == true || !controllerOnly)
        select new EntityKey(owner.Scope == EntityScope.Cluster ? null : owned.Metadata.NamespaceProperty, reference.Name);

    private static string GroupOf(string? apiVersion) =>
        apiVersion?.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? apiVersion[..slash] : "";
}

internal sealed class Trigger<TOther>(Func<Delta<TOther>, IEnumerable<EntityKey>> map) : Trigger
    where TOther : class, IKubernetesObject<V1ObjectMeta>
{
    public override Type EntityType => typeof(TOther);

    public override IDisposable Subscribe(IServiceProvider services, Action<EntityKey, bool> enqueue) =>
        services.GetRequiredService<Informer<TOther>>().Subscribe(delta =>
        {
            foreach (var key in map(delta))
            {
                enqueue(key, delta.IsReplay);
            }
        });
}
