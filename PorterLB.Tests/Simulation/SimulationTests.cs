using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using PorterLB.Speaker.Loop;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// The promises, in many seeded runs. <c>PORTERLB_SEEDS</c> sets the number of runs of all classes together; <c>PORTERLB_FAULTS</c> and
/// <c>PORTERLB_SEED</c> replay one.
/// </summary>
[Trait("Category", "Simulation")]
public sealed class SimulationTests(FaultTable table, ITestOutputHelper output) : IClassFixture<FaultTable>
{
    private const int Runs = 1000;
    private static readonly string? OnlyClass = Environment.GetEnvironmentVariable("PORTERLB_FAULTS");
    private static readonly int? OnlySeed = Number("PORTERLB_SEED");
    private static readonly bool Asked = OnlyClass is not null || OnlySeed is not null || Number("PORTERLB_SEEDS") is not null;

    public static TheoryData<string> Classes => [.. FaultClass.All.Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Classes))]
    public void One_eligible_node_answers_whatever_happens(string name)
    {
        if (OnlyClass is not null && OnlyClass != name)
        {
            return;
        }

        var faults = FaultClass.Named(name);
        var seeds = Seeds(faults).ToList();
        if (seeds.Count == 0)
        {
            return;
        }

        var results = new ConcurrentBag<RunResult>();
        var clock = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        Parallel.ForEach(Partitioner.Create(seeds, EnumerablePartitionerOptions.NoBuffering), seed =>
        {
            results.Add(Simulation.Run(new RunSettings(faults, seed)));
            lock (seeds)
            {
                if (clock.Elapsed - told > TimeSpan.FromSeconds(5))
                {
                    told = clock.Elapsed;
                    Console.Error.WriteLine(
                        $"{name}: {results.Count} of {seeds.Count} runs, {results.Count(r => r.Failed)} failed, {(seeds.Count - results.Count) * clock.Elapsed / results.Count:hh\\:mm\\:ss} left");
                }
            }
        });

        var row = table.Add(faults, results);
        output.WriteLine($"{row} {clock.Elapsed.TotalSeconds:f1} s");
        if (Asked)
        {
            Console.Error.WriteLine($"{row} {results.Count} runs, {clock.Elapsed.TotalSeconds:f1} s");
        }

        var failed = results.Where(r => r.Failed).OrderBy(r => r.Settings.Seed).ToList();
        if (failed.Count > 0)
        {
            Assert.Fail(
                $"{failed.Count} of {seeds.Count} seeds broke a promise: "
                + string.Join("; ", failed.Take(10).Select(f => $"{f.Settings.Seed} ({f.Violations[0]})")) + Environment.NewLine
                + Shrinking.Story(failed[0].Settings));
        }
    }

    /// <summary>A simulator that finds nothing proves nothing: what is broken inside the machine.</summary>
    [Theory]
    [InlineData(PlantedFaults.IgnoreTerm, "crash")]
    [InlineData(PlantedFaults.HiddenJoining, "flapboth")]
    [InlineData(PlantedFaults.SilentWithoutSuccessor, "drain")]
    [InlineData(PlantedFaults.TellOnce, "loss30")]
    [InlineData(PlantedFaults.TrustRecordings, "replay")]
    [InlineData(PlantedFaults.NoAsk, "hcut")]
    [InlineData(PlantedFaults.NoTombstones, "realloc")]
    [InlineData(PlantedFaults.NoEars, "deaf")]
    [InlineData(PlantedFaults.NeverYield, "partition")]
    public void A_fault_planted_in_the_machine_is_found(object planted, string by) =>
        Find(planted.ToString()!, new RunSettings(FaultClass.Named(by), 0) { Planted = (PlantedFaults)planted });

    /// <summary>And what is broken around it.</summary>
    [Theory]
    [InlineData(ShellFaults.ThawedAnswers, "stall")]
    [InlineData(ShellFaults.EpochLost, "realloc")]
    [InlineData(ShellFaults.NoRightsOnDisk, "allrestart")]
    [InlineData(ShellFaults.DeafNotTold, "deaf")]
    [InlineData(ShellFaults.LeavingNotTold, "drain")]
    [InlineData(ShellFaults.AnnouncedOnce, "chain")]
    [InlineData(ShellFaults.NoRelays, "onewayall")]
    [InlineData(ShellFaults.RumoursForEver, "crash")]
    [InlineData(ShellFaults.CarrierIgnored, "carrier")]
    [InlineData(ShellFaults.SignaturesIgnored, "forgery")]
    [InlineData(ShellFaults.RecordingsRenumbered, "forgery")]
    [InlineData(ShellFaults.AlwaysEligible, "elig")]
    [InlineData(ShellFaults.StrangersIgnored, "foreign")]
    [InlineData(ShellFaults.SpeakersAreNeighbors, "twoalone")]
    [InlineData(ShellFaults.RightsNeedContact, "apicut")]
    [InlineData(ShellFaults.HearsNotTold, "oneway")]
    public void A_fault_planted_around_the_machine_is_found(object broken, string by) =>
        Find(broken.ToString()!, new RunSettings(FaultClass.Named(by), 0) { Broken = (ShellFaults)broken });

    [Fact]
    public void One_seed_replays_a_run_exactly()
    {
        var settings = new RunSettings(FaultClass.Named("mix"), 7) { Trace = true };
        var first = Simulation.Run(settings);
        Assert.NotEmpty(first.Timeline);
        Assert.Equal(first.Timeline, Simulation.Run(settings).Timeline);
    }

    [Fact]
    public void A_failing_run_is_told_in_as_few_nodes_and_faults_as_it_takes()
    {
        var settings = Enumerable.Range(0, 50).Select(seed => new RunSettings(FaultClass.Named("mix"), seed) { Planted = PlantedFaults.NeverYield })
            .First(each => Simulation.Run(each) is { Failed: true, Faults: > 3, Nodes: > 3 });
        var shrunk = Shrinking.Shrink(settings);
        Assert.True(shrunk.Failed);
        Assert.InRange(shrunk.Nodes, 2, 3);
        Assert.InRange(shrunk.Faults - shrunk.Settings.Suppressed.Count, 0, Simulation.Run(settings).Faults - 2);
        Assert.Contains("JUDGE", Shrinking.Story(settings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_faults_has_every_class_and_what_it_is_held_to()
    {
        var page = File.ReadAllText(FaultTable.Page);
        var missing = FaultClass.All.Select(FaultTable.RowBegin).Where(row => !page.Contains(row, StringComparison.Ordinal));
        Assert.True(!missing.Any(), $"docs/reference/faults.md is out of date (`make simulate WRITE=1 SEEDS=12000` writes it anew); it lacks: {string.Join(' ', missing)}");
    }

    private static IEnumerable<int> Seeds(FaultClass faults)
    {
        if (OnlySeed is { } one)
        {
            return [one];
        }

        var share = (double)(Number("PORTERLB_SEEDS") ?? Runs) / FaultClass.All.Where(each => OnlyClass is null || each.Name == OnlyClass).Sum(each => 1.0 / each.Weight);
        return Enumerable.Range(0, (int)Math.Max(faults.InLongRunsOnly && OnlyClass is null ? 0 : 1, Math.Round(share / faults.Weight)));
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

    private void Find(string planted, RunSettings settings)
    {
        for (var seed = 0; seed < Runs; seed++)
        {
            var result = Simulation.Run(settings with { Seed = seed });

            // Found only if it is the planted fault that breaks the promise.
            if (result.Failed && !Simulation.Run(new RunSettings(settings.Faults, seed)).Failed)
            {
                output.WriteLine($"{planted}: found by {settings.Faults} in run {seed + 1}: {result.Violations[0]}");
                return;
            }
        }

        Assert.Fail($"{planted} was not found in {Runs} runs of {settings.Faults}.");
    }
}
