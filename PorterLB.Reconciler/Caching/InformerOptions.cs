using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

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
    /// Other kinds as which a server may have the same objects, the better first: older versions, or what came before. They are tried
    /// when the server does not have the informer's own kind, and left again when a server that was upgraded has a better one; the cache
    /// then changes from the one to the other in one step.
    /// </summary>
    public IList<EntityType<TEntity>> AlsoServedAs { get; } = [];

    /// <summary>
    /// Asked whenever a watch is opened: whether it is checked, while it is silent, against the server's own version of the kind. After one
    /// that is behind all are listed anew, or, where little came since, it goes on where it stood. First a tenth of a second after an event, then
    /// ever more seldom, at last as often as this says; null = never. For servers that may forget a watch without ending it, as Kubernetes
    /// 1.20 does with Services when a watcher was slow: it then sends neither events nor bookmarks until the watch times out. Not for
    /// servers from 1.21 on, whose version advances without events. Each check is a request for no object.
    /// </summary>
    public Func<TimeSpan?>? SilenceCheck { get; set; }

    /// <summary>The indexes added so far.</summary>
    public IReadOnlyDictionary<string, Func<TEntity, IEnumerable<string>>> Indexes => _indexes;

    /// <summary>Makes objects findable by what <paramref name="values"/> gives for each.</summary>
    public InformerOptions<TEntity> AddIndex(string name, Func<TEntity, IEnumerable<string>> values)
    {
        _indexes.Add(name, values);
        return this;
    }
}
