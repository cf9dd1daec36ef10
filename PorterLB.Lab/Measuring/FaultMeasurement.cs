using System.Text;
using System.Text.RegularExpressions;
using PorterLB.Lab.Faults;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>Every scenario end to end, in tables: who answered when, the longest silence, the longest double answer, frames sent.</summary>
public static class FaultMeasurement
{
    private const string Document = "docs/reference/faults.md";

    /// <param name="clusters">What is played, and on how large clusters.</param>
    /// <param name="only">Part of the names of the scenarios to play; null: all, and the tables go into the documentation.</param>
    /// <param name="console">Shows progress.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False when a promise was broken.</returns>
    public static async Task<bool> RunAsync(IReadOnlyList<FaultCluster> clusters, string? only, IAnsiConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clusters);
        var kept = true;
        foreach (var cluster in clusters)
        {
            var scenarios = cluster.Scenarios.Where(scenario => only is null || scenario.Name.Contains(only, StringComparison.OrdinalIgnoreCase)).ToArray();
            if (scenarios.Length == 0)
            {
                continue;
            }

            var rows = await PlayAsync(cluster, scenarios, console, cancellationToken);
            kept &= rows.TrueForAll(row => row.Verdict.Length == 0);
            var table = Markdown(rows);
            console.WriteLine(table);
            if (only is null)
            {
                Write(cluster.Title, table);
            }
        }

        return kept;
    }

    private static async Task<List<(FaultScenario Scenario, FaultOutcome? Outcome, string Verdict)>> PlayAsync(
        FaultCluster cluster, IReadOnlyList<FaultScenario> scenarios, IAnsiConsole console, CancellationToken cancellationToken)
    {
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        var (lab, watched) = await cluster.StartAsync(Say, cancellationToken);
        await using var ending = lab;
        var runner = new FaultRunner(lab, watched, probing: true);
        List<(FaultScenario, FaultOutcome?, string)> rows = [];
        foreach (var scenario in scenarios)
        {
            try
            {
                var outcome = await runner.PlayAsync(scenario, cancellationToken);
                var verdict = string.Join(", ", outcome.Broken);
                rows.Add((scenario, outcome, verdict));
                Say($"{outcome}{(verdict.Length == 0 ? "" : $"   BROKEN: {verdict}")}");
            }
            catch (LabException e)
            {
                rows.Add((scenario, null, e.Message.Split('\n')[0]));
                Say($"{scenario.Name}: {e.Message}");
            }
        }

        return rows;
    }

    private static string Markdown(IEnumerable<(FaultScenario Scenario, FaultOutcome? Outcome, string Verdict)> rows)
    {
        var text = new StringBuilder("| fault | silent, ms (at most) | two answered, ms (at most) | datagrams lost | claims, hellos | who answered, seconds since the fault |\n| --- | ---: | ---: | ---: | ---: | --- |\n");
        foreach (var (scenario, outcome, verdict) in rows)
        {
            var silent = scenario.SilentAtMost is { } most ? $" ({most.TotalMilliseconds:0})" : "";
            text.Append(outcome is null
                ? $"| {scenario.Name} | | | | | {verdict} |\n"
                : $"| {scenario.Name} | {outcome.Silence.TotalMilliseconds:0}{silent} | {outcome.Double.TotalMilliseconds:0} ({scenario.DoubleAtMost.TotalMilliseconds:0}) | {(outcome.Probes is { } probes ? $"{probes.Lost} of {probes.Sent:N0} " : "")}| {outcome.Log.Frames.Claims}, {outcome.Log.Frames.Hellos} | {outcome.Story}{(verdict.Length == 0 ? "" : $" **{verdict}**")} |\n");
        }

        return text.ToString();
    }

    /// <summary>Replaces the section for a cluster of this size, or adds it.</summary>
    private static void Write(string cluster, string table)
    {
        var path = Path.Combine(Repository.Root, Document);
        var title = $"### {cluster}";
        var section = $"{title}\n\n{table}";
        var text = File.Exists(path) ? File.ReadAllText(path) : "# Faults\n";
        if (!text.Contains("## End to end", StringComparison.Ordinal))
        {
            text = $"""
                {text.TrimEnd()}

                ## End to end

                Written by `make bench WHAT=faults`: `bin/porterlb` on the hosts of a light lab, with a real API server. A client asks ARP and NDP for the
                addresses (ten of them, where there are more) each 10 ms and writes down every answer; "silent" is the longest time in which requests
                went out and no node answered, "two answered" the longest in which two nodes did. Where nothing may be lost, a datagram of a flow of its
                own went to both addresses each 5 ms.

                """;
        }

        var old = SectionOf(title).Match(text);
        File.WriteAllText(path, old.Success ? text.Remove(old.Index, old.Length).Insert(old.Index, section + "\n") : $"{text.TrimEnd()}\n\n{section}");
    }

    private static Regex SectionOf(string title) => new($"{Regex.Escape(title)}\n.*?(?=\n##|\\z)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
}
