using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Commands;

/// <summary>
/// Gives memory back to the machine when a burst is over. The collector by itself keeps what the reading of thousands of objects took, for
/// a next burst that may not come for days, and a speaker runs on every node. Its collection halts every thread, for 20 ms with 10,000
/// Services in memory: so it is made where nothing else is to be done.
/// </summary>
internal sealed class SpareMemory(TimeProvider time) : IRunnable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var growth = new MemoryGrowth();
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (growth.IsOver(GC.GetTotalAllocatedBytes(), Environment.WorkingSet))
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                growth.Settle(Environment.WorkingSet);
            }
        }
    }
}
