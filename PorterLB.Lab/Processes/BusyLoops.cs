namespace PorterLB.Lab.Processes;

/// <summary>Processes that take all the time that they can get, at the priority of everybody, until disposed.</summary>
internal sealed class BusyLoops : IDisposable
{
    // It looks now and then whether whoever started it is there: it must not outlive a lab that was killed.
    private const string Loop = "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done; done";

    private readonly List<System.Diagnostics.Process> _loops;

    public BusyLoops(int count) => _loops = [.. Enumerable.Range(0, count).Select(_ => new Command("sh", "-c", Loop).Start())];

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Kill();
            loop.Dispose();
        }
    }
}
