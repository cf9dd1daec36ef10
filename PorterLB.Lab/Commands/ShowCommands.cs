using System.CommandLine;
using PorterLB.Lab.Demonstration;
using PorterLB.Lab.Measuring;
using Spectre.Console;

namespace PorterLB.Lab.Commands;

/// <summary>What runs a lab, shows something and ends it.</summary>
internal static class ShowCommands
{
    private const string LayerTwo = "layer2";
    private const string Reconciler = "reconciler";

    public static IEnumerable<Command> All() => [ShowDemo(), Measure()];

    private static Command ShowDemo()
    {
        var command = new Command("demo", "Show PorterLB's main job on a real cluster, and measure it.");
        command.SetAction(async (_, cancellationToken) => await Demo.RunAsync(Wide(), cancellationToken) ? 0 : 1);
        return command;
    }

    private static Command Measure()
    {
        var quick = new Option<bool>("--quick") { Description = "Each fault once, or a tenth of the objects." };
        var what = new Argument<string>("what")
        {
            Description = $"{LayerTwo}: take-overs and hand-overs; {Reconciler}: the manager among ten thousand Services.",
            DefaultValueFactory = _ => LayerTwo,
        };
        what.AcceptOnlyFromAmong(LayerTwo, Reconciler);
        var command = new Command("measure", "Measure in a light lab: medians and worsts.") { what, quick };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(what) == Reconciler)
            {
                var size = parsed.GetValue(quick) ? new ReconcilerMeasurementOptions(1_000, 1, 50, 500) : new ReconcilerMeasurementOptions();
                return await ReconcilerMeasurement.RunAsync(size, Wide(), cancellationToken) ? 0 : 1;
            }

            var options = parsed.GetValue(quick) ? new MeasurementOptions(1, 1, 1, 1, 1) : new MeasurementOptions();
            return await Measurement.RunAsync(options, Wide(), cancellationToken) ? 0 : 1;
        });
        command.Subcommands.Add(MeasureServices());
        command.Subcommands.Add(MeasureFaults());
        return command;
    }

    private static Command MeasureServices()
    {
        var count = new Option<int>("--count") { Description = "How many Services are created at once.", DefaultValueFactory = _ => 2_000 };
        var restarts = new Option<bool>("--restarts") { Description = "Also stop, kill and start the manager." };
        var deletions = new Option<bool>("--deletions") { Description = "Also delete Services, one by one and at once." };
        var command = new Command("services", "Measure thousands of Services created at once, and what they cost.") { count, restarts, deletions };
        command.SetAction(async (parsed, cancellationToken) =>
            await ServiceMeasurement.RunAsync(parsed.GetValue(count), parsed.GetValue(restarts), parsed.GetValue(deletions), Wide(), cancellationToken) ? 0 : 1);
        return command;
    }

    private static Command MeasureFaults()
    {
        var nodes = new Option<int>("--nodes") { Description = "How many nodes.", DefaultValueFactory = _ => 3 };
        var addresses = new Option<int>("--addresses") { Description = "How many addresses of each family.", DefaultValueFactory = _ => 1 };
        var only = new Option<string>("--only") { Description = "Only scenarios whose name contains this; nothing is written then." };
        var command = new Command("faults", "Play every fault end to end, and write who answered when into docs/reference/faults.md.") { nodes, addresses, only };
        command.SetAction(async (parsed, cancellationToken) => await FaultMeasurement.RunAsync(
            new FaultMeasurementOptions(parsed.GetValue(nodes), parsed.GetValue(addresses), parsed.GetValue(only)), Wide(), cancellationToken) ? 0 : 1);
        return command;
    }

    /// <summary>Where the output is no terminal, a line is not broken at the 80th letter.</summary>
    private static IAnsiConsole Wide()
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 200;
        }

        return AnsiConsole.Console;
    }
}
