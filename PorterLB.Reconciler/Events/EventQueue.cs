using System.Threading.Channels;

namespace PorterLB.Reconciler.Events;

/// <summary>
/// Statements that wait to be sent, a bounded number of each type, warnings first: whatever goes well for ten thousand objects at once
/// does not keep a person from being told what does not.
/// </summary>
internal sealed class EventQueue
{
    /// <summary>Of each type.</summary>
    public const int Most = 1000;

    private readonly Channel<(EventStatement Statement, long Number)> _waiting = Channel.CreateUnboundedPrioritized(
        new UnboundedPrioritizedChannelOptions<(EventStatement Statement, long Number)>
        {
            SingleReader = true,
            Comparer = Comparer<(EventStatement Statement, long Number)>.Create((one, other) =>
                one.Statement.Type == other.Statement.Type ? one.Number.CompareTo(other.Number) : one.Statement.Type == EventType.Warning ? -1 : 1),
        });

    private readonly int[] _count = new int[Enum.GetValues<EventType>().Length];
    private long _number;

    /// <summary>False when there are too many of its type already: it is not sent.</summary>
    public bool TryAdd(EventStatement statement)
    {
        ref var count = ref _count[(int)statement.Type];
        if (Interlocked.Increment(ref count) <= Most)
        {
            // Nothing is said to somebody who hears no more; that is no loss to count.
            _waiting.Writer.TryWrite((statement, Interlocked.Increment(ref _number)));
            return true;
        }

        Interlocked.Decrement(ref count);
        return false;
    }

    /// <summary>The next one, once there is one; null after <see cref="Complete"/> when all are taken.</summary>
    public async ValueTask<EventStatement?> TakeAsync(CancellationToken cancellationToken)
    {
        while (await _waiting.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_waiting.Reader.TryRead(out var next))
            {
                Interlocked.Decrement(ref _count[(int)next.Statement.Type]);
                return next.Statement;
            }
        }

        return null;
    }

    /// <summary>Nothing more is added.</summary>
    public void Complete() => _waiting.Writer.TryComplete();
}
