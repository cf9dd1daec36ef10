using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;

namespace PorterLB.Lab.Processes;

/// <summary>A program with its arguments, as a value; run to its end by <see cref="RunAsync"/>.</summary>
public sealed record Command(string File, params ImmutableArray<string> Arguments)
{
    /// <summary>Fed to standard input; null closes it at once.</summary>
    public string? Input { get; init; }

    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// A cancelled run is killed with everything that it started, however deep; for what starts many processes quickly, of which a walk
    /// through the tree of processes would miss some. Ctrl-C in the terminal does not reach it.
    /// </summary>
    public bool InOwnSession { get; init; }

    /// <summary>Added to this process's environment.</summary>
    public ImmutableDictionary<string, string> Environment { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>A few lines of shell, ended by the first that fails.</summary>
    public static Command Shell(string script) => new("sh", "-euc", script);

    /// <summary>This command with another in front: <c>nsenter</c>, <c>sudo</c>, <c>setpriv</c>.</summary>
    public Command Behind(string file, params string[] arguments) =>
        this with { File = file, Arguments = [.. arguments, File, .. Arguments] };

    public Command With(string variable, string value) => this with { Environment = Environment.SetItem(variable, value) };

    /// <summary>Runs to the end, whatever the exit code. A cancelled run is killed.</summary>
    public async Task<CommandResult> TryRunAsync(CancellationToken cancellationToken = default)
    {
        using var process = (InOwnSession ? Behind("setsid") : this).Start();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.StandardInput.WriteAsync(Input.AsMemory(), cancellationToken);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading its input: its exit code says why.
            }

            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            if (InOwnSession)
            {
                Signals.SendToGroup(process.Id, UnixSignal.Kill);
            }
            else
            {
                process.Kill(entireProcessTree: true);
            }

            throw;
        }
    }

    /// <summary>Runs to the end and returns standard output.</summary>
    /// <exception cref="LabException">The exit code was not 0.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken = default)
    {
        var result = await TryRunAsync(cancellationToken);
        return result.Succeeded
            ? result.Output
            : throw new LabException($"'{this}' ended with exit code {result.ExitCode}: {result.Text}");
    }

    /// <summary>Starts with all three streams redirected.</summary>
    public Process Start()
    {
        var start = StartInfo();
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        return StartOrExplain(start);
    }

    /// <summary>Runs on the caller's terminal and returns the exit code.</summary>
    public async Task<int> RunInTerminalAsync(CancellationToken cancellationToken = default)
    {
        using var process = StartOrExplain(StartInfo());
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode;
    }

    public override string ToString() => string.Join(' ', Arguments.Prepend(File).Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(letter => char.IsLetterOrDigit(letter) || "-_./:=,@+%".Contains(letter, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static Process StartOrExplain(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new LabException($"'{start.FileName}' cannot be started ({e.Message}); is it installed and on the PATH?", e);
        }
    }

    private ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(File, Arguments) { UseShellExecute = false, WorkingDirectory = WorkingDirectory ?? "" };
        foreach (var (variable, value) in Environment)
        {
            start.Environment[variable] = value;
        }

        return start;
    }
}
