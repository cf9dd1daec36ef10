using System.CommandLine;
using PorterLB.Operator.Commands;

var root = new RootCommand("Addresses for Services of type LoadBalancer, announced on layer 2.")
{
    ManagerCommand.Create(),
    SpeakerCommand.Create(),
    GenerateCommand.Create(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
