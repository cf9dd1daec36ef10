using System.CommandLine;
using PorterLB.Lab;
using PorterLB.Lab.Commands;

var root = new RootCommand("A real Kubernetes on this machine, out of network namespaces, to show and to test PorterLB.");
foreach (var command in (IEnumerable<Command>)[.. LabCommands.All(), .. SetupCommands.All(), .. ClientCommands.All()])
{
    root.Subcommands.Add(command);
}

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (LabException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("Interrupted; everything that was made is gone.");
    return 130;
}
