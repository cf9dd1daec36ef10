using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Metrics;

/// <summary>
/// What can be counted, under the meter "PorterLB": an exporter that puts the meter's name first makes porterlb_layer2_… of
/// them, where MetalLB's users know metallb_layer2_…. Nothing
/// here is touched by the capture threads: they add to plain numbers, which are read when somebody asks.
/// </summary>
internal sealed class SpeakerMetrics : IDisposable
{
    public const string MeterName = "PorterLB";

    /// <summary>More addresses than these are summed under "other": a series each would cost more than the addresses.</summary>
    private const int AddressesMax = 1_000;

    /// <summary>More peers than these have no age of their own: a segment carries some hundred speakers.</summary>
    private const int PeersMax = 128;

    /// <summary>A holder heard more lately than this was alive when it was replaced.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(250);

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<IPAddress, AddressCounters> _addresses = new();
    private static readonly DropReason[] RefusedHellos =
        [DropReason.HelloFragmented, DropReason.HelloVersion, DropReason.HelloSignature, DropReason.HelloMalformed, DropReason.HopLimit];

    private long _goneResponses;
    private long _goneGratuitous;
    private long _takeovers;
    private long _conflicts;
    private long _stalls;
    private double _unanswered;
    private readonly Func<IEnumerable<Segment>> _segments;
    private readonly Func<SpeakerStatus> _status;
    private readonly MachineClock _clock;

    public SpeakerMetrics(Func<IEnumerable<Segment>> segments, Func<SpeakerStatus> status, MachineClock clock)
    {
        _clock = clock;
        _segments = segments;
        _status = status;
        _meter.CreateObservableCounter(
            "layer2_requests_received", () => PerAddress(counters => counters.Requests), description: "ARP requests and neighbour solicitations for an address while it was held here");
        _meter.CreateObservableCounter(
            "layer2_responses_sent", () => PerAddress(counters => counters.Responses), description: "Answers sent for an address");
        _meter.CreateObservableCounter(
            "layer2_gratuitous_sent", () => PerAddress(counters => counters.Gratuitous), description: "Gratuitous announcements sent for an address");
        _meter.CreateObservableCounter("layer2_frames_dropped", FramesDropped, description: "Captured frames that got no answer, by reason");
        _meter.CreateObservableGauge("layer2_addresses_announced", AddressesAnnounced, description: "Addresses answered for, by interface");
        _meter.CreateObservableGauge("layer2_peers_alive", PeersAlive, description: "Other speakers alive, by interface");
        _meter.CreateObservableGauge("layer2_hello_age_seconds", HelloAges, unit: null, description: "Time since the last hello of another speaker, by interface and peer");
        _meter.CreateObservableGauge("layer2_wrong_keys", () => Each(segment => segment.Neighbors.RefusedCount), description: "Speakers of this cluster heard lately that sign with another key, by interface");
        _meter.CreateObservableGauge("layer2_neighbor_clusters", () => Each(segment => segment.Neighbors.OtherClusters), description: "Other clusters heard, by interface");

        // Observed rather than counted: exporters forget a counter that nothing was added to for some minutes.
        _meter.CreateObservableCounter("layer2_unanswered_seconds", () => Volatile.Read(ref _unanswered), description: "Time for which addresses taken over here may have been without an answer: since the last hello of their holder");
        _meter.CreateObservableCounter("layer2_takeovers", () => Volatile.Read(ref _takeovers), description: "Addresses taken over from a dead, deaf or leaving node");
        _meter.CreateObservableCounter("layer2_conflicts", () => Volatile.Read(ref _conflicts), description: "Times that a stranger answered for one of our addresses");
        _meter.CreateObservableCounter("layer2_stalls", () => Volatile.Read(ref _stalls), description: "Times that the loop did not run for longer than the dead-after time");
    }

    public AddressCounters CountersOf(IPAddress address) => _addresses.GetOrAdd(address, static _ => new AddressCounters());

