using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using PorterLB.Tests.House;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// What a whole run of all classes measured. Sums up at the end; writes the table of docs/reference/faults.md when
/// <c>PORTERLB_WRITE_FAULTS</c> is set (<c>make simulate WRITE=1</c>).
/// </summary>
public sealed class FaultTable : IDisposable
{
    private const string Begin = "<!-- simulated: begin (written by `make simulate WRITE=1`) -->";
    private const string End = "<!-- simulated: end -->";
    private readonly ConcurrentDictionary<string, Measured> _measured = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public static string Page => Path.Combine(Repository.Root, "docs", "reference", "faults.md");

    private static string[] Head { get; } =
    [
        "| class (fault) | held to: silence / double | silence p50 / p99 / worst (uncut) | runs > 500 | two answer p50 / p99 / worst | runs > 1 s | router at a dead node p50 / p99 / worst | takes per address and run; most in 1 s | probes per run |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        var runs = _measured.Values.Sum(m => m.Runs);
        var hours = _measured.Values.Sum(m => m.Hours);
        var faults = _measured.Values.Sum(m => m.Faults);
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Simulated: {runs:n0} runs, {hours:f1} hours, {faults:n0} faults in {_clock.Elapsed.TotalSeconds:f0} s: {hours * 60 / _clock.Elapsed.TotalMinutes:f0} simulated minutes and {faults / _clock.Elapsed.TotalMinutes:n0} faults per minute."));
        if (Environment.GetEnvironmentVariable("PORTERLB_WRITE_FAULTS") is not null)
        {
            Write(runs, hours, faults);
        }
    }

    /// <summary>The first two cells of a class's row: what the page must say whatever was measured.</summary>
    internal static string RowBegin(FaultClass faults) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {faults.Name}: {faults.What} | {faults.Promises.Silent} / {faults.Promises.Double} |");

    internal string Add(FaultClass faults, IReadOnlyCollection<RunResult> results)
    {
        var measured = new Measured(faults, results);
        _measured[faults.Name] = measured;
        return measured.Row;
    }

    private void Write(int runs, double hours, long faults)
    {
        var page = File.ReadAllText(Page);
        var table = new StringBuilder()
            .AppendLine(Begin)
            .AppendLine(CultureInfo.InvariantCulture, $"{runs:n0} runs, {hours:f0} simulated hours, {faults:n0} faults. Milliseconds unless said.").AppendLine()
            .AppendJoin('\n', Head).AppendLine();
        foreach (var each in FaultClass.All.Where(each => _measured.ContainsKey(each.Name)))
        {
            table.AppendLine(_measured[each.Name].Row);
        }

        table.Append(End);
        var begin = page.IndexOf(Begin, StringComparison.Ordinal);
        var end = page.IndexOf(End, StringComparison.Ordinal) + End.Length;
        File.WriteAllText(Page, page[..begin] + table.ToString() + page[end..]);
    }

    private sealed class Measured
    {
        public Measured(FaultClass faults, IReadOnlyCollection<RunResult> results)
        {
            Runs = results.Count;
            Hours = results.Sum(r => r.Simulated.TotalHours);
            Faults = results.Sum(r => (long)r.Faults);
            var takes = results.Average(r => (double)r.Judge.Takes / r.Addresses);
            var uncut = results.SelectMany(r => r.Judge.UncutSilences).DefaultIfEmpty().Max();
            Row = string.Create(
                CultureInfo.InvariantCulture,
                $"{RowBegin(faults)} {Spread(results, j => j.Silences)} ({uncut:f0}) | {Share(results, j => j.Silences, 500)} | {Spread(results, j => j.Doubles)} | {Share(results, j => j.Doubles, 1000)} | {Spread(results, j => j.Astray)} | {takes:f2}; {results.Max(r => r.Judge.MostInASecond)} | {results.Average(r => r.Judge.Probes):f0} |");
        }

        public int Runs { get; }

        public double Hours { get; }

        public long Faults { get; }

        public string Row { get; }

        private static string Spread(IReadOnlyCollection<RunResult> results, Func<Judge, List<double>> what)
        {
            var all = results.SelectMany(r => what(r.Judge)).Order().ToList();
            return all.Count == 0 ? "0 / 0 / 0" : string.Create(
                CultureInfo.InvariantCulture, $"{all[all.Count / 2]:f0} / {all[(int)(all.Count * 0.99)]:f0} / {all[^1]:f0}");
        }

        private static string Share(IReadOnlyCollection<RunResult> results, Func<Judge, List<double>> what, double above) => string.Create(
            CultureInfo.InvariantCulture, $"{100.0 * results.Count(r => what(r.Judge).Any(ms => ms > above)) / results.Count:0.##} %");
    }
}
