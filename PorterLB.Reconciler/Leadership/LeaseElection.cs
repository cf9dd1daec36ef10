namespace PorterLB.Reconciler.Leadership;

/// <summary>
/// Decides for one candidate whether it leads, and what it does next. Sends nothing and reads no clock: every call is told the time of
/// the local monotonic clock, and times in the Lease are never compared with it, so clocks may be hours apart.
/// <code>
///   leader:    acts until (start of its last accepted write) + renew deadline
///   others:    take over at (moment they last saw the Lease change) + duration
/// </code>
/// A write is seen by others after it was started, and the duration is longer than the deadline: so the old leader has stopped before
/// a new one begins, whatever got lost or late on the way, as long as no clock runs faster than another by duration ÷ deadline.
/// </summary>
internal sealed class LeaseElection(LeaseTimes times, string identity, Random random)
{
    private LeaseSpec? _seen;
    private string? _version;
    private TimeSpan _seenChange;
    private bool _known;
    private bool _exists;

    private TimeSpan? _renewedAt;
    private TimeSpan _nextTry;
    private bool _lost;
    private bool _released;

    /// <summary>How leadership came, once it has come.</summary>
    public TakeOver TakeOver { get; private set; }

    /// <summary>For how long after that a write of the holder before may still arrive.</summary>
    public TimeSpan LateWrites { get; private set; }

    /// <summary>Until when this candidate may act if nothing is renewed; null = it never led.</summary>
    public TimeSpan? Deadline => _renewedAt + times.RenewDeadline;

    /// <summary>Who holds the Lease, as last seen; null = nobody, or not known.</summary>
    public string? Holder => string.IsNullOrEmpty(_seen?.HolderIdentity) ? null : _seen.HolderIdentity;

    /// <summary>Whether this candidate may act as leader.</summary>
    public bool MayAct(TimeSpan now) => !_lost && !_released && _renewedAt is { } renewed && now < renewed + times.RenewDeadline;

    /// <summary>Whether this candidate may begin a write that the server finishes within the write timeout.</summary>
    public bool MayWrite(TimeSpan now) => MayAct(now + times.WriteTimeout);

    /// <summary>What to do now.</summary>
    public LeaseStep Next(TimeSpan now)
    {
        if (_lost || (_renewedAt is not null && !_released && !MayAct(now)))
        {
            // Whoever stops in between must not begin again with what it still holds in memory.
            _lost = true;
            return new LeaseStep.Lost();
        }

        if (now < _nextTry)
        {
            return new LeaseStep.Wait(_nextTry);
        }

        if (!_known)
        {
            return new LeaseStep.Read();
        }

        if (IsMine || IsFree(now))
        {
            return _exists ? new LeaseStep.Replace(Claim(), _version!) : new LeaseStep.Create(Claim());
        }

        // Look again: the record's change is what counts, and only reading shows it.
        _known = false;
        return new LeaseStep.Read();
    }

    /// <summary>The Lease may have been given back: who stands by reads it at once.</summary>
    public void Look()
    {
        if (_renewedAt is null)
        {
            _known = false;
            _nextTry = TimeSpan.Zero;
        }
    }

    /// <summary>The Lease was read.</summary>
    /// <param name="now">When the answer came.</param>
    /// <param name="spec">Its content; null = it does not exist.</param>
    /// <param name="version">Its version.</param>
    public void Read(TimeSpan now, LeaseSpec? spec, string? version)
    {
        // The version as well: a holder that renews within one tick of its clock, or whose clock stands still, renews all the same.
        if (spec is not null && (spec != _seen || version != _version))
        {
            _seenChange = now;
        }

        // A Lease that vanished says nothing about its holder: what was seen last stands until it runs out.
        _seen = spec ?? _seen;
        _version = version;
        _exists = spec is not null;
        _known = true;
        if (IsMine || IsFree(now))
        {
            return;
        }

        if (_renewedAt is not null)
        {
            // Somebody else holds it: ours ran out without our noticing, or it was edited by hand.
            _lost = true;
        }

        var freeAt = _seenChange + HoldFor;
        _nextTry = now + Jittered(times.RetryPeriod);
        _nextTry = freeAt < _nextTry ? freeAt : _nextTry;
    }

    /// <summary>The server has stored what <see cref="Next"/> asked for.</summary>
    /// <param name="startedAt">When the request was begun: the lease counts from here, for the server may have stored it at once.</param>
    /// <param name="stored">The content.</param>
    /// <param name="version">The version that it has now.</param>
    public void Accepted(TimeSpan startedAt, LeaseSpec stored, string version)
    {
        if (_renewedAt is null)
        {
            // No holder: the one before us gave it back, or there never was one. Else it ran out, and what its holder sent may
            // still be on its way.
            TakeOver = Holder is null ? TakeOver.Clean : TakeOver.Unclean;

            // A Lease tells its duration and no more: the write timeout of its holder is less than half of that.
            LateWrites = Holder is null ? TimeSpan.Zero : HoldFor / 2 < LeaseTimes.LongestWrite ? HoldFor / 2 : LeaseTimes.LongestWrite;
        }

        _seen = stored;
        _version = version;
        _exists = true;
        _known = true;
        _renewedAt = startedAt;
        _nextTry = startedAt + times.RetryPeriod;
    }

    /// <summary>The server refused the write, for somebody else was faster. Read before the next try.</summary>
    public void Refused(TimeSpan now)
    {
        _known = false;
        _nextTry = _renewedAt is null ? now + Jittered(times.RetryPeriod) : now;
    }

    /// <summary>The request failed: it may have been carried out, or not. Read before the next try.</summary>
    public void Failed(TimeSpan now)
    {
        _known = false;
        _nextTry = now + (_renewedAt is null ? Jittered(times.RetryPeriod) : times.RetryPeriod);
    }

    /// <summary>
    /// Gives the Lease back. From here on this candidate does not act; the write returned tells the others that they need not wait.
    /// Null = there is nothing to give back.
    /// </summary>
    public LeaseStep.Replace? Release(TimeSpan now)
    {
        var holds = MayAct(now) && _version is not null;
        _released = true;
        return holds
            ? new LeaseStep.Replace(
                new LeaseSpec { HolderIdentity = "", LeaseDurationSeconds = 1, LeaseTransitions = _seen?.LeaseTransitions },
                _version!)
            : null;
    }

    private bool IsMine => _seen?.HolderIdentity == identity;

    private bool IsFree(TimeSpan now) => Holder is null || now >= _seenChange + HoldFor;

    // What the holder promised, whatever this candidate is configured with: both may be of different versions.
    private TimeSpan HoldFor =>
        _seen?.LeaseDurationSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : times.Duration;

    private LeaseSpec Claim() => new()
    {
        HolderIdentity = identity,
        LeaseDurationSeconds = (int)Math.Ceiling(times.Duration.TotalSeconds),
        LeaseTransitions = IsMine ? _seen?.LeaseTransitions ?? 0 : _seen is null ? 0 : (_seen.LeaseTransitions ?? 0) + 1,
        AcquireTime = IsMine ? _seen?.AcquireTime : null,
    };

    private TimeSpan Jittered(TimeSpan period) => period * (1 + ((LeaseTimes.Jitter - 1) * random.NextDouble()));
}
