using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Controllers;

/// <summary>
/// Brings the world in line with an object. Called with the newest known state, never twice at once for the same object, again after
/// a failure, and at any time without a change: look at what is, not at what happened. The object is the caller's to change, unless
/// <see cref="ControllerOptions{TEntity}.SharesCachedObjects"/> says otherwise. A new instance per call, in a scope of its own,
/// unless registered otherwise.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IEntityController<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The object exists. What is thrown counts as a failure.</summary>
    Task<ReconciliationResult<TEntity>> ReconcileAsync(TEntity entity, CancellationToken cancellationToken);

    /// <summary>
    /// The object is gone; the last state that was seen is handed in. Objects deleted while nobody watched are not reported:
    /// what must not be missed takes a finalizer.
    /// </summary>
    Task<ReconciliationResult<TEntity>> DeletedAsync(TEntity entity, CancellationToken cancellationToken);
}
