using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Controllers;

/// <summary>
/// Asks the controllers of a kind to look at an object. An object that is asked for twice is looked at once, at the earlier time.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
/// <param name="entity">The object; only its name counts, its state is read from the cache when its turn comes.</param>
/// <param name="type">Why.</param>
/// <param name="reconciliationTriggerSource">Who asks.</param>
/// <param name="queueIn">After how long; zero or less = at once.</param>
/// <param name="retryCount">Kept for the signature: the queue counts failures itself.</param>
/// <param name="cancellationToken">Gives up before it is queued.</param>
/// <returns>False when no controller takes it: there is none, or this replica does not lead.</returns>
public delegate Task<bool> EntityQueue<in TEntity>(
    TEntity entity,
    ReconciliationType type,
    ReconciliationTriggerSource reconciliationTriggerSource,
    TimeSpan queueIn,
    int retryCount,
    CancellationToken cancellationToken)
    where TEntity : IKubernetesObject<V1ObjectMeta>;
