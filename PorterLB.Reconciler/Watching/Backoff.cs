namespace PorterLB.Reconciler.Watching;

/// <summary>
/// Growing delays between tries at the API server: 0.8 s, doubled each time up to 30 s, each stretched by a random factor of 1 to 2, so
/// that a thousand clients do not come back in the same moment. Two minutes without a failure start over.
/// </summary>
internal sealed class Backoff(Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResetAfter = TimeSpan.FromMinutes(2);

    private TimeSpan _current = First;
    private TimeSpan? _lastFailure;

    /// <summary>Whether a failure lies less than two minutes back.</summary>
    public bool IsTroubled(TimeSpan now) => _lastFailure is { } last && now - last < ResetAfter;

    /// <summary>Another failure: how long to wait now.</summary>
    public TimeSpan Next(TimeSpan now)
    {
        if (!IsTroubled(now))
        {
            _current = First;
        }

        var delay = _current * (1 + random.NextDouble());
        _current = _current * 2 < Cap ? _current * 2 : Cap;

        // Counted from when the wait is over: else a wait of a minute would be half of the quiet that resets it.
        _lastFailure = now + delay;
        return delay;
    }
}
