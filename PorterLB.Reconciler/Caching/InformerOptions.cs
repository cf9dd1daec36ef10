using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Caching;

/// <summary>Which objects a cache holds, and how they can be looked up.</summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public sealed class InformerOptions<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Dictionary<string, Func<TEntity, IEnumerable<string>>> _indexes = new(StringComparer.Ordinal);

    /// <summary>Objects of this namespace only; null = of all.</summary>
    public string? Namespace { get; set; }

    /// <summary>A label selector in the API's syntax; null = all.</summary>
    public string? LabelSelector { get; set; }

    /// <summary>A field selector in the API's syntax; null = all.</summary>
    public string? FieldSelector { get; set; }

    /// <summary>
    /// How often every object is handed out again although nothing changed, ± 10 %. It costs no request; it heals what a handler lost.
    /// </summary>
    public TimeSpan ResyncPeriod { get; set; } = TimeSpan.FromHours(10);

    /// <summary>
    /// How often a silent watch is checked against the server's own version of the kind, and opened anew when it is behind; null = never.
    /// For servers that may forget a watch without ending it: Kubernetes 1.20 does that with Services when a watcher was slow, and then
    /// sends neither events nor bookmarks until the watch times out. Only for servers up to 1.20: later ones advance the version without
    /// events. Costs one request without objects per interval, while nothing changes.
    /// </summary>
    public TimeSpan? SilenceCheck { get; set; }

    /// <summary>The indexes added so far.</summary>
    public IReadOnlyDictionary<string, Func<TEntity, IEnumerable<string>>> Indexes => _indexes;

    /// <summary>Makes objects findable by what <paramref name="values"/> gives for each.</summary>
    public InformerOptions<TEntity> AddIndex(string name, Func<TEntity, IEnumerable<string>> values)
    {
        _indexes.Add(name, values);
        return this;
    }
}
