using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json.Serialization;

namespace PorterLB.Lab.Probing;

/// <summary>One probe: a flow of its own. Times are nanoseconds on the machine's monotonic clock, the same for all its processes.</summary>
/// <param name="Sent">When it was sent.</param>
/// <param name="Answered">When the datagram's answer came, or the connection stood; null when it did not in time.</param>
/// <param name="Who">The name in the answer; null when a connection stood and broke before it.</param>
public sealed record ProbeSample(long Sent, long? Answered, string? Who);

/// <summary>All probes of one kind to one address, in the order sent.</summary>
public sealed record ProbedFlow(string Target, string Protocol, ImmutableArray<ProbeSample> Samples)
{
    [JsonIgnore]
    public int Lost => Samples.Count(sample => sample.Answered is null);

    /// <summary>
    /// Connections that stood and broke before their answer: open at the moment when the address moved, and so lost with the node that
    /// had their state. No promise is made for them.
    /// </summary>
    [JsonIgnore]
    public int Broken => Samples.Count(sample => sample is { Answered: not null, Who: null });

    /// <summary>Who answered, and how often.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, int> Answerers => Samples.Where(sample => sample.Who is not null)
        .CountBy(sample => sample.Who!, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>
    /// From the last answered probe before a run of lost ones to the first answered after it, the longest of these; zero when nothing was
    /// lost. A run that never ends counts to the last probe.
    /// </summary>
    [JsonIgnore]
    public TimeSpan LongestSilence
    {
        get
        {
            long longest = 0;
            for (var i = 0; i < Samples.Length; i++)
            {
                if (Samples[i].Answered is not null)
                {
                    continue;
                }

                var from = Samples[Math.Max(0, i - 1)].Sent;
                while (i < Samples.Length - 1 && Samples[i].Answered is null)
                {
                    i++;
                }

                longest = Math.Max(longest, Samples[i].Sent - from);
            }

            return TimeSpan.FromTicks(longest / 100);
        }
    }

    /// <summary>The longest pause between two probes: larger than the interval when the machine did not let the client send.</summary>
    [JsonIgnore]
    public TimeSpan LongestPause => Samples.Length < 2
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Samples.Zip(Samples.Skip(1), (one, next) => next.Sent - one.Sent).Max() / 100);

    public override string ToString() =>
        $"{Protocol} {Target}: {Samples.Length} probes, {Lost} lost, {(Broken > 0 ? $"{Broken} broken while open, " : "")}longest silence {LongestSilence.TotalMilliseconds:0} ms";
}

/// <summary>What the client saw, of each address and protocol.</summary>
public sealed record ProbeResult(ImmutableArray<ProbedFlow> Flows)
{
    /// <summary>Now, on the clock of the samples.</summary>
    public static long Now => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    [JsonIgnore]
    public int Lost => Flows.Sum(flow => flow.Lost);

    [JsonIgnore]
    public int Broken => Flows.Sum(flow => flow.Broken);

    /// <summary>Only what was sent after a moment: a client's first flows find no neighbour entry yet, and a cold process.</summary>
    public ProbeResult SentAfter(long moment) =>
        new([.. Flows.Select(flow => flow with { Samples = [.. flow.Samples.Where(sample => sample.Sent >= moment)] })]);

    /// <summary>Only the datagrams: connections that are open when an address moves end with the node that had them.</summary>
    [JsonIgnore]
    public ProbeResult Datagrams => new([.. Flows.Where(flow => flow.Protocol == "udp")]);

    /// <summary>The first of the lost probes, by when they were sent after a moment; for finding out why.</summary>
    public string DescribeLost(long since) => string.Join(", ", Flows
        .SelectMany(flow => flow.Samples.Where(sample => sample.Answered is null).Select(sample => (sample.Sent, flow.Protocol, flow.Target)))
        .OrderBy(lost => lost.Sent).Take(12)
        .Select(lost => $"{lost.Protocol} {lost.Target} at {(lost.Sent - since) / 1e6:+0;-0} ms"));

    [JsonIgnore]
    public TimeSpan LongestSilence => Flows.Max(flow => flow.LongestSilence);

    [JsonIgnore]
    public int Sent => Flows.Sum(flow => flow.Samples.Length);
}
