using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Eips;

/// <summary>Keeps the allocator's pools as the Eips say. All are read together, for overlaps and defaults concern several.</summary>
internal sealed class PoolBook(IEntityCache<V1Alpha2Eip> eips, Allocator allocator)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (Mark Mark, string? Problem)> _known = new(StringComparer.Ordinal);
    private HashSet<Mark> _read = [];

    /// <summary>Takes over what changed.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            // Of hundreds of Eips each has its status written once a second: where nothing else changed, not all of them are judged against each
            // other again.
            var objects = eips.List();
            var marks = objects.Select(Mark.Of).ToHashSet();
            if (marks.SetEquals(_read))
            {
                return;
            }

            _read = marks;
            var byName = marks.ToDictionary(mark => mark.Name, StringComparer.Ordinal);
            var pools = EipPools.Of(objects);
            foreach (var pool in pools)
            {
                var now = (byName[pool.Name], pool.Problem);
                if (!_known.TryGetValue(pool.Name, out var before) || before != now)
                {
                    _known[pool.Name] = now;
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

    /// <summary>What changes when a pool may have: the status is written often, by ourselves, and is no part of it.</summary>
    private readonly record struct Mark(string Name, string? Uid, long? Generation, bool Deleting, bool Default)
    {
        public static Mark Of(V1Alpha2Eip eip) =>
            new(eip.Metadata.Name, eip.Metadata.Uid, eip.Metadata.Generation, eip.Metadata.DeletionTimestamp is not null, EipPools.IsDefault(eip));
    }
}
