using System.Diagnostics;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>Hosts as network namespaces on one bridge. Everything is inside the namespaces and goes with them.</summary>
internal sealed class BridgedHosts : IDisposable
{
    private static int _made;

    private readonly string _prefix = $"pw-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
    private readonly List<string> _namespaces = [];
    private readonly List<Process> _processes = [];

    public BridgedHosts(int hosts)
    {
        try
        {
            Add("switch");
            Ip("-n", In("switch"), "link", "add", "bridge", "type", "bridge");
            Ip("-n", In("switch"), "link", "set", "bridge", "up");
            for (var host = 1; host <= hosts; host++)
            {
                Add($"h{host}");
                Ip("link", "add", "eth0", "netns", In($"h{host}"), "address", $"02:00:00:00:00:0{host}", "type", "veth",
                    "peer", "name", $"port{host}", "netns", In("switch"));
                Ip("-n", In("switch"), "link", "set", $"port{host}", "master", "bridge", "up");
                Ip("-n", In($"h{host}"), "link", "set", "lo", "up");
                Ip("-n", In($"h{host}"), "link", "set", "eth0", "up");
                Ip("-n", In($"h{host}"), "address", "add", $"192.168.0.{host}/24", "dev", "eth0");
                Ip("-n", In($"h{host}"), "address", "add", $"2001:db8::{host}/64", "dev", "eth0", "nodad");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why hosts cannot be made here, or null.</summary>
    public static string? Lacking()
    {
        if (Environment.UserName != "root")
        {
            return "network namespaces need root";
        }

        foreach (var tool in new[] { "ip", "arping", "ndisc6", "tcpdump", "tshark" })
        {
            if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool))))
            {
                return $"{tool} is missing (apt-get install iproute2 iputils-arping ndisc6 tcpdump tshark libpcap0.8)";
            }
        }

        try
        {
            using var hosts = new BridgedHosts(1);
            return null;
        }
        catch (InvalidOperationException error)
        {
            return error.Message;
        }
    }

    /// <summary>Starts a program on a host. It is killed with the hosts.</summary>
    public Process Start(int host, params string[] command) => Launch(["ip", "netns", "exec", In($"h{host}"), .. command]);

    /// <summary>Runs a program on a host to its end.</summary>
    /// <returns>What it wrote.</returns>
    public string Run(int host, params string[] command)
    {
        var process = Start(host, command);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return output.Result + errors.Result;
    }

    public void CutCable(int host) => Ip("-n", In("switch"), "link", "set", $"port{host}", "down");

    public void PlugCable(int host) => Ip("-n", In("switch"), "link", "set", $"port{host}", "up");

    /// <summary>Says something to the switch, by the program bridge.</summary>
    public string Bridge(params string[] arguments)
    {
        using var process = Launch(["ip", "netns", "exec", In("switch"), "bridge", .. arguments]);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"bridge {string.Join(' ', arguments)}: {errors.Trim()}");
    }

    public void Ip(params string[] arguments)
    {
        using var process = Launch(["ip", .. arguments]);
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {errors.Trim()}");
        }
    }

    public string In(string name) => $"{_prefix}-{name}";

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            try
            {
                process.Kill();
                process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // It ended by itself.
            }

            process.Dispose();
        }

        foreach (var name in _namespaces)
        {
            using var process = Process.Start("ip", ["netns", "delete", name]);
            process.WaitForExit();
        }
    }

    private void Add(string name)
    {
        Ip("netns", "add", In(name));
        _namespaces.Add(In(name));
    }

    private Process Launch(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        if (command.Length > 1 && command[1] == "netns" && command[2] == "exec")
        {
            _processes.Add(process);
        }

        return process;
    }
}
