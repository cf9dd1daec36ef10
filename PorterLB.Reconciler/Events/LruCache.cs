using System.Diagnostics.CodeAnalysis;

namespace PorterLB.Reconciler.Events;

/// <summary>Remembers a bounded number of things; the one not used for longest is forgotten first.</summary>
internal sealed class LruCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = [];

    public int Count => _nodes.Count;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!_nodes.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        _order.Remove(node);
        _order.AddLast(node);
        value = node.Value.Value;
        return true;
    }

    public void Set(TKey key, TValue value)
    {
        if (_nodes.Remove(key, out var old))
        {
            _order.Remove(old);
        }
        else if (_nodes.Count == capacity)
        {
            _nodes.Remove(_order.First!.Value.Key);
            _order.RemoveFirst();
        }

        _nodes.Add(key, _order.AddLast((key, value)));
    }

    public void Remove(TKey key)
    {
        if (_nodes.Remove(key, out var old))
        {
            _order.Remove(old);
        }
    }
}
