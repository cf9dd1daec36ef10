namespace PorterLB.Speaker.Peers;

/// <summary>
/// Notices that the loop did not run for the dead-after time (SIGSTOP, a frozen machine, a starved process): meanwhile the others have
/// declared us dead and taken over.
/// </summary>
internal struct StallDetector
{
    private TimeSpan? _lastRun;

    /// <summary>Notes a run of the loop.</summary>
    /// <returns>Whether more than <paramref name="limit"/> has passed since the last one.</returns>
    public bool Run(TimeSpan now, TimeSpan limit)
    {
        var stalled = _lastRun is { } last && now - last > limit;
        _lastRun = now;
        return stalled;
    }

    /// <summary>Forgets the last run: nothing was due meanwhile, so a pause means nothing.</summary>
    public void Reset() => _lastRun = null;
}
