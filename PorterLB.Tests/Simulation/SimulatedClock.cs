namespace PorterLB.Tests.Simulation;

/// <summary>Discrete events in order of time; those of one instant in the order in which they were arranged, so that a seed replays exactly.</summary>
internal sealed class SimulatedClock
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private long _order;

    public TimeSpan Now { get; private set; }

    public void At(TimeSpan when, Action what) => _events.Enqueue(what, (when > Now ? when : Now, _order++));

    public void After(double milliseconds, Action what) => At(Now + TimeSpan.FromMilliseconds(milliseconds), what);

    public void RunUntil(TimeSpan end, Action afterEach)
    {
        while (_events.TryPeek(out var what, out var when) && when.At <= end)
        {
            _events.Dequeue();
            Now = when.At;
            what();
            afterEach();
        }

        Now = end;
    }
}
