using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace PorterLB.Tests.Reconciler;

/// <summary>
/// A clock that stands still until a test turns it on, and that tells which timers the code under test has set: a test waits for a timer
/// and turns the clock on by just that, so that nothing depends on how fast the machine is.
/// </summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Channel<TimeSpan> _timers = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>The next timer that lasts from <paramref name="min"/> to <paramref name="max"/> seconds; those before it are passed over.</summary>
    public async Task<TimeSpan> TimerAsync(double min, double max)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var due = await _timers.Reader.ReadAsync(limit.Token);
            if (due.TotalSeconds >= min && due.TotalSeconds <= max)
            {
                return due;
            }
        }
    }

    /// <summary>Waits until such a timer is set, and lets it run out.</summary>
    public async Task PassAsync(double min, double max) => Advance(await TimerAsync(min, max));
}
