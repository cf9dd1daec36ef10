using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Metrics;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;
using PorterLB.Tests.House;

namespace PorterLB.Tests.Speaker.Metrics;

public sealed partial class SpeakerMetricsTests : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, List<(double Value, Dictionary<string, object?> Labels)>> _measured = [];
    private readonly SpeakerMetrics _metrics;

    public SpeakerMetricsTests()
    {
        // Other tests have speakers of their own in this process: only what is published here and now is this one's.
        var here = false;
        var thread = Environment.CurrentManagedThreadId;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (here && Environment.CurrentManagedThreadId == thread)
            {
                _measured.Add(instrument.Name, []);
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, labels, _) => Add(instrument, value, labels));
        _listener.SetMeasurementEventCallback<int>((instrument, value, labels, _) => Add(instrument, value, labels));
        _listener.SetMeasurementEventCallback<double>((instrument, value, labels, _) => Add(instrument, value, labels));
        _listener.Start();
        here = true;
        _metrics = new SpeakerMetrics(() => [], () => SpeakerStatus.Empty, new MachineClock(new FakeTimeProvider()));
        here = false;
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public void The_reference_names_every_metric_and_no_other() =>
        Assert.Equal(
            [.. _measured.Keys.Order(StringComparer.Ordinal)],
            MetricRow().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs/reference/speaker-metrics.md")))
                .Select(row => row.Groups["name"].Value).Order(StringComparer.Ordinal));

    [Fact]
    public void The_reference_names_every_reason_for_which_a_frame_is_dropped()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs/reference/speaker-metrics.md"));
        var reasons = Enum.GetNames<DropReason>().Where(name => name != nameof(DropReason.None) && !name.StartsWith("Hello", StringComparison.Ordinal))
            .Select(name => Capital().Replace(name, "_$0").TrimStart('_').ToLowerInvariant());
        Assert.All(reasons, reason => Assert.Contains($"`{reason}`", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1_000, 1_000)]
    [InlineData(1_001, 1_001)]
    [InlineData(10_000, 1_001)]
    public void A_thousand_addresses_have_a_series_each_and_the_others_one_together(int addresses, int series)
    {
        for (var i = 0; i < addresses; i++)
        {
            _metrics.CountersOf(Address(i)).Responses = 3;
        }

        var measured = Measure("layer2_responses_sent");
        Assert.Equal(series, measured.Count);
        Assert.Equal(3.0 * addresses, measured.Sum(item => item.Value));
        Assert.Equal(series, measured.Select(item => item.Labels["ip"]).Distinct().Count());
        Assert.Equal(addresses > 1_000, measured.Any(item => Equals(item.Labels["ip"], "other")));
    }

    [Fact]
    public void A_released_address_takes_its_series_with_it_and_stays_in_the_totals()
    {
        _metrics.CountersOf(Address(1)).Responses = 3;
        _metrics.CountersOf(Address(2)).Responses = 4;
        _metrics.Keep(new HashSet<IPAddress> { Address(2) });
        Assert.Equal($"{Address(2)}", Assert.Single(Measure("layer2_responses_sent")).Labels["ip"]);
        Assert.Equal(7, _metrics.Totals.Answers);
    }

    [Fact]
    public void Time_unanswered_is_that_of_the_dead_and_not_of_those_who_hand_over()
    {
        _metrics.Unanswered(TimeSpan.FromMilliseconds(400));
        _metrics.Unanswered(TimeSpan.FromMilliseconds(90));
        _metrics.Count(ReportKind.TookOver);
        _metrics.Count(ReportKind.TookOver);
        Assert.Equal(0.4, Assert.Single(Measure("layer2_unanswered_seconds")).Value, 3);
        Assert.Equal(2, Assert.Single(Measure("layer2_takeovers")).Value);
    }

    private static IPAddress Address(int number) => new([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private List<(double Value, Dictionary<string, object?> Labels)> Measure(string name)
    {
        foreach (var before in _measured.Values)
        {
            before.Clear();
        }

        _listener.RecordObservableInstruments();
        return _measured[name];
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> labels) =>
        _measured[instrument.Name].Add((value, new Dictionary<string, object?>(labels.ToArray(), StringComparer.Ordinal)));

    [GeneratedRegex(@"^\| `(?<name>layer2_[a-z0-9_]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MetricRow();

    [GeneratedRegex("[A-Z]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Capital();
}
