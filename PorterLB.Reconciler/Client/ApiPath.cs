using System.Text;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>Where objects live on the API server.</summary>
internal static class ApiPath
{
    /// <summary>All objects of a kind, in a namespace or in all.</summary>
    public static string Of<TEntity>(EntityType<TEntity> type, string? @namespace)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = new StringBuilder(string.IsNullOrEmpty(type.Metadata.Group) ? "/api/" : "/apis/").Append(type.Metadata.GroupWithVersion);
        if (type.Scope == EntityScope.Namespaced && @namespace is not null)
        {
            path.Append("/namespaces/").Append(Uri.EscapeDataString(@namespace));
        }

        return path.Append('/').Append(type.Metadata.PluralName).ToString();
    }

    /// <summary>One object, or a subresource of it.</summary>
    public static string Of<TEntity>(EntityType<TEntity> type, EntityKey key, string? subresource = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (type.Scope == EntityScope.Namespaced && key.Namespace is null)
        {
            throw new ArgumentException($"{type.Metadata.Kind} '{key.Name}' lives in a namespace, and none is given.", nameof(key));
        }

        var path = $"{Of(type, key.Namespace)}/{Uri.EscapeDataString(key.Name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <summary>A path with those parameters that have a value.</summary>
    public static string WithQuery(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var text = new StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                text.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }
        }

        return text.ToString();
    }
}
