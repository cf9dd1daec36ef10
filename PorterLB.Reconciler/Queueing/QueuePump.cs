using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Queueing;

/// <summary>Gives a <see cref="WorkQueue{TKey}"/> a clock, threads that wait for it, and metrics. Polls nothing.</summary>
/// <typeparam name="TKey">What is worked on.</typeparam>
internal sealed class QueuePump<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly WorkQueue<TKey> _queue = new();
    private readonly LinkedList<TaskCompletionSource<WorkItem<TKey>>> _waiters = [];
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly QueueMetrics? _metrics;
    private readonly HashSet<int> _priorities = [];

    public QueuePump(string name, TimeProvider time, OperatorMetrics? metrics)
    {
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Wake(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _metrics = metrics?.ForQueue(name, Refresh);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    public void Add(TKey key, int priority = Priorities.Change, TimeSpan delay = default)
    {
        lock (_lock)
        {
            if (_queue.Add(key, Now, priority, delay))
            {
                _metrics?.Adds.Inc();
            }

            Dispatch();
        }
    }

    /// <summary>Adds a key again that failed; returns after what delay, <paramref name="atLeast"/> that long.</summary>
    public TimeSpan AddAfterFailure(WorkItem<TKey> item, TimeSpan atLeast = default)
    {
        lock (_lock)
        {
            var delay = _queue.AddAfterFailure(item.Key, Now, item.Priority, atLeast);
            _metrics?.Adds.Inc();
            _metrics?.Retries.Inc();
            Dispatch();
            return delay;
        }
    }

    public void Forget(TKey key)
    {
        lock (_lock)
        {
            _queue.Forget(key);
        }
    }

    public void Done(TKey key)
    {
        lock (_lock)
        {
            var took = _queue.Done(key, Now);
            _metrics?.WorkDuration.Observe(took.TotalSeconds);
            Dispatch();
        }
    }

    /// <summary>The next key, once there is one. Who cancels has taken none.</summary>
    public async ValueTask<WorkItem<TKey>> TakeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource<WorkItem<TKey>>> waiter;
        lock (_lock)
        {
            // Whoever waits already goes first.
            if (_waiters.Count == 0 && TryTake(out var item))
            {
                return item;
            }

            waiter = _waiters.AddLast(new TaskCompletionSource<WorkItem<TKey>>(TaskCreationOptions.RunContinuationsAsynchronously));
            Dispatch();
        }

        await using var registration = cancellationToken.UnsafeRegister(_ => Cancel(waiter, cancellationToken), state: null);
        return await waiter.Value.Task;
    }

    public void Dispose() => _timer.Dispose();

    private void Cancel(LinkedListNode<TaskCompletionSource<WorkItem<TKey>>> waiter, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Not in the list any more: it was given a key just now, and keeps it.
            if (waiter.List is not null)
            {
                _waiters.Remove(waiter);
                waiter.Value.SetCanceled(cancellationToken);
            }
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            Dispatch();
        }
    }

    private void Dispatch()
    {
        while (_waiters.First is { } waiter && TryTake(out var item))
        {
            _waiters.RemoveFirst();
            waiter.Value.SetResult(item);
        }

        if (_waiters.Count > 0 && _queue.NextReadyAt() is { } readyAt)
        {
            // Timers count whole milliseconds and may be early by a part of one.
            var due = Math.Max(1, Math.Ceiling((readyAt - Now).TotalMilliseconds));
            _timer.Change(TimeSpan.FromMilliseconds(due), Timeout.InfiniteTimeSpan);
        }
    }

    private bool TryTake(out WorkItem<TKey> item)
    {
        var now = Now;
        if (!_queue.TryTake(now, out item))
        {
            return false;
        }

        _metrics?.QueueDuration.Observe((now - item.ReadySince).TotalSeconds);
        return true;
    }

    private void Refresh(QueueMetrics metrics)
    {
        Dictionary<int, int> depths;
        List<TimeSpan> running;
        lock (_lock)
        {
            depths = _queue.Depths(Now);
            running = [.. _queue.RunningFor(Now)];
        }

        _priorities.Add(Priorities.Change);
        _priorities.UnionWith(depths.Keys);
        foreach (var priority in _priorities)
        {
            metrics.Depth(priority).Set(depths.GetValueOrDefault(priority));
        }

        metrics.Unfinished.Set(running.Sum(time => time.TotalSeconds));
        metrics.LongestRunning.Set(running.Count == 0 ? 0 : running.Max(time => time.TotalSeconds));
    }
}
