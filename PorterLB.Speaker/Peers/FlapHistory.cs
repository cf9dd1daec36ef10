using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Peers;

/// <summary>
/// Withholds <c>steady</c> from a speaker that entered Joining repeatedly: it is ranked last, for longer each time, but never excluded,
/// for if all flapped nobody would claim.
/// </summary>
internal struct FlapHistory
{
    private TimeSpan? _lastJoin;
    private int _repeats;

    /// <summary>From when on the speaker is steady.</summary>
    public TimeSpan SteadyAt { get; private set; }

    /// <summary>Notes an entry into Joining that will last for <paramref name="listen"/>.</summary>
    public void Join(TimeSpan now, TimeSpan listen)
    {
        _repeats = _lastJoin is { } last && now - last < Timers.FlapMemory ? Math.Min(_repeats + 1, 16) : 0;
        _lastJoin = now;
        SteadyAt = now + listen + (_repeats == 0 ? TimeSpan.Zero : Min(listen * (1 << _repeats), Timers.FlapMemory));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
