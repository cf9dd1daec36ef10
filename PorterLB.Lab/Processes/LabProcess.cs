using System.Diagnostics;

namespace PorterLB.Lab.Processes;

/// <summary>
/// A long-running program of a lab: in a session of its own, so that Ctrl-C in the terminal reaches the lab and not each of its
/// parts, with both streams appended to a log file. <c>exec</c> all the way: <see cref="Id"/> is the program itself.
/// </summary>
public sealed class LabProcess : IDisposable
{
    private readonly Process _process;

    private LabProcess(string name, string logFile, Process process)
    {
        Name = name;
        LogFile = logFile;
        _process = process;
    }

    public string Name { get; }

    public string LogFile { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <param name="name">Names the log file.</param>
    /// <param name="command">What to run.</param>
    /// <param name="logFolder">Where the log goes.</param>
    /// <param name="cgroups">The <c>cgroup.procs</c> files to enter first, so that what it starts can be found later.</param>
    public static LabProcess Start(string name, Command command, string logFolder, IEnumerable<string>? cgroups = null)
    {
        ArgumentNullException.ThrowIfNull(command);
        var log = Path.Combine(logFolder, name + ".log");
        var enter = string.Concat((cgroups ?? []).Select(file => $"echo $$ > '{file}'; "));
        var detached = command.Behind("setsid", "sh", "-euc", enter + "exec \"$@\" >>\"$PORTERLB_LAB_LOG\" 2>&1 </dev/null", "sh")
            .With("PORTERLB_LAB_LOG", log);
        var process = detached.Start();
        process.StandardInput.Close();
        return new LabProcess(name, log, process);
    }

    public void Send(UnixSignal signal) => Signals.Send(Id, signal);

    public Task WaitForExitAsync(CancellationToken cancellationToken = default) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>SIGTERM, and SIGKILL when that did not end it in time.</summary>
    public async Task StopAsync(TimeSpan patience, CancellationToken cancellationToken = default)
    {
        Send(UnixSignal.Terminate);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            await WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await KillAsync(cancellationToken);
        }
    }

    public async Task KillAsync(CancellationToken cancellationToken = default)
    {
        Send(UnixSignal.Kill);
        await WaitForExitAsync(cancellationToken);
    }

    /// <summary>The end of the log, to be shown when something went wrong.</summary>
    public string LastLines(int count = 15)
    {
        try
        {
            using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = Math.Max(0, stream.Length - 64 * 1024);
            using var reader = new StreamReader(stream);
            return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(count));
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    public void Dispose() => _process.Dispose();
}
