namespace PorterLB.Reconciler.Controllers;

/// <summary>Which changes of an object call its controller, where the controller does not say it by a predicate of its own.</summary>
public enum ReconcileStrategy
{
    /// <summary>
    /// A new <c>metadata.generation</c>, or the begin of a deletion. Labels, annotations and status count for nothing; Services and Nodes,
    /// which have no generation, are then seen once and never again.
    /// </summary>
    ByGeneration,

    /// <summary>Every change, and from time to time none (a resync).</summary>
    ByResourceVersion,
}

/// <summary>How many objects a controller reconciles at once, where it does not say so itself.</summary>
public sealed record ParallelReconciliationOptions
{
    /// <summary>How many; the same object never is at work twice.</summary>
    public int MaxParallelReconciliations { get; init; } = 1;
}
