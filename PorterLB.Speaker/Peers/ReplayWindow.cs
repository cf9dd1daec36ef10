namespace PorterLB.Speaker.Peers;

/// <summary>What a sequence number says about the datagram that carries it.</summary>
internal enum Arrival
{
    /// <summary>Seen before, or too old to tell: drop it.</summary>
    Replayed,

    /// <summary>Overtaken by a later one: its claims count, its state does not.</summary>
    Late,

    /// <summary>The newest so far.</summary>
    Newest,
}

/// <summary>Accepts each sequence number once, within a window below the newest one (as in RFC 4303, 3.4.3). Numbers begin at 1.</summary>
internal struct ReplayWindow
{
    /// <summary>How far behind the newest a late datagram may be.</summary>
    public const int Size = 64;

    private ulong _accepted;

    /// <summary>The newest sequence number accepted; 0 when none was.</summary>
    public ulong Newest { get; private set; }

    /// <summary>Judges a number and remembers it.</summary>
    public Arrival Accept(ulong sequence)
    {
        if (sequence > Newest)
        {
            var step = sequence - Newest;
            _accepted = step < Size ? (_accepted << (int)step) | 1 : 1;
            Newest = sequence;
            return Arrival.Newest;
        }

        var behind = Newest - sequence;
        if (sequence == 0 || behind >= Size || (_accepted & (1UL << (int)behind)) != 0)
        {
            return Arrival.Replayed;
        }

        _accepted |= 1UL << (int)behind;
        return Arrival.Late;
    }
}
