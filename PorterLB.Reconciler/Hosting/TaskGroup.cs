namespace PorterLB.Reconciler.Hosting;

/// <summary>Tasks that are stopped together.</summary>
internal sealed class TaskGroup : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _tasks = [];

    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Starts a task, unless the group is stopping already.</summary>
    public Task Run(Func<CancellationToken, Task> run)
    {
        lock (_lock)
        {
            if (_stop.IsCancellationRequested)
            {
                return Task.CompletedTask;
            }

            // On a thread of the pool: one that works before its first await must not hold up the others.
            var task = Task.Run(() => run(_stop.Token), CancellationToken.None);
            _tasks.Add(task);
            return task;
        }
    }

    /// <summary>Cancels all tasks and waits for them.</summary>
    public async Task StopAsync()
    {
        Task[] tasks;
        lock (_lock)
        {
            _stop.Cancel();
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks);
    }

    public void Dispose() => _stop.Dispose();
}
