namespace PorterLB.Speaker.Loop;

/// <summary>How often each of some things occurs.</summary>
internal sealed class Tally<T>
    where T : class
{
    private readonly Dictionary<T, int> _counts = [];

    /// <summary>How many different ones there are.</summary>
    public int Count => _counts.Count;

    /// <summary>Those that occur at all, each once.</summary>
    public IReadOnlyCollection<T> All => _counts.Keys;

    public bool Contains(T item) => _counts.ContainsKey(item);

    /// <summary>Counts more of a thing, or fewer; of nothing, none.</summary>
    public void Add(T? item, int times)
    {
        if (item is not null && (_counts[item] = _counts.GetValueOrDefault(item) + times) == 0)
        {
            _counts.Remove(item);
        }
    }
}
