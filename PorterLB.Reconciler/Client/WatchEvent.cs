using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Client;

/// <summary>What a watch says about an object.</summary>
public enum WatchEventType
{
    /// <summary>The object is new, or began to match the selectors.</summary>
    Added,

    /// <summary>The object changed.</summary>
    Modified,

    /// <summary>The object is gone, or no longer matches the selectors.</summary>
    Deleted,

    /// <summary>No object: all changes up to this version have been sent.</summary>
    Bookmark,
}

/// <summary>One line of a watch.</summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
/// <param name="Type">What happened.</param>
/// <param name="ResourceVersion">Where a later watch goes on.</param>
/// <param name="Entity">The object; null for a bookmark, and when it could not be read.</param>
/// <param name="Unreadable">Why there is no object although the event has one.</param>
public readonly record struct WatchEvent<TEntity>(
    WatchEventType Type, string ResourceVersion, TEntity? Entity, UnreadableEntity? Unreadable = null)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>;
