using System.CommandLine;
using PorterLB.Lab;
using PorterLB.Lab.Commands;

const int NoSpaceLeft = 28;
var root = new RootCommand("A real Kubernetes on this machine, out of network namespaces, to show and to test PorterLB.");
foreach (var command in (IEnumerable<Command>)[.. ShowCommands.All(), .. LabCommands.All(), .. SetupCommands.All(), .. ClientCommands.All()])
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
catch (IOException e) when (e.HResult == NoSpaceLeft)
{
    await Console.Error.WriteLineAsync($"The disk is full ({e.Message}). Free some space, or set TMPDIR and PORTERLB_CACHE to folders on a larger disk.");
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("Interrupted; everything that was made is gone.");
    return 130;
}
