using System.Runtime.InteropServices;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Lifetime;

/// <summary>
/// A lab's claim on the machine: names and subnet of its own (<see cref="Slot"/>), a folder, and the promise that all of it goes when
/// this is disposed, when the process ends, and on SIGINT and SIGTERM. After a SIGKILL the next lab removes what was left.
/// </summary>
public sealed class LabSession : IDisposable
{
    private readonly LabRecord _record;
    private readonly Lock _removing = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly List<LabProcess> _processes = [];
    private bool _removed;

    private LabSession(LabRecord record, Action<string> say)
    {
        _record = record;
        Say = say;
    }

    public int Slot => _record.Slot;

    /// <summary>Begins every name that the lab gives to something the machine sees.</summary>
    public string Prefix => _record.Prefix;

    public string Folder => _record.Folder;

    /// <summary>The lab's part of every cgroup hierarchy, such as "plb-0".</summary>
    public string Cgroup => _record.Cgroup;

    public Action<string> Say { get; }

    /// <param name="kind">What runs the lab; shown to others.</param>
    /// <param name="say">Takes one line of progress.</param>
    public static LabSession Open(string kind, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(say);
        Privileges.Require();
        var session = new LabSession(LabRegistry.Claim(kind, say), say);
        AppDomain.CurrentDomain.ProcessExit += session.OnExit;
        session._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => session.Remove()));
        session._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => session.Remove()));
        session._signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => session.Remove()));
        Directory.CreateDirectory(Path.Combine(session.Folder, "logs"));
        return session;
    }

    /// <summary>Starts a program that ends with the lab.</summary>
    public LabProcess Start(string name, Command command, string? cgroup = null)
    {
        lock (_removing)
        {
            ObjectDisposedException.ThrowIf(_removed, this);
            var process = LabProcess.Start(
                name, command, Path.Combine(Folder, "logs"), cgroup is null ? null : Cgroups.ProcessFiles($"{Cgroup}/{cgroup}"));
            _processes.Add(process);
            return process;
        }
    }

    public void Dispose()
    {
        Remove();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        foreach (var process in _processes)
        {
            process.Dispose();
        }
    }

    private void OnExit(object? sender, EventArgs e) => Remove();

    private void Remove()
    {
        lock (_removing)
        {
            if (_removed)
            {
                return;
            }

            _removed = true;
            LabRemains.Remove(_record);
            LabRegistry.Forget(_record);
        }
    }
}
