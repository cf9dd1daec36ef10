using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Caching;

/// <summary>What tells one object from the others of its kind.</summary>
/// <param name="Namespace">Its namespace; null for objects of the cluster.</param>
/// <param name="Name">Its name.</param>
public readonly record struct EntityKey(string? Namespace, string Name)
{
    /// <summary>The key of an object.</summary>
    public static EntityKey Of(IKubernetesObject<V1ObjectMeta> entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        var @namespace = entity.Metadata.NamespaceProperty;
        return new EntityKey(string.IsNullOrEmpty(@namespace) ? null : @namespace, entity.Metadata.Name);
    }

    /// <summary>Reads what <see cref="ToString"/> writes: <c>namespace/name</c> or <c>name</c>.</summary>
    public static EntityKey Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new EntityKey(null, text) : new EntityKey(text[..slash], text[(slash + 1)..]);
    }

    /// <summary><c>namespace/name</c>, or <c>name</c> for objects of the cluster.</summary>
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
