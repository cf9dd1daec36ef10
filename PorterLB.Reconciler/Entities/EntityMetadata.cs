namespace PorterLB.Reconciler.Entities;

/// <summary>How the API server names a kind of entity.</summary>
/// <param name="Kind">The kind, as in <c>Service</c>.</param>
/// <param name="Version">The version, as in <c>v1</c>.</param>
/// <param name="Group">The API group; null or empty is the core.</param>
/// <param name="Plural">The plural in URLs; null is the kind in lower case with an s.</param>
public sealed record EntityMetadata(string Kind, string Version, string? Group = null, string? Plural = null)
{
    /// <summary>The kind of a list of such entities.</summary>
    public string ListKind => $"{Kind}List";

    /// <summary>The singular in lower case.</summary>
    public string SingularName => Kind.ToLowerInvariant();

    /// <summary>The plural in URLs.</summary>
    public string PluralName => (Plural ?? $"{Kind}s").ToLowerInvariant();

    /// <summary>The <c>apiVersion</c>: group and version, or the version alone in the core.</summary>
    public string GroupWithVersion => string.IsNullOrEmpty(Group) ? Version : $"{Group}/{Version}";
}

/// <summary>Whether objects of an entity live in a namespace.</summary>
public enum EntityScope
{
    /// <summary>In a namespace.</summary>
    Namespaced,

    /// <summary>In the cluster as a whole.</summary>
    Cluster,
}
