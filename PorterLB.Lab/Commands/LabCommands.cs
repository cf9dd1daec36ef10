using System.CommandLine;
using System.Net;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;
using Command = System.CommandLine.Command;

namespace PorterLB.Lab.Commands;

/// <summary>A lab that stays: <c>up</c>, <c>shell</c>, <c>down</c>.</summary>
internal static class LabCommands
{
    private const string Kubeconfig = "kubeconfig";
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(30);

    public static IEnumerable<Command> All() => [Up(), Shell(), Down()];

    private static Command Up()
    {
        var light = new Option<bool>("--light") { Description = "No kubelets: an API server, and porterlb as plain processes. Up in seconds." };
        var nodes = new Option<int>("--nodes") { Description = "How many nodes.", DefaultValueFactory = _ => 3 };
        var name = Name();
        var foreground = new Option<bool>("--foreground") { Description = "Stay in the terminal; Ctrl-C ends the lab." };
        var command = new Command("up", "Start a cluster to play with, PorterLB installed, and leave it running.") { name, light, nodes, foreground };
        command.SetAction((parsed, cancellationToken) =>
        {
            Privileges.Require();
            var wanted = new Wanted(parsed.GetRequiredValue(name), parsed.GetValue(light), parsed.GetValue(nodes));
            if (Running(wanted.Name) is { } running)
            {
                throw new LabException(
                    $"The lab '{wanted.Name}' is up already (process {running.Owner.Id}): enter it with make lab-shell, end it with make lab-down, or start another with --name.");
            }

            return parsed.GetValue(foreground) ? RunAsync(wanted, cancellationToken) : StartInBackgroundAsync(wanted, cancellationToken);
        });
        return command;
    }

    private static Command Down()
    {
        var name = Name();
        var command = new Command("down", "End the cluster that up started.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Privileges.Require();
            if (Running(parsed.GetRequiredValue(name)) is not { } running)
            {
                Console.WriteLine("No lab is up.");
                return 0;
            }

            Signals.Send(running.Owner.Id, UnixSignal.Terminate);
            await ControlPlane.WaitUntilAsync("the lab to end", () => Task.FromResult(!running.Owner.IsAlive), EndPatience, cancellationToken);
            Console.WriteLine("The lab is gone, and everything that it made.");
            return 0;
        });
        return command;
    }

    private static Command Shell()
    {
        var name = Name();
        var command = new Command("shell", "Open a shell on the client of the cluster that up started.") { name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Privileges.Require();
            var running = Running(parsed.GetRequiredValue(name)) ?? throw new LabException("No lab is up; start one with make lab-up.");
            var kubectl = File.ReadAllText(Path.Combine(running.Folder, "kubectl-folder"));
            Console.WriteLine($"""
                You are on the client: on the nodes' segment, and no node. kubectl is the administrator's. Try:
                  kubectl get nodes,eips,speakers
                  kubectl apply -f {Repository.Config("samples")}
                  arping -I eth0 ADDRESS; ndisc6 ADDRESS eth0; curl ADDRESS; tcpdump -ni eth0 arp or icmp6
                On a node: nsenter --net=/run/netns/{running.Prefix}n1 ip addr
                Pull its cable, put it back: nsenter --net=/run/netns/{running.Prefix}sw ip link set p-n1 down|up
                """);
            var shell = new NetworkNamespace(running.Prefix + "cl").Inside(new Processes.Command(Environment.GetEnvironmentVariable("SHELL") ?? "/bin/bash"))
                .With("KUBECONFIG", Path.Combine(running.Folder, "kubeconfig-admin"))
                .With("PATH", $"{kubectl}:{Environment.GetEnvironmentVariable("PATH")}")
                .With("PS1", @"lab-client:\w# ");
            return await shell.RunInTerminalAsync(cancellationToken);
        });
        return command;
    }

    private static Option<string> Name() => new("--name") { Description = "Which one, when there are several.", DefaultValueFactory = _ => "lab" };

    private static LabRecord? Running(string name) => LabRegistry.Live().FirstOrDefault(record => record.Kind == KindOf(name));

    private static string KindOf(string name) => $"up {name}";

    private static async Task<int> StartInBackgroundAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        List<string> arguments = ["up", "--foreground", $"--name={wanted.Name}", $"--nodes={wanted.Nodes}"];
        if (wanted.Light)
        {
            arguments.Add("--light");
        }

        var logFolder = Directory.CreateTempSubdirectory("porterlb-lab-").FullName;
        var keeper = LabProcess.Start("up", new Processes.Command(Environment.ProcessPath!, [.. arguments]), logFolder);
        using var log = new FollowedFile(keeper.LogFile);
        while (true)
        {
            log.CopyTo(Console.Out);
            if (keeper.HasExited)
            {
                log.CopyTo(Console.Out);
                Directory.Delete(logFolder, recursive: true);
                return 1;
            }

            if (Running(wanted.Name) is { } running && File.Exists(Path.Combine(running.Folder, Kubeconfig)))
            {
                log.CopyTo(Console.Out);
                Directory.Delete(logFolder, recursive: true);
                return 0;
            }

            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                await keeper.StopAsync(EndPatience, CancellationToken.None);
                throw;
            }
        }
    }

    private static async Task<int> RunAsync(Wanted wanted, CancellationToken cancellationToken)
    {
        if (wanted.Light)
        {
            await using var lab = await LightLab.StartAsync(new LightLabOptions { Nodes = wanted.Nodes, Kind = KindOf(wanted.Name) }, Console.WriteLine, cancellationToken);
            await lab.StartPorterLBAsync(cancellationToken);
            return await StayAsync(lab.ControlPlane, Path.GetDirectoryName(lab.LogFolder)!, cancellationToken);
        }
        else
        {
            await using var lab = await FullLab.StartAsync(new FullLabOptions { Nodes = wanted.Nodes, Kind = KindOf(wanted.Name) }, Console.WriteLine, cancellationToken);
            await lab.InstallAsync(cancellationToken);
            return await StayAsync(lab.ControlPlane, lab.Folder, cancellationToken);
        }
    }

    private static async Task<int> StayAsync(ControlPlane plane, string folder, CancellationToken cancellationToken)
    {
        using var door = Door.Open(plane.Host.Namespace, new IPEndPoint(plane.Host.IPv4, ControlPlane.Port));
        await File.WriteAllTextAsync(Path.Combine(folder, "kubectl-folder"), Path.GetDirectoryName(plane.Binaries.Kubectl), cancellationToken);
        var outside = plane.WriteAdminKubeconfig("outside", $"https://localhost:{door.Port}");
        Console.WriteLine($"""
            The cluster is up. From this machine: export KUBECONFIG={Path.Combine(folder, Kubeconfig)}
            On its segment: make lab-shell. To end it: make lab-down.
            """);
        File.Move(outside, Path.Combine(folder, Kubeconfig));
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Asked to end.
        }

        return 0;
    }

    private sealed record Wanted(string Name, bool Light, int Nodes);
}
