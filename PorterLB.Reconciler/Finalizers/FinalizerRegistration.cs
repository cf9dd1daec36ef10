using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Finalizers;

/// <summary>A finalizer and the one identifier under which it is put on objects, looked for, and taken off.</summary>
internal sealed record FinalizerRegistration<TEntity>(
    string Identifier, Type Implementation, Func<IServiceProvider, IEntityFinalizer<TEntity>> Resolve)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>;
