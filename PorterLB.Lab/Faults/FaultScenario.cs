using System.Collections.Immutable;
using System.Net;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>Something that happens to a cluster while a client keeps asking who has its addresses, and what must hold meanwhile.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Happen">Makes it happen; what takes time is waited for.</param>
public sealed record FaultScenario(string Name, Func<FaultStage, CancellationToken, Task> Happen)
{
    /// <summary>Puts right what <see cref="Happen"/> left, when nobody watches any more.</summary>
    public Func<FaultStage, CancellationToken, Task>? Repair { get; init; }

    /// <summary>Watched on for this long.</summary>
    public TimeSpan Aftermath { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time without an answer; null: nothing is promised.</summary>
    public TimeSpan? SilentAtMost { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest time with two answerers.</summary>
    public TimeSpan DoubleAtMost { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether every run of the tests plays it: the least that shows each kind of fault.</summary>
    public bool InEveryTest { get; init; }

    /// <summary>Whether the address must be where it was.</summary>
    public bool Stays { get; init; }

    /// <summary>Whether to happen with the API server down.</summary>
    public bool WithoutServer { get; init; }

    /// <summary>What else must hold at the end; throws when it does not.</summary>
    public Func<FaultStage, CancellationToken, Task>? Afterwards { get; init; }

    public override string ToString() => Name;
}

/// <summary>What was seen of one scenario.</summary>
/// <param name="Scenario">Which.</param>
/// <param name="Stage">Where and when.</param>
/// <param name="Log">Every answer.</param>
/// <param name="Nodes">Names by hardware address.</param>
public sealed record FaultOutcome(FaultScenario Scenario, FaultStage Stage, AnswerLog Log, ImmutableDictionary<string, string> Nodes)
{
    private IReadOnlySet<string> Macs => Nodes.Keys.ToHashSet(StringComparer.Ordinal);

    /// <summary>The longest time in which a request for one of the addresses was not answered by any node.</summary>
    public TimeSpan Silence => Log.Addresses.Max(address => Log.LongestUnanswered(address, Macs));

    /// <summary>The longest time in which two nodes answered for one of them.</summary>
    public TimeSpan Double => Log.Addresses.Max(address => address.LongestDouble(Macs));

    /// <summary>Who answered for the first address, and until when, in seconds since the fault.</summary>
    public string Story => string.Join("; ", Log.Addresses[0].Reigns().Select(reign =>
        $"{Nodes.GetValueOrDefault(reign.Mac, "stranger")} {Seconds(reign.From)} to {Seconds(reign.To)}"));

    /// <summary>What of the promises was broken; empty: nothing.</summary>
    public IReadOnlyList<string> Broken
    {
        get
        {
            List<string> broken = [];
            if (Scenario.SilentAtMost is { } most && Silence > most)
            {
                broken.Add($"nobody answered for {Silence.TotalMilliseconds:0} ms, more than {most.TotalMilliseconds:0}");
            }

            if (Double > Scenario.DoubleAtMost)
            {
                broken.Add($"two nodes answered for {Double.TotalMilliseconds:0} ms, more than {Scenario.DoubleAtMost.TotalMilliseconds:0}");
            }

            if (Scenario.Stays && Log.Addresses[0].Answers.FirstOrDefault(answer => Nodes.ContainsKey(answer.Mac) && answer.Mac != Stage.Owner.Host.Mac) is { } other)
            {
                broken.Add($"{Nodes[other.Mac]} answered {Seconds(other.Answered)} s after it");
            }

            return broken;
        }
    }

    public override string ToString() =>
        $"{Scenario.Name}: silent {Silence.TotalMilliseconds:0} ms, double {Double.TotalMilliseconds:0} ms, {Log.Frames.Claims} claims, {Log.Frames.Hellos} hellos; {Story}";

    private string Seconds(long moment) => $"{(moment - Stage.Happened) / 1e9:0.00}";
}

/// <summary>Where a scenario plays.</summary>
/// <param name="lab">The cluster.</param>
/// <param name="addresses">The addresses that are watched; the first one's owner is the hero.</param>
/// <param name="owner">The node that answers for the first address at the beginning.</param>
public sealed class FaultStage(LightLab lab, IReadOnlyList<IPAddress> addresses, LightNode owner)
{
    public LightLab Lab => lab;

    public IReadOnlyList<IPAddress> Addresses => addresses;

    public LightNode Owner => owner;

    /// <summary>The other nodes.</summary>
    public IReadOnlyList<LightNode> Others { get; } = [.. lab.Nodes.Where(node => node != owner)];

    /// <summary>When it began to happen: nanoseconds, monotonic, as in the answers.</summary>
    public long Happened { get; set; }

    /// <summary>A machine on the segment that is no node, and not the client.</summary>
    public Network.Host Stranger => lab.ManagerHost(1);

    public static Task WaitAsync(double seconds, CancellationToken cancellationToken) => Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
}
