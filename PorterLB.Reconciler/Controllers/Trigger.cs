using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Reconciler.Controllers;

/// <summary>What makes a controller look at objects: changes of another kind, mapped to keys.</summary>
internal abstract class Trigger
{
    /// <summary>The kind that is watched, for the error when it has no informer.</summary>
    public abstract Type EntityType { get; }

    /// <summary>Begins to map; <paramref name="enqueue"/> takes a key and whether the change is a replay.</summary>
    public abstract IDisposable Subscribe(IServiceProvider services, Action<EntityKey, bool> enqueue);
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
