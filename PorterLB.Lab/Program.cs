using System.CommandLine;
using System.Runtime.InteropServices;
using PorterLB.Lab;
using PorterLB.Lab.Commands;

const int NoSpaceLeft = 28;
var root = new RootCommand("A real Kubernetes on this machine, out of network namespaces, to show and to test PorterLB.");
foreach (var command in (IEnumerable<Command>)[.. ShowCommands.All(), .. LabCommands.All(), .. SetupCommands.All(), .. ClientCommands.All()])
{
    root.Subcommands.Add(command);
}

// A lab that is taken down by a signal pulls the ground from under whatever was going on in it: that is no failure to report.
var interrupted = false;
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => interrupted = true);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => interrupted = true);

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (Exception) when (interrupted)
{
    await Console.Error.WriteLineAsync("Interrupted; what was made is gone.");
    return 130;
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
