using System.CommandLine;
using PorterLB.Lab.Demonstration;
using PorterLB.Lab.Measuring;
using Spectre.Console;

namespace PorterLB.Lab.Commands;

/// <summary>What runs a lab, shows something and ends it.</summary>
internal static class ShowCommands
{
    public static IEnumerable<Command> All() => [ShowDemo(), Measure()];

    private static Command ShowDemo()
    {
        var command = new Command("demo", "Show PorterLB's main job on a real cluster, and measure it.");
        command.SetAction(async (_, cancellationToken) => await Demo.RunAsync(Wide(), cancellationToken) ? 0 : 1);
        return command;
    }

    private static Command Measure()
    {
        var quick = new Option<bool>("--quick") { Description = "Each fault once." };
        var command = new Command("measure", "Measure take-overs and hand-overs in a light lab: medians and worsts.") { quick };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = parsed.GetValue(quick) ? new MeasurementOptions(1, 1, 1, 1, 1) : new MeasurementOptions();
            return await Measurement.RunAsync(options, Wide(), cancellationToken) ? 0 : 1;
        });
        command.Subcommands.Add(MeasureServices());
        return command;
    }

    private static Command MeasureServices()
    {
        var count = new Option<int>("--count") { Description = "How many Services are created at once.", DefaultValueFactory = _ => 2_000 };
        var restarts = new Option<bool>("--restarts") { Description = "Also stop, kill and start the manager." };
        var command = new Command("services", "Measure thousands of Services created at once, and what they cost.") { count, restarts };
        command.SetAction(async (parsed, cancellationToken) =>
            await ServiceMeasurement.RunAsync(parsed.GetValue(count), parsed.GetValue(restarts), Wide(), cancellationToken) ? 0 : 1);
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
