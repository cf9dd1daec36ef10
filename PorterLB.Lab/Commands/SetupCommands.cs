using System.CommandLine;
using PorterLB.Lab.Images;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab.Commands;

/// <summary>What is made or brought once, before a lab can run.</summary>
internal static class SetupCommands
{
    public static IEnumerable<Command> All() => [Install(), Kubernetes(), Image()];

    private static Command Install()
    {
        var purpose = new Argument<string>("purpose") { Description = "native: to compile bin/porterlb ahead of time; lab: to run labs; tests: to run every test." };
        purpose.AcceptOnlyFromAmong("native", "lab", "tests");
        var command = new Command("install", "Install the tools that are missing, and say why.") { purpose };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IEnumerable<Tool> tools = parsed.GetRequiredValue(purpose) switch
            {
                "native" => Tool.NativeCompiler,
                "lab" => [.. Tool.Network, .. Tool.Nodes],
                _ => [.. Tool.Network, .. Tool.Nodes, .. Tool.Tests],
            };
            await new Toolbox(Console.WriteLine).InstallAsync(tools, cancellationToken);
            return 0;
        });
        return command;
    }

    private static Command Kubernetes()
    {
        var command = new Command("kubernetes", "Compile Kubernetes into the cache, unless it is there.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var binaries = await KubernetesBinaries.ForNodesAsync(Console.WriteLine, cancellationToken);
            Console.WriteLine($"Kubernetes is in {binaries.Folder}.");
            return 0;
        });
        return command;
    }

    private static Command Image()
    {
        var file = new Argument<string>("file") { Description = "The archive to write." };
        var command = new Command("image", "Write PorterLB's container image as a file, without a container daemon.") { file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await new Toolbox(Console.WriteLine).InstallAsync(Tool.NativeCompiler.Where(tool => tool.Package == "libpcap0.8"), cancellationToken);
            await LabImages.WriteProductAsync(parsed.GetRequiredValue(file), cancellationToken);
            return 0;
        });
        return command;
    }
}
