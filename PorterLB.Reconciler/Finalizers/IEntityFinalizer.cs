using k8s;
using k8s.Models;
using PorterLB.Reconciler.Controllers;

namespace PorterLB.Reconciler.Finalizers;

/// <summary>
/// Cleans up before an object may go. Called while the object is being deleted and carries the identifier of this finalizer, at whatever
/// position. Success without a requeue time takes the identifier off, by a patch that tests for it; success with one means "not yet",
/// and it is asked again then. A failure is tried again for ever.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IEntityFinalizer<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Cleans up. Must be safe to call again.</summary>
    Task<ReconciliationResult<TEntity>> FinalizeAsync(TEntity entity, CancellationToken cancellationToken);
}

/// <summary>Puts the identifier under which <typeparamref name="TImplementation"/> is registered on an object; returns it as stored.</summary>
/// <typeparam name="TImplementation">The finalizer.</typeparam>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public delegate Task<TEntity> EntityFinalizerAttacher<TImplementation, TEntity>(TEntity entity, CancellationToken cancellationToken = default)
    where TImplementation : IEntityFinalizer<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>;
