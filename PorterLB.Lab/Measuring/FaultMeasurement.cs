using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using PorterLB.Lab.Faults;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>Which faults are played, and on how large a cluster.</summary>
/// <param name="Nodes">How many nodes.</param>
/// <param name="Addresses">How many addresses of each family; ten of them are watched.</param>
/// <param name="Only">Part of the names of those to play; null: all, and the table goes into the documentation.</param>
public sealed record FaultMeasurementOptions(int Nodes, int Addresses, string? Only);

/// <summary>Every scenario end to end, in a table: who answered when, the longest silence, the longest double answer, frames sent.</summary>
public static class FaultMeasurement
{
    private const int WatchedMax = 10;
    private const string Document = "docs/reference/faults.md";

    /// <summary>False when a promise was broken.</summary>
    public static async Task<bool> RunAsync(FaultMeasurementOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        var scenarios = (FaultScenario[])
        [
            .. FaultScenarios.All, .. FaultScenarios.WithoutServer([.. FaultScenarios.OfNodes, .. FaultScenarios.OfSegments]), .. FaultScenarios.Long,
        ];
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "faults", Nodes = options.Nodes }, Say, cancellationToken);
        await lab.StartPorterLBAsync(cancellationToken);
        await lab.CreatePoolAsync(cancellationToken: cancellationToken);
        List<IPAddress> watched = [];
        for (var i = 0; i < options.Addresses; i++)
        {
            var addresses = await lab.PublishAsync($"web-{i}", cancellationToken);
            watched.AddRange(i < WatchedMax / 2 ? addresses : []);
        }

        var runner = new FaultRunner(lab, watched);
        List<(FaultScenario Scenario, FaultOutcome? Outcome, string Verdict)> rows = [];
        foreach (var scenario in scenarios.Where(scenario => options.Only is null || scenario.Name.Contains(options.Only, StringComparison.OrdinalIgnoreCase)))
        {
            try
            {
                var outcome = await runner.PlayAsync(scenario, cancellationToken);
                rows.Add((scenario, outcome, string.Join(", ", outcome.Broken)));
                Say($"{outcome}{(outcome.Broken.Count == 0 ? "" : $"   BROKEN: {rows[^1].Verdict}")}");
            }
            catch (LabException e)
            {
                rows.Add((scenario, null, e.Message.Split('\n')[0]));
                Say($"{scenario.Name}: {e.Message}");
            }
        }

        var table = Markdown(rows);
        console.WriteLine(table);
        if (options.Only is null)
        {
            Write(options, table);
        }

        return rows.TrueForAll(row => row.Verdict.Length == 0);
    }

    private static string Markdown(IEnumerable<(FaultScenario Scenario, FaultOutcome? Outcome, string Verdict)> rows)
    {
        var text = new StringBuilder("| fault | silent, ms (at most) | two answered, ms (at most) | claims, hellos | who answered, seconds since the fault |\n| --- | ---: | ---: | ---: | --- |\n");
        foreach (var (scenario, outcome, verdict) in rows)
        {
            var silent = scenario.SilentAtMost is { } most ? $" ({most.TotalMilliseconds:0})" : "";
            text.Append(outcome is null
                ? $"| {scenario.Name} | | | | {verdict} |\n"
                : $"| {scenario.Name} | {outcome.Silence.TotalMilliseconds:0}{silent} | {outcome.Double.TotalMilliseconds:0} ({scenario.DoubleAtMost.TotalMilliseconds:0}) | {outcome.Log.Frames.Claims}, {outcome.Log.Frames.Hellos} | {outcome.Story}{(verdict.Length == 0 ? "" : $" **{verdict}**")} |\n");
        }

        return text.ToString();
    }

    /// <summary>Replaces the section for a cluster of this size, or adds it.</summary>
    private static void Write(FaultMeasurementOptions options, string table)
    {
        var path = Path.Combine(Repository.Root, Document);
        var title = $"### {options.Nodes} nodes, {options.Addresses} address{(options.Addresses == 1 ? "" : "es")} of each family";
        var section = $"{title}\n\n{table}";
        var text = File.Exists(path) ? File.ReadAllText(path) : "# Faults\n";
        if (!text.Contains("## End to end", StringComparison.Ordinal))
        {
            text = $"""
                {text.TrimEnd()}

                ## End to end

                Written by `make bench WHAT=faults`: `bin/porterlb` on the hosts of a light lab, with a real API server. A client asks ARP and NDP for the
                addresses each 10 ms and writes down every answer; "silent" is the longest time in which requests went out and no node answered, "two
                answered" the longest in which two nodes did.

                """;
        }

        var old = SectionOf(title).Match(text);
        File.WriteAllText(path, old.Success ? text.Remove(old.Index, old.Length).Insert(old.Index, section + "\n") : $"{text.TrimEnd()}\n\n{section}");
    }

    private static Regex SectionOf(string title) => new($"{Regex.Escape(title)}\n.*?(?=\n##|\\z)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
}
