using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Caching;

/// <summary>
/// A change of the cache. Deltas of one object come in order; steps in between may be left out, so a handler compares
/// <paramref name="Old"/> and <paramref name="New"/> and assumes nothing else.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
/// <param name="Old">What the cache held; null = added.</param>
/// <param name="New">What it holds now; null = deleted. The same instance as <paramref name="Old"/> in a resync.</param>
public sealed record Delta<TEntity>(TEntity? Old, TEntity? New)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// True for the objects of the first list and of a resync: nothing happened just now, so real changes go first. (Of what a later list
    /// finds unchanged nobody is told.)
    /// </summary>
    public bool IsReplay { get; init; }

    /// <summary>The newest state that is known: the new object, or the old one when it was deleted.</summary>
    public TEntity Latest => New ?? Old ?? throw new InvalidOperationException("A delta has an old or a new object.");

    /// <summary>Which object changed.</summary>
    public EntityKey Key => EntityKey.Of(Latest);
}
