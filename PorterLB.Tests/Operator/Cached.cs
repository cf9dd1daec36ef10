using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Tests.Operator;

/// <summary>A cache that holds what a test puts into it.</summary>
internal sealed class Cached<TEntity> : IEntityCache<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    public List<TEntity> All { get; } = [];

    public bool HasSynced => true;

    public TEntity? Get(EntityKey key) => All.Find(entity => EntityKey.Of(entity) == key);

    public IReadOnlyCollection<TEntity> List() => All;

    public IReadOnlyCollection<TEntity> ByIndex(string index, string value) => All;
}
