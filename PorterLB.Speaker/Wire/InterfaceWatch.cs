using System.Collections.Immutable;

namespace PorterLB.Speaker.Wire;

/// <summary>
/// Tells of every change of the node's interfaces, addresses and routes, by the kernel's events. An event only says that it is time
/// to look: what is told is always the whole truth, so a lost event costs nothing.
/// </summary>
internal sealed class InterfaceWatch : IDisposable
{
    /// <summary>Events come in bursts; what comes within this time is looked at once.</summary>
    private const int CoalesceMilliseconds = 10;

    /// <summary>A router that learns a whole table of routes must not keep us from seeing a cable that was pulled.</summary>
    private const int BurstMax = 5;

    private readonly Netlink _events = new(changes: true);
    private readonly Netlink _questions = new();
    private readonly StopSignal _stop = new();
    private readonly Action<ImmutableArray<LocalInterface>> _changed;
    private readonly Action<IOException> _failed;
    private readonly Thread _thread;

    /// <param name="changed">Called from the watch's own thread after every change, also when only routes changed.</param>
    /// <param name="failed">Called from the watch's own thread when the kernel did not answer; it is asked again at the next event.</param>
    /// <exception cref="IOException">The kernel has no netlink for this process.</exception>
    public InterfaceWatch(Action<ImmutableArray<LocalInterface>> changed, Action<IOException> failed)
    {
        _changed = changed;
        _failed = failed;

        // Subscribed before the first look: what changes in between is an event.
        Current = InterfaceTable.Read(_questions);
        _thread = new Thread(Run) { IsBackground = true, Name = "interfaces" };
    }

    /// <summary>The interfaces at the time of construction.</summary>
    public ImmutableArray<LocalInterface> Current { get; }

    public void Start() => _thread.Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Raise();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _events.Dispose();
        _questions.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        while (_stop.WaitFor(_events.Descriptor) != Wait.Stopped)
        {
            for (var burst = 0; burst < BurstMax; burst++)
            {
                _events.DrainChanges();
                if (_stop.WaitFor(_events.Descriptor, CoalesceMilliseconds) != Wait.Readable)
                {
                    break;
                }
            }

            try
            {
                _changed(InterfaceTable.Read(_questions));
            }
            catch (IOException error)
            {
                _failed(error);
            }
        }
    }
}
