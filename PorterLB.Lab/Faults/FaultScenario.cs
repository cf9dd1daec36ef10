using System.Collections.Immutable;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>Something that happens to a cluster while a client keeps asking who has its addresses, and what must hold meanwhile.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Happen">Makes it happen; what takes time is waited for.</param>
public sealed record FaultScenario(string Name, Func<FaultStage, CancellationToken, Task> Happen)
{
    /// <summary>Nobody's answer is due to be missing: what is seen of silence is the machine's own, which runs all hosts at once.</summary>
    public static readonly TimeSpan NothingDue = TimeSpan.FromMilliseconds(250);

    /// <summary>What must have happened before; nobody watches it.</summary>
    public Func<FaultStage, CancellationToken, Task>? Prepare { get; init; }

    /// <summary>Puts right what <see cref="Happen"/> left, when nobody watches any more.</summary>
    public Func<FaultStage, CancellationToken, Task>? Repair { get; init; }

    /// <summary>Watched on for this long.</summary>
    public TimeSpan Aftermath { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time without an answer; null: nothing is promised.</summary>
    public TimeSpan? SilentAtMost { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest time with two answerers.</summary>
    public TimeSpan DoubleAtMost { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether no datagram may be lost: the node that hands over serves to the end.</summary>
    public bool LosesNothing { get; init; }

    /// <summary>Whether every run of the tests plays it: the least that shows each kind of fault.</summary>
    public bool InEveryTest { get; init; }

    /// <summary>Whether the address must be where it was.</summary>
    public bool Stays { get; init; }

    /// <summary>Whether to happen with the API server down.</summary>
    public bool WithoutServer { get; init; }

    /// <summary>Whether the API server has a part in what happens.</summary>
    public bool NeedsServer { get; init; }

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
    /// <summary>Datagrams of flows of their own, one each 5 ms, where none may be lost and somebody looked.</summary>
    public ProbeResult? Probes { get; init; }

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

            if (Probes is { Lost: > 0 })
            {
                broken.Add($"{Probes.Lost} of {Probes.Sent} datagrams were lost");
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
