namespace PorterLB.Speaker.Announcing;

/// <summary>
/// Asking for the address itself (ARP probe, DAD solicitation) before taking it: lost hellos alone then take nothing from a holder that
/// still answers, and a stranger's address is not announced. Rounds of 100 ms with three probes each (RFC 5227, 2.1.1, with its seconds
/// shortened: the segment is local and the failover must be done in half a second).
/// </summary>
internal struct Inquiry
{
    /// <summary>One round: how long before a claim is due the asking begins.</summary>
    public static readonly TimeSpan Round = TimeSpan.FromMilliseconds(100);

    private const int Probes = 3;

    /// <summary>After so many answered rounds the pace drops, and ever more: whoever answers has come to stay.</summary>
    private const int EagerRounds = 20;

    /// <summary>So often is each pace kept before the next, half as fast.</summary>
    private const int RoundsPerPace = 10;

    private static readonly TimeSpan ProbeInterval = Round / Probes;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(3200);

    private TimeSpan _round;
    private int _sent;
    private int _answeredRounds;
    private bool _heard;
    private bool _heardBefore;
    private bool _anyRoundOver;
    private bool _rivalHeard;
    private TimeSpan? _rivalSince;

    /// <summary>Whether the address is being asked for.</summary>
    public bool Running { get; private set; }

    /// <summary>When the asking began.</summary>
    public TimeSpan Since { get; private set; }

    /// <summary>When the present round began.</summary>
    public readonly TimeSpan RoundBegan => _round;

    /// <summary>Whether somebody answered in this round or the one before.</summary>
    public readonly bool Answered => Running && (_heard || _heardBefore);

    /// <summary>Since when a rival has answered in every round; null when it did not.</summary>
    public readonly TimeSpan? RivalAnswersSince => Running ? _rivalSince : null;

    /// <summary>Whether a whole round went by and nobody has answered since it began.</summary>
    public readonly bool Silent => Running && _anyRoundOver && !_heard && !_heardBefore;

    /// <summary>When <see cref="Step"/> wants to run.</summary>
    public readonly TimeSpan Next => !Running ? TimeSpan.MaxValue : _sent < Probes ? _round + (_sent * ProbeInterval) : RoundEnd;

    private readonly TimeSpan RoundEnd => _round + Round + Pause;

    private readonly TimeSpan Pause
    {
        get
        {
            if (!_heard || _answeredRounds < EagerRounds)
            {
                return TimeSpan.Zero;
            }

            var pause = FirstPause * (1 << Math.Min((_answeredRounds - EagerRounds) / RoundsPerPace, 8));
            return pause < LongestPause ? pause : LongestPause;
        }
    }

    /// <summary>Begins to ask, unless it is being asked already.</summary>
    public void Begin(TimeSpan now)
    {
        if (!Running)
        {
            this = new Inquiry { Running = true, Since = now, _round = now };
        }
    }

    /// <summary>Stops asking.</summary>
    public void Stop() => Running = false;

    /// <summary>Somebody said that it has the address.</summary>
    /// <param name="now">Now.</param>
    /// <param name="rival">Whether it was a speaker that is not heard.</param>
    public void Heard(TimeSpan now, bool rival)
    {
        _heard = true;
        if (rival)
        {
            _rivalHeard = true;
            _rivalSince ??= now;
        }
    }

    /// <summary>Lets time pass.</summary>
    /// <returns>Whether to send a probe now.</returns>
    public bool Step(TimeSpan now)
    {
        if (!Running)
        {
            return false;
        }

        if (_sent >= Probes && now >= RoundEnd)
        {
            _answeredRounds = _heard ? _answeredRounds + 1 : 0;
            _rivalSince = _rivalHeard ? _rivalSince : null;
            _rivalHeard = false;
            _heardBefore = _heard;
            _heard = false;
            _anyRoundOver = true;
            _round = now;
            _sent = 0;
        }

        if (_sent < Probes && now >= _round + (_sent * ProbeInterval))
        {
            _sent++;
            return true;
        }

        return false;
    }
}
