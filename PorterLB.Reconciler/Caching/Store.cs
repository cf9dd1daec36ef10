using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Caching;

/// <summary>
/// Objects by key, with indexes. One writer, many readers; a reader sees objects and indexes of one moment. Snapshots are made when
/// asked for and kept until the next write, so that reading again costs nothing.
/// </summary>
internal sealed class Store<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TEntity[] Nothing = [];

    private readonly Lock _lock = new();
    private readonly Dictionary<EntityKey, TEntity> _items = [];
    private readonly Dictionary<string, Index> _indexes = new(StringComparer.Ordinal);
    private TEntity[]? _snapshot;

    public Store(IReadOnlyDictionary<string, Func<TEntity, IEnumerable<string>>> indexes)
    {
        foreach (var (name, values) in indexes)
        {
            _indexes.Add(name, new Index(values));
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _items.Count;
            }
        }
    }

    public TEntity? Get(EntityKey key)
    {
        lock (_lock)
        {
            return _items.GetValueOrDefault(key);
        }
    }

    public TEntity[] List()
    {
        lock (_lock)
        {
            return _snapshot ??= _items.Count == 0 ? Nothing : [.. _items.Values];
        }
    }

    public TEntity[] ByIndex(string index, string value)
    {
        lock (_lock)
        {
            if (!_indexes.TryGetValue(index, out var found))
            {
                throw new ArgumentException(
                    $"There is no index '{index}' of {typeof(TEntity).Name}; there are: {string.Join(", ", _indexes.Keys)}.", nameof(index));
            }

            return found.Find(value, _items);
        }
    }

    /// <summary>Adds an index over what is stored already.</summary>
    public void AddIndex(string name, Func<TEntity, IEnumerable<string>> values)
    {
        lock (_lock)
        {
            var index = new Index(values);
            foreach (var (key, item) in _items)
            {
                index.Add(key, item);
            }

            _indexes.Add(name, index);
        }
    }

    /// <summary>Stores an object; returns the one that was there before.</summary>
    public TEntity? Set(EntityKey key, TEntity item)
    {
        lock (_lock)
        {
            return SetLocked(key, item);
        }
    }

    /// <summary>Takes an object out; returns it, or null when it was not there.</summary>
    public TEntity? Remove(EntityKey key)
    {
        lock (_lock)
        {
            if (!_items.Remove(key, out var old))
            {
                return null;
            }

            _snapshot = null;
            foreach (var index in _indexes.Values)
            {
                index.Remove(key, old);
            }

            return old;
        }
    }

    /// <summary>
    /// Replaces all objects in one step: no reader sees a part of it. Objects named in <paramref name="keep"/> stay as they are.
    /// Returns what changed, deletions first, so that whatever they free is free for the others.
    /// </summary>
    public List<Delta<TEntity>> Replace(IReadOnlyCollection<TEntity> items, IReadOnlySet<EntityKey> keep)
    {
        lock (_lock)
        {
            var arrived = new Dictionary<EntityKey, TEntity>(items.Count);
            foreach (var item in items)
            {
                arrived[EntityKey.Of(item)] = item;
            }

            var deltas = new List<Delta<TEntity>>();
            foreach (var key in _items.Keys.Where(key => !arrived.ContainsKey(key) && !keep.Contains(key)).ToList())
            {
                _items.Remove(key, out var old);
                foreach (var index in _indexes.Values)
                {
                    index.Remove(key, old!);
                }

                deltas.Add(new Delta<TEntity>(old, null));
            }

            foreach (var (key, item) in arrived)
            {
                var old = _items.GetValueOrDefault(key);
                if (old?.Metadata.ResourceVersion != item.Metadata.ResourceVersion)
                {
                    SetLocked(key, item);
                    deltas.Add(new Delta<TEntity>(old, item));
                }
            }

            _snapshot = null;
            return deltas;
        }
    }

    private TEntity? SetLocked(EntityKey key, TEntity item)
    {
        var old = _items.GetValueOrDefault(key);
        foreach (var index in _indexes.Values)
        {
            if (old is not null)
            {
                index.Remove(key, old);
            }

            index.Add(key, item);
        }

        _items[key] = item;
        _snapshot = null;
        return old;
    }

    private sealed class Index(Func<TEntity, IEnumerable<string>> values)
    {
        private readonly Dictionary<string, HashSet<EntityKey>> _keys = new(StringComparer.Ordinal);

        public void Add(EntityKey key, TEntity item)
        {
            foreach (var value in values(item))
            {
                if (!_keys.TryGetValue(value, out var keys))
                {
                    _keys.Add(value, keys = []);
                }

                keys.Add(key);
            }
        }

        public void Remove(EntityKey key, TEntity item)
        {
            foreach (var value in values(item))
            {
                if (_keys.TryGetValue(value, out var keys) && keys.Remove(key) && keys.Count == 0)
                {
                    _keys.Remove(value);
                }
            }
        }

        public TEntity[] Find(string value, Dictionary<EntityKey, TEntity> items)
        {
            if (!_keys.TryGetValue(value, out var keys))
            {
                return Nothing;
            }

            var found = new TEntity[keys.Count];
            var i = 0;
            foreach (var key in keys)
            {
                found[i++] = items[key];
            }

            return found;
        }
    }
}
