using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>A machine whose hellos carry our cluster's tag and a signature that none of our keys made.</summary>
/// <param name="Mac">Where its frames come from.</param>
/// <param name="Node">The name that it gives itself, unproven; null when it is none.</param>
/// <param name="Since">First heard.</param>
/// <param name="Last">Last heard.</param>
internal readonly record struct RefusedSpeaker(MacAddress Mac, string? Node, TimeSpan Since, TimeSpan Last);

/// <summary>Who else is on a segment, as its frames tell: speakers, those that sign with another key, other clusters, plain machines.</summary>
internal sealed class Neighborhood
{
    /// <summary>
    /// Hardware addresses of speakers that are remembered. They come from authenticated hellos, so this bounds what a changing MAC
    /// costs, not what a stranger can do.
    /// </summary>
    private const int SpeakersMax = 1_024;

    /// <summary>These anybody can forge: few are enough to find the node that has another key.</summary>
    private const int RefusedMax = 16;

    private const int ClustersMax = 64;

    /// <summary>Questions at a time: one machine may be down, five at once will not all be.</summary>
    public const int AskedAtOnce = 5;

    /// <summary>A refused speaker of which nothing was heard for this long is gone, or has the right key by now.</summary>
    private static readonly TimeSpan RefusedMemory = TimeSpan.FromSeconds(10);

    /// <summary>A speaker says hello each 100 ms, and is never dead before 200 ms of silence.</summary>
    private static readonly TimeSpan HeardLately = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<MacAddress, (string Node, IPAddress Source)> _speakers = [];
    private readonly ConcurrentDictionary<string, TimeSpan> _heardAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<MacAddress, long> _heardFrom = new();
    private readonly Dictionary<MacAddress, RefusedSpeaker> _refused = [];
    private readonly HashSet<string> _clusters = new(StringComparer.Ordinal);

    public IEnumerable<RefusedSpeaker> Refused => _refused.Values;

    /// <summary>How many they are.</summary>
    public int RefusedCount => _refused.Count;

    /// <summary>How many other clusters' hellos have been heard here.</summary>
    public int OtherClusters => _clusters.Count;

    /// <summary>When <see cref="Forget"/> has something to do.</summary>
    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    /// <summary>The node of the speaker at this hardware address, or null for a stranger.</summary>
    public string? SpeakerAt(MacAddress mac) => _speakers.TryGetValue(mac, out var speaker) ? speaker.Node : null;

    /// <summary>When the last hello of a node's own came, on the machine's clock. Read by any thread.</summary>
    public TimeSpan? HeardAt(string node) => _heardAt.TryGetValue(node, out var at) ? at : null;

    /// <summary>Whether the speaker at this hardware address was heard lately; not if there is none. Read by any thread.</summary>
    public bool IsHeard(MacAddress mac, TimeSpan now) => _heardFrom.TryGetValue(mac, out var at) && now.Ticks - at < HeardLately.Ticks;

    /// <summary>An authenticated hello came from there.</summary>
    public void Heard(MacAddress mac, string node, IPAddress source, TimeSpan now)
    {
        if (_speakers.Count >= SpeakersMax)
        {
            _speakers.Clear();
            _heardFrom.Clear();
        }

        if (_heardAt.Count >= SpeakersMax)
        {
            _heardAt.Clear();
        }

        _heardAt[node] = now;
        _heardFrom[mac] = now.Ticks;
        _speakers[mac] = (node, source);
    }

    /// <summary>A hello of our cluster with a wrong signature came from there.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool Refuse(MacAddress mac, string? node, TimeSpan now)
    {
        var known = _refused.TryGetValue(mac, out var before);
        if (known || _refused.Count < RefusedMax)
        {
            _refused[mac] = new RefusedSpeaker(mac, node, known ? before.Since : now, now);
            NextDeadline = _refused.Values.Min(refused => refused.Last) + RefusedMemory;
        }

        return !known && _refused.ContainsKey(mac);
    }

    /// <summary>Forgets refused speakers that fell silent.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Forget(TimeSpan now)
    {
        if (now < NextDeadline)
        {
            return false;
        }

        foreach (var mac in _refused.Values.Where(refused => now - refused.Last >= RefusedMemory).Select(refused => refused.Mac).ToArray())
        {
            _refused.Remove(mac);
        }

        NextDeadline = _refused.Count == 0 ? TimeSpan.MaxValue : _refused.Values.Min(refused => refused.Last) + RefusedMemory;
        return true;
    }

    /// <summary>A hello of another cluster came.</summary>
    /// <returns>Whether it is that cluster's first.</returns>
    public bool SeeCluster(string tag) => _clusters.Count < ClustersMax && _clusters.Add(tag);

    /// <summary>
    /// Questions for a sign of life: to gateways first, then who asked us last, then the machines of other speakers (whose kernel answers
    /// when the speaker is dead), then what else the kernel knows.
    /// </summary>
    public IEnumerable<byte[]> Questions(LocalInterface on, Routes routes, uint? lastAsker)
    {
        var known = routes.NeighborsOn(on.Index).Where(neighbor => neighbor.Mac != on.Mac).ToArray();
        var candidates = routes.Default()
            .Where(route => route.Interface == on.Index && route.Gateway is not null).Select(route => route.Gateway!)
            .Concat(lastAsker is { } asker ? [AnswerTable.AddressOf(asker)] : [])
            .Concat(_speakers.Values.Select(speaker => speaker.Source))
            .Concat(known.Select(neighbor => neighbor.Address));
        foreach (var address in candidates.Where(address => !address.Equals(IPAddress.Any)).Distinct().Take(AskedAtOnce))
        {
            if (on.SourceFor(address) is { } source)
            {
                var mac = known.Where(neighbor => neighbor.Address.Equals(address)).Select(neighbor => (MacAddress?)neighbor.Mac).FirstOrDefault();
                yield return address.AddressFamily == AddressFamily.InterNetwork
                    ? PreparedFrames.ArpRequest(on.Mac, source, address, mac)
                    : PreparedFrames.Solicitation(on.Mac, source, address, mac);
            }
        }
    }
}
