namespace PorterLB.Speaker.Announcing;

/// <summary>A machine that is no speaker answers for an address of ours.</summary>
internal sealed class Conflict(MacAddress mac, TimeSpan since, bool announced)
{
    /// <summary>
    /// RFC 5227, 2.4 (c): a host that never gives its address up must not defend it more often, or two such hosts flood the segment, and
    /// every neighbour flips between both.
    /// </summary>
    private static readonly TimeSpan DefendInterval = TimeSpan.FromSeconds(10);

    /// <summary>A conflict of which nothing was seen for this long is over.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(60);

    /// <summary>A refused address is asked for again after 1, 2, 4, 8 and then each 10 s.</summary>
    private static readonly TimeSpan RetryAtMost = TimeSpan.FromSeconds(10);

    private TimeSpan? _defendedAt;
    private TimeSpan _pause = TimeSpan.FromSeconds(1);

    /// <summary>The stranger.</summary>
    public MacAddress Mac { get; private set; } = mac;

    /// <summary>When it was first seen.</summary>
    public TimeSpan Since { get; } = since;

    /// <summary>Whether we answer all the same.</summary>
    public bool Announced { get; set; } = announced;

    /// <summary>When the address is asked for again.</summary>
    public TimeSpan RetryAt { get; private set; } = since;

    /// <summary>When the conflict is over if nothing more is seen of it.</summary>
    public TimeSpan OverAt { get; private set; } = since + Memory;

    /// <summary>Notes another sign of a stranger.</summary>
    public void Seen(MacAddress by, TimeSpan now)
    {
        Mac = by;
        OverAt = now + Memory;
    }

    /// <summary>The address is refused once more; ask again later.</summary>
    public void Postpone(TimeSpan now)
    {
        RetryAt = now + _pause;
        OverAt = RetryAt + Memory;
        _pause = _pause * 2 < RetryAtMost ? _pause * 2 : RetryAtMost;
    }

    /// <summary>Whether the address may be defended now; it then counts as defended.</summary>
    public bool Defend(TimeSpan now)
    {
        if (_defendedAt is { } last && now - last < DefendInterval)
        {
            return false;
        }

        _defendedAt = now;
        return true;
    }
}
