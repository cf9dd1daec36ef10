namespace PorterLB.Speaker.Announcing;

/// <summary>
/// When a holder tells the segment of its address without being asked. Several times, because Linux ignores a second change of a
/// neighbour entry within a second of the first (its locktime), and because a frame may be lost. It belongs to the tenure: a lift neither
/// cancels nor restarts it.
/// </summary>
internal struct ClaimSchedule
{
    private static readonly TimeSpan[] Burst =
    [
        TimeSpan.Zero,
        TimeSpan.FromMilliseconds(50),
        TimeSpan.FromMilliseconds(250),
        TimeSpan.FromMilliseconds(1100),
        TimeSpan.FromMilliseconds(2500),
        TimeSpan.FromMilliseconds(5000),
    ];

    private TimeSpan _start;
    private TimeSpan _refresh;
    private TimeSpan _refreshed;
    private int _told;

    /// <summary>When the next announcement is due; <see cref="TimeSpan.MaxValue"/> when none is.</summary>
    public readonly TimeSpan Next =>
        _told < Burst.Length ? _start + Burst[_told] : _refresh > TimeSpan.Zero ? _refreshed + _refresh : TimeSpan.MaxValue;

    /// <summary>Begins the burst.</summary>
    /// <param name="now">Now.</param>
    /// <param name="refresh">Interval of further announcements for ever; zero for none.</param>
    public static ClaimSchedule Begin(TimeSpan now, TimeSpan refresh) => new() { _start = now, _refresh = refresh };

    /// <summary>Whether an announcement is due now; it then counts as made.</summary>
    public bool Take(TimeSpan now)
    {
        if (now < Next)
        {
            return false;
        }

        // After a late wake-up one announcement stands for all that were missed.
        while (_told < Burst.Length && _start + Burst[_told] <= now)
        {
            _told++;
        }

        _refreshed = now;
        return true;
    }
}
