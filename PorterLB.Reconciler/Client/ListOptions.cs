namespace PorterLB.Reconciler.Client;

/// <summary>Which objects a list or a watch is about.</summary>
public sealed record ListOptions
{
    /// <summary>Objects of this namespace only; null = of all.</summary>
    public string? Namespace { get; init; }

    /// <summary>A label selector in the API's syntax, as <c>app=web,tier!=cache</c>; null = all.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>A field selector in the API's syntax, as <c>metadata.name=lan</c>; null = all.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>
    /// How fresh a list must be: null = the newest (asks etcd, in pages), <c>0</c> = whatever the server has at hand,
    /// else at least this version.
    /// </summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Objects per page of a list, where the server gives pages. 0 = all at once.</summary>
    public int PageSize { get; init; } = 500;
}
