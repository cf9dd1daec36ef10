using System.Collections.Immutable;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Eips;

/// <summary>Keeps the allocator's pools as the Eips say. All are read together, for overlaps and defaults concern several.</summary>
internal sealed class PoolBook(IEntityCache<V1Alpha2Eip> eips, Allocator allocator)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>Takes over what changed.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            var objects = eips.List();
            var versions = objects.ToDictionary(eip => eip.Metadata.Name, eip => eip.Metadata.Generation, StringComparer.Ordinal);
            var pools = EipPools.Of(objects);
            foreach (var pool in pools)
            {
                // The status is written often, by ourselves; what makes the pool is not.
                var mark = $"{versions[pool.Name]} {pool.Deleting} {pool.IsDefault} {pool.Problem}";
                if (_known.GetValueOrDefault(pool.Name) != mark)
                {
                    _known[pool.Name] = mark;
                    allocator.Put(pool);
                }
            }

            foreach (var name in _known.Keys.Except(pools.Select(pool => pool.Name), StringComparer.Ordinal).ToArray())
            {
                _known.Remove(name);
                allocator.Remove(name);
            }
        }
    }
}
