using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Client;

/// <summary>A list as the server gave it.</summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
/// <param name="Items">The objects that could be read.</param>
/// <param name="ResourceVersion">The version of the whole list: where a watch goes on.</param>
/// <param name="Unreadable">The objects that are there but could not be read.</param>
public sealed record EntityList<TEntity>(
    IReadOnlyList<TEntity> Items, string ResourceVersion, IReadOnlyList<UnreadableEntity> Unreadable)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>;