    /// <summary>A released address takes its series with it; in the totals it stays.</summary>
    public void Keep(IReadOnlySet<IPAddress> addresses)
    {
        foreach (var gone in _addresses.Keys.Where(address => !addresses.Contains(address)))
        {
            if (_addresses.TryRemove(gone, out var counters))
            {
                _goneResponses += counters.Responses;
                _goneGratuitous += counters.Gratuitous;
            }
        }
    }

    /// <summary>What was done since the start. Read by any thread.</summary>
    public SpeakerTotals Totals => new(
        Volatile.Read(ref _goneResponses) + _addresses.Values.Sum(counters => counters.Responses),
        Volatile.Read(ref _goneGratuitous) + _addresses.Values.Sum(counters => counters.Gratuitous),
        Volatile.Read(ref _takeovers),
        _segments().Sum(segment => RefusedHellos.Sum(reason => segment.Drops[(int)reason])));

    /// <summary>
    /// An address was taken over from a holder whose last hello came this long ago. A planned hand-over has no silence: the holder says
    /// that it leaves, and is heard till the end.
    /// </summary>
    public void Unanswered(TimeSpan since)
    {
        if (since >= Silence)
        {
            Volatile.Write(ref _unanswered, _unanswered + since.TotalSeconds);
        }
    }

    public void Count(ReportKind kind)
    {
        switch (kind)
        {
            case ReportKind.TookOver:
                Interlocked.Increment(ref _takeovers);
                break;
            case ReportKind.ConflictRefused or ReportKind.ConflictDefended:
                Interlocked.Increment(ref _conflicts);
                break;
            case ReportKind.Stalled:
                Interlocked.Increment(ref _stalls);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> PerAddress(Func<AddressCounters, long> value)
    {
        var measured = 0;
        long? other = null;
        foreach (var (address, counters) in _addresses)
        {
            if (measured++ < AddressesMax)
            {
                yield return new Measurement<long>(value(counters), new KeyValuePair<string, object?>("ip", address.ToString()));
            }
            else
            {
                other = (other ?? 0) + value(counters);
            }
        }

        if (other is { } sum)
        {
            yield return new Measurement<long>(sum, new KeyValuePair<string, object?>("ip", "other"));
        }
    }

    private IEnumerable<Measurement<long>> FramesDropped()
    {
        foreach (var segment in _segments())
        {
            foreach (var reason in Enum.GetValues<DropReason>())
            {
                if (reason != DropReason.None && segment.Drops[(int)reason] is > 0 and var count)
                {
                    yield return new Measurement<long>(count, On(segment.Interface.Name), new("reason", SnakeCase(reason.ToString())));
                }
            }
        }
    }

    private IEnumerable<Measurement<int>> AddressesAnnounced() =>
        _status().Announced.GroupBy(address => address.Interface, StringComparer.Ordinal).Select(group => new Measurement<int>(group.Count(), On(group.Key)));

    private IEnumerable<Measurement<int>> PeersAlive() =>
        _status().Peers.GroupBy(peer => peer.Interface, StringComparer.Ordinal)
            .Select(group => new Measurement<int>(group.Count(peer => peer.Alive), On(group.Key)));

    private IEnumerable<Measurement<double>> HelloAges()
    {
        var now = _clock.Now;
        var segments = _segments().DistinctBy(segment => segment.Interface.Name).ToDictionary(segment => segment.Interface.Name, StringComparer.Ordinal);
        foreach (var peer in _status().Peers.Take(PeersMax))
        {
            if (segments.TryGetValue(peer.Interface, out var segment) && segment.Neighbors.HeardAt(peer.Node) is { } at)
            {
                yield return new Measurement<double>(Math.Max(0, (now - at).TotalSeconds), On(peer.Interface), new("peer", peer.Node));
            }
        }
    }

    private IEnumerable<Measurement<int>> Each(Func<Segment, int> value) => _segments().Select(segment => new Measurement<int>(value(segment), On(segment.Interface.Name)));

    private static KeyValuePair<string, object?> On(string name) => new("interface", name);

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, at) => char.IsUpper(letter) && at > 0 ? $"_{char.ToLowerInvariant(letter)}" : char.ToLowerInvariant(letter).ToString()));
}
