using System.CommandLine;
using System.CommandLine.Invocation;
using PorterLB.Operator.Commands;

var root = new RootCommand("Addresses for Services of type LoadBalancer, announced on layer 2.")
{
    ManagerCommand.Create(),
    SpeakerCommand.Create(),
    GenerateCommand.Create(),
    StatusCommand.Create(),
    ExplainCommand.Create(),
    ValidateCommand.Create(),
    MoveCommand.Create(),
    UninstallCommand.Create(),
};
var result = root.Parse(args);
if (result.Action is ParseErrorAction && args.Length > 0)
{
    foreach (var error in result.Errors)
    {
        await Console.Error.WriteLineAsync($"porterlb: {error.Message}");
    }

    await Console.Error.WriteLineAsync($"See 'porterlb {(result.CommandResult.Command == root ? "" : result.CommandResult.Command.Name + " ")}--help'.");
    return Running.WrongUsage;
}

// Signals belong to the host: it stops in order, and not after a fixed time.
return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
