namespace PorterLB.Reconciler.Leadership;

/// <summary>
/// How many writes may be under way at once: many while the server answers them soon, few while it does not, for a leader that floods a
/// slow server keeps its own lease from being renewed. As TCP does it: half as many after a slow answer, one more after a window of quick ones.
/// </summary>
internal sealed class WriteWindow(TimeProvider time)
{
    /// <summary>With a server that is quick.</summary>
    public const int Most = 16;

    /// <summary>An answer that took this long is slow: a fifth of what a lease's renewal may take.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = [];
    private readonly long _start = time.GetTimestamp();
    private double _size = Most;
    private int _underWay;
    private TimeSpan _shrunkAt = TimeSpan.MinValue;

    /// <summary>How many may be under way now, 1..<see cref="Most"/>.</summary>
    public int Size
    {
        get
        {
            lock (_lock)
            {
                return (int)_size;
            }
        }
    }

    /// <summary>Sends a write when it is its turn: first come, first served.</summary>
    public async Task<T> SendAsync<T>(Func<Task<T>> send, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken);
        var begun = time.GetElapsedTime(_start);
        try
        {
            return await send();
        }
        finally
        {
            Leave(begun);
        }
    }

    private async Task EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_underWay < (int)_size)
            {
                _underWay++;
                return;
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
        }

        await using var cancelled = cancellationToken.UnsafeRegister(_ => turn.TrySetCanceled(cancellationToken), state: null);
        await turn.Task;
    }

    private void Leave(TimeSpan begun)
    {
        lock (_lock)
        {
            var now = time.GetElapsedTime(_start);
            if (now - begun < Slow)
            {
                _size = Math.Min(Most, _size + (1 / _size));
            }
            else if (begun >= _shrunkAt)
            {
                // What was under way already when the window was made smaller says nothing about the smaller one.
                _size = Math.Max(1, _size / 2);
                _shrunkAt = now;
            }

            _underWay--;
            while (_underWay < (int)_size && _waiting.TryDequeue(out var next))
            {
                _underWay += next.TrySetResult() ? 1 : 0;
            }
        }
    }
}
