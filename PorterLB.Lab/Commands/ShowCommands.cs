using System.CommandLine;
using PorterLB.Lab.Demonstration;
using PorterLB.Lab.Faults;
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
        var uninstall = new Option<bool>("--uninstall") { Description = "At the end also take PorterLB out of the cluster, by the Job of config/uninstall." };
        var update = new Option<bool>("--update") { Description = "Also replace all speakers, as an update of their DaemonSet does." };
        var command = new Command("demo", "Show PorterLB's main job on a real cluster, and measure it.") { update, uninstall };
        command.SetAction(async (parsed, cancellationToken) =>
            await Demo.RunAsync(new DemoOptions(parsed.GetValue(update), parsed.GetValue(uninstall)), Wide(), cancellationToken) ? 0 : 1);
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
        command.Subcommands.Add(MeasureCuts());
        command.Subcommands.Add(MeasureSoak());
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
        var tables = new Option<string>("--tables") { Description = "Only tables whose heading contains this, as \"10 nodes\".", DefaultValueFactory = _ => "" };
        var only = new Option<string>("--only") { Description = "Only scenarios whose name contains this; nothing is written then." };
        var command = new Command("faults", "Play every fault end to end, and write who answered when into docs/reference/faults.md.") { tables, only };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            FaultCluster[] clusters = [.. FaultCluster.All.Where(cluster => cluster.Title.Contains(parsed.GetRequiredValue(tables), StringComparison.OrdinalIgnoreCase))];
            return await FaultMeasurement.RunAsync(clusters, parsed.GetValue(only), Wide(), cancellationToken) ? 0 : 1;
        });
        return command;
    }

    private static Command MeasureCuts()
    {
        var count = new Option<int>("--count") { Description = "How many cables are cut.", DefaultValueFactory = _ => 50 };
        var command = new Command("cuts", "Cut the cable of whichever node answers, again and again; then that of one that answers for a thousand addresses.") { count };
        command.SetAction(async (parsed, cancellationToken) => await CutMeasurement.RunAsync(parsed.GetValue(count), Wide(), cancellationToken) ? 0 : 1);
        return command;
    }

    private static Command MeasureSoak()
    {
        var minutes = new Option<int>("--minutes") { Description = "How long nothing happens.", DefaultValueFactory = _ => 30 };
        var loops = new Option<int>("--loops") { Description = "Busy loops beside it; else two for each core.", DefaultValueFactory = _ => 2 * Environment.ProcessorCount };
        var command = new Command("soak", "Let nothing happen on a machine that is short of time, and count what moves.") { minutes, loops };
        command.SetAction(async (parsed, cancellationToken) =>
            await SoakMeasurement.RunAsync(new SoakOptions(parsed.GetValue(minutes), parsed.GetValue(loops)), Wide(), cancellationToken) ? 0 : 1);
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
