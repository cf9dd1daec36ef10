namespace PorterLB.Reconciler.Queueing;

/// <summary>How long an object waits after failing so many times in a row: 5 ms, doubled each time, at most 1000 s. Never "no more".</summary>
internal static class RateLimit
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(1000);

    // 5 ms × 2^18 is above the cap already; more would overflow in the end.
    private const int DoublingsMax = 18;

    /// <param name="failures">Failures before this one; 0 or more.</param>
    public static TimeSpan DelayAfter(int failures)
    {
        var delay = First * Math.Pow(2, Math.Min(failures, DoublingsMax));
        return delay < Cap ? delay : Cap;
    }
}
