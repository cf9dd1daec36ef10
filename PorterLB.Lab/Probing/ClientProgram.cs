using System.Diagnostics;
using System.Net;
using System.Text.Json;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Probing;

/// <summary>
/// A part of this program that runs on a host of the lab, as a process of its own: what happens in the process that runs the lab
/// cannot disturb what it measures. It works until its input is closed, and then writes its result.
/// </summary>
/// <typeparam name="TResult">What it measures.</typeparam>
public sealed class ClientProgram<TResult> : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ClientProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Ends the measuring and returns its result.</summary>
    public async Task<TResult> StopAsync(CancellationToken cancellationToken = default)
    {
        _process.StandardInput.Close();
        var output = await _process.StandardOutput.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode == 0
            ? JsonSerializer.Deserialize<TResult>(output)!
            : throw new LabException($"The lab's client ended with exit code {_process.ExitCode}: {await _errors}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    internal static async Task<ClientProgram<TResult>> StartAsync(Host host, CancellationToken cancellationToken, params string[] arguments)
    {
        var program = new ClientProgram<TResult>(host.Command(ClientProgram.Path, arguments).Start());
        var first = await program._process.StandardOutput.ReadLineAsync(cancellationToken);
        return first == ClientProgram.Started
            ? program
            : throw new LabException($"The lab's client did not start: {first} {await program._errors}");
    }
}

/// <summary>What measures on the lab's client.</summary>
public static class ClientProgram
{
    internal const string Started = "started";

    /// <summary>This program, as a file.</summary>
    internal static string Path => System.IO.Path.Combine(AppContext.BaseDirectory, "porterlb-lab");

    /// <summary>A new UDP and a new TCP flow to each address at each interval, 5 ms unless said.</summary>
    public static Task<ClientProgram<ProbeResult>> ProbeAsync(
        Host host, IEnumerable<IPAddress> addresses, TimeSpan? interval = null, int port = LightLab.WorkloadPort, CancellationToken cancellationToken = default) =>
        ClientProgram<ProbeResult>.StartAsync(
            host,
            cancellationToken,
            ["probe", "--interval", $"{(interval ?? TimeSpan.FromMilliseconds(5)).TotalMilliseconds}", .. addresses.Select(address => $"{new IPEndPoint(address, port)}")]);

    /// <summary>Asks by ARP and NDP who has each address, every 10 ms unless said, and notes who answers.</summary>
    public static Task<ClientProgram<AnswerLog>> ObserveAsync(
        Host host, IEnumerable<IPAddress> addresses, TimeSpan? interval = null, CancellationToken cancellationToken = default) =>
        ClientProgram<AnswerLog>.StartAsync(
            host,
            cancellationToken,
            ["observe", "--interval", $"{(interval ?? TimeSpan.FromMilliseconds(10)).TotalMilliseconds}", .. addresses.Select(address => $"{address}")]);

    /// <summary>Holds TCP connections open and counts which survive.</summary>
    public static Task<ClientProgram<HeldResult>> HoldAsync(
        Host host, IPAddress address, int count, int port = LightLab.WorkloadPort, CancellationToken cancellationToken = default) =>
        ClientProgram<HeldResult>.StartAsync(host, cancellationToken, "hold", "--count", $"{count}", $"{new IPEndPoint(address, port)}");
}
