namespace PorterLB.Reconciler.Leadership;

/// <summary>
/// The times of an election. Safe while duration &gt; renew deadline: whoever lost contact stops before others may start, as long as no
/// clock runs faster than another by the ratio of both.
/// </summary>
public sealed record LeaseTimes
{
    /// <summary>15 s, 10 s, 2 s.</summary>
    public LeaseTimes()
        : this(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2))
    {
    }

    /// <summary>Times of one's own.</summary>
    /// <exception cref="ArgumentException">Not duration &gt; renewDeadline &gt; 1.2 × retryPeriod &gt; 0, or duration below 1 s.</exception>
    public LeaseTimes(TimeSpan duration, TimeSpan renewDeadline, TimeSpan retryPeriod)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            throw new ArgumentException($"The lease duration is {Seconds(duration)}; a Lease counts whole seconds, use 1s or more.", nameof(duration));
        }

        if (duration <= renewDeadline)
        {
            throw new ArgumentException(
                $"The lease duration ({Seconds(duration)}) must be longer than the renew deadline ({Seconds(renewDeadline)}), " +
                "or a second leader starts before the first has stopped.",
                nameof(duration));
        }

        if (retryPeriod <= TimeSpan.Zero || renewDeadline <= retryPeriod * Jitter)
        {
            throw new ArgumentException(
                $"The renew deadline ({Seconds(renewDeadline)}) must be longer than {Jitter} times the retry period " +
                $"({Seconds(retryPeriod)}), and that more than 0, or one lost request ends leadership.",
                nameof(retryPeriod));
        }

        Duration = duration;
        RenewDeadline = renewDeadline;
        RetryPeriod = retryPeriod;
    }

    /// <summary>
    /// A candidate waits for the retry period to this many times of it, at random, so that candidates do not step in time; a lease that
    /// was given back is taken within that.
    /// </summary>
    public const double Jitter = 1.2;

    /// <summary>How long others wait after the last renewal that they saw.</summary>
    public TimeSpan Duration { get; }

    /// <summary>How long the holder tries to renew before it gives up.</summary>
    public TimeSpan RenewDeadline { get; }

    /// <summary>How often either tries.</summary>
    public TimeSpan RetryPeriod { get; }

    /// <summary>How long one request may take: half the renew deadline, so that a second one fits in, but at least 1 s.</summary>
    public TimeSpan RequestTimeout => RenewDeadline / 2 > TimeSpan.FromSeconds(1) ? RenewDeadline / 2 : TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long before the end of leadership a leader stops to write, which is also how long the server may work on a write: 5 s, or half
    /// the renew deadline where that is less. A write begun at the last moment is then over before anybody else leads.
    /// </summary>
    public TimeSpan WriteTimeout => RenewDeadline / 2 < LongestWrite ? RenewDeadline / 2 : LongestWrite;

    /// <summary>5 s: the write timeout of whoever has a lease that is long enough.</summary>
    internal static TimeSpan LongestWrite => TimeSpan.FromSeconds(5);

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.###}s";
}
