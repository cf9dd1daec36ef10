namespace PorterLB.Operator.Election;

/// <summary>
/// Which nodes joined or came back: usable for a while without a break, and not known so before. What is there when the manager starts
/// has joined long ago.
/// </summary>
internal sealed class NodeJoins(TimeProvider time)
{
    /// <summary>A node that comes and goes would else have its addresses moved with every turn.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, State> _nodes = new(StringComparer.Ordinal);
    private bool _begun;

    /// <summary>Compares with what was before.</summary>
    /// <param name="usable">The nodes that may be used now, each with its labels as text: one that is labelled anew joins anew.</param>
    /// <returns>Those that have joined since this was asked last.</returns>
    public IReadOnlyList<string> Saw(IEnumerable<(string Node, string Labels)> usable)
    {
        var now = usable.ToDictionary(node => node.Node, node => node.Labels, StringComparer.Ordinal);
        foreach (var gone in _nodes.Keys.Where(node => !now.ContainsKey(node)).ToArray())
        {
            _nodes.Remove(gone);
        }

        var joined = new List<string>();
        foreach (var (node, labels) in now)
        {
            if (!_nodes.TryGetValue(node, out var state) || state.Labels != labels)
            {
                _nodes[node] = new State(labels, time.GetTimestamp(), Told: !_begun);
            }
            else if (!state.Told && time.GetElapsedTime(state.Since) >= Settled)
            {
                _nodes[node] = state with { Told = true };
                joined.Add(node);
            }
        }

        _begun = true;
        return joined;
    }

    private readonly record struct State(string Labels, long Since, bool Told);
}
