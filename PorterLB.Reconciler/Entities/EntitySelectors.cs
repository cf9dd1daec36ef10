using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Entities;

/// <summary>
/// Which objects of a kind the operator sees, by their labels. Asked for once, before the first list; what it leaves out is neither
/// cached nor reconciled. Register it with the controller: <c>AddControllerWithLabelSelector</c>.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IEntityLabelSelector<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>A label selector in the API's syntax, as <c>app=web,tier!=cache</c>; null = all.</summary>
    ValueTask<string?> GetLabelSelectorAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Which objects of a kind the operator sees, by those fields that the server can select on. Asked for once, before the first list.
/// Register it with the controller: <c>AddControllerWithFieldSelector</c>.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public interface IEntityFieldSelector<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>A field selector in the API's syntax, as <c>metadata.name=lan</c>; null = all.</summary>
    ValueTask<string?> GetFieldSelectorAsync(CancellationToken cancellationToken);
}
