using System.Text;

namespace PorterLB.Tests.Simulation;

/// <summary>Makes a failing run small: fewer faults, fewer nodes, fewer addresses, as long as it still breaks a promise.</summary>
internal static class Shrinking
{
    private const int RunsAtMost = 100;
    private const int LinesAtMost = 200;

    public static RunResult Shrink(RunSettings failing)
    {
        var smallest = Simulation.Run(failing);
        var runs = 0;
        bool Try(RunSettings smaller)
        {
            if (runs++ >= RunsAtMost || Simulation.Run(smaller) is not { Failed: true } result)
            {
                return false;
            }

            smallest = result;
            return true;
        }

        while (smallest.Nodes > 2 && Try(smallest.Settings with { Nodes = smallest.Nodes - 1 }))
        {
        }

        while (smallest.Addresses > 1 && Try(smallest.Settings with { Addresses = smallest.Settings.Addresses - 1 ?? smallest.Addresses - 1 }))
        {
        }

        for (var fault = smallest.Faults - 1; fault >= 0; fault--)
        {
            Try(smallest.Settings with { Suppressed = smallest.Settings.Suppressed.Append(fault).ToHashSet() });
        }

        return Simulation.Run(smallest.Settings with { Trace = true });
    }

    /// <summary>Who asks for an address asks many times; the first tells.</summary>
    private static List<string> WithoutRepetitions(IReadOnlyList<string> timeline)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var lines = new List<string>();
        foreach (var line in timeline)
        {
            var what = line[11..];
            if (!what.Contains("asks for", StringComparison.Ordinal))
            {
                asked.RemoveWhere(before => before.StartsWith(what[..8], StringComparison.Ordinal));
                lines.Add(line);
            }
            else if (asked.Add(what))
            {
                lines.Add(line);
            }
        }

        return lines;
    }

    /// <summary>What happened, in words, until the first promise was broken.</summary>
    public static string Story(RunSettings failing)
    {
        var shrunk = Shrink(failing);
        shrunk = shrunk with { Timeline = WithoutRepetitions(shrunk.Timeline) };
        var end = 0;
        while (end < shrunk.Timeline.Count && !shrunk.Timeline[end].Contains("JUDGE", StringComparison.Ordinal))
        {
            end++;
        }

        var begin = shrunk.Timeline.TakeWhile(line => !line.Contains("FAULT", StringComparison.Ordinal)).Count();
        var lines = shrunk.Timeline.Skip(Math.Max(begin, end - LinesAtMost)).Take(end - Math.Max(begin, end - LinesAtMost) + 10).ToList();
        var story = new StringBuilder()
            .AppendLine($"{failing.Faults}, seed {failing.Seed}, made smaller: {shrunk.Nodes} nodes, {shrunk.Addresses} addresses, "
                + $"{shrunk.Faults - shrunk.Settings.Suppressed.Count} faults.")
            .AppendLine($"Replay: PORTERLB_FAULTS={failing.Faults} PORTERLB_SEED={failing.Seed} make simulate")
            .AppendJoin(Environment.NewLine, shrunk.Violations.Take(5)).AppendLine()
            .AppendLine("Who did what (ms):")
            .AppendJoin(Environment.NewLine, lines);
        return story.ToString();
    }
}
