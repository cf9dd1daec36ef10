using System.CommandLine;
using PorterLB.Operator.Commands;

var root = new RootCommand("Addresses for Services of type LoadBalancer, announced on layer 2.") { GenerateCommand.Create() };
return root.Parse(args).Invoke();
