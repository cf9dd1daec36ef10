using System.Net;

namespace PorterLB.Operator.Election;

/// <summary>An election as it was written.</summary>
internal readonly record struct Election(string? Node, long Epoch);

/// <summary>
/// Which node has which address, and under which epoch: what the leader wrote or read last. Tells a forged annotation from a true one,
/// puts a removed one back, and counts what each node carries.
/// </summary>
internal sealed class ElectionBook
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Election> _elections = [];
    private readonly Dictionary<string, int> _loads = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, Reconsideration> _reconsider = [];
    private readonly Dictionary<IPAddress, Election> _standing = [];
    private long _highest;

    public Election? Of(IPAddress address)
    {
        lock (_lock)
        {
            return _elections.TryGetValue(address, out var election) ? election : null;
        }
    }

    public int LoadOf(string node)
    {
        lock (_lock)
        {
            return _loads.GetValueOrDefault(node);
        }
    }

    public void Set(IPAddress address, Election election)
    {
        lock (_lock)
        {
            Forget(address);
            _elections[address] = election;
            if (election.Node is { } node)
            {
                _loads[node] = _loads.GetValueOrDefault(node) + 1;
            }
        }
    }

    public void Remove(IPAddress address)
    {
        lock (_lock)
        {
            _reconsider.Remove(address);
            _standing.Remove(address);
            Forget(address);
        }
    }

    /// <summary>The election that was last seen to stand on the Service; what is booked may not have been written yet.</summary>
    public Election? StandingOf(IPAddress address)
    {
        lock (_lock)
        {
            return _standing.TryGetValue(address, out var election) ? election : null;
        }
    }

    /// <summary>This election was seen to stand on the Service.</summary>
    public void Stands(IPAddress address, Election election)
    {
        lock (_lock)
        {
            _standing[address] = election;
        }
    }

    /// <summary>The next election of an address may move it although its node may keep it.</summary>
    public void Reconsider(IPAddress address, Reconsideration why)
    {
        lock (_lock)
        {
            if (_reconsider.GetValueOrDefault(address) < why)
            {
                _reconsider[address] = why;
            }
        }
    }

    /// <summary>Whether the next election of an address may move it; said once.</summary>
    public Reconsideration TakeReconsideration(IPAddress address)
    {
        lock (_lock)
        {
            return _reconsider.Remove(address, out var why) ? why : Reconsideration.None;
        }
    }

    /// <summary>Decides and books in one step, so that two Services decided at once do not both take the least loaded node.</summary>
    public Decision Elect(IPAddress address, Func<Election?, Decision> decide)
    {
        lock (_lock)
        {
            Election? before = _elections.TryGetValue(address, out var election) ? election : null;
            var decision = decide(before);
            if (decision.Node != before?.Node || before is null)
            {
                Forget(address);
                _elections[address] = new Election(decision.Node, before?.Epoch ?? 0);
                if (decision.Node is { } node)
                {
                    _loads[node] = _loads.GetValueOrDefault(node) + 1;
                }
            }

            return decision;
        }
    }

    /// <summary>The API server has reached at least this version: an election after it must have a higher epoch than any before.</summary>
    public void Saw(string? resourceVersion)
    {
        if (long.TryParse(resourceVersion, out var version))
        {
            lock (_lock)
            {
                _highest = Math.Max(_highest, version);
            }
        }
    }

    /// <summary>
    /// The epoch of a new election that is based on this version of the Service. Not lower than anything seen: a Service that waited
    /// since before the last holder's election would else be outranked by a holder that is gone.
    /// </summary>
    public long NextEpoch(string resourceVersion)
    {
        Saw(resourceVersion);
        lock (_lock)
        {
            return _highest;
        }
    }

    private void Forget(IPAddress address)
    {
        if (_elections.Remove(address, out var election) && election.Node is { } node && --_loads[node] == 0)
        {
            _loads.Remove(node);
        }
    }
}
