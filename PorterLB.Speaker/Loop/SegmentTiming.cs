namespace PorterLB.Speaker.Loop;

/// <summary>Hello interval and dead-after time of a segment: the rights of its addresses ask, the number of its speakers bounds.</summary>
/// <param name="HelloInterval">Between two hellos.</param>
/// <param name="DeadAfter">The smallest dead-after time of all addresses; that of the segment itself (joining, stalls, deafness).</param>
internal readonly record struct SegmentTiming(TimeSpan HelloInterval, TimeSpan DeadAfter)
{
    /// <summary>A segment carries about 1,000 hellos a second: beyond 100 speakers they slow down.</summary>
    private static readonly TimeSpan PerSpeaker = TimeSpan.FromMilliseconds(1);

    /// <summary>Nothing asked for.</summary>
    public static SegmentTiming Default { get; } = new(AnnouncementPolicy.Default.HeartbeatInterval, AnnouncementPolicy.Default.DeadAfter);

    /// <summary>The timing for these policies and this many speakers, ourselves included.</summary>
    public static SegmentTiming For(IEnumerable<AnnouncementPolicy> policies, int speakers)
    {
        TimeSpan? interval = null;
        TimeSpan? deadAfter = null;
        foreach (var policy in policies)
        {
            interval = interval < policy.HeartbeatInterval ? interval : policy.HeartbeatInterval;
            deadAfter = deadAfter < policy.DeadAfter ? deadAfter : policy.DeadAfter;
        }

        var asked = interval ?? Default.HelloInterval;
        var stretched = Max(asked, speakers * PerSpeaker);
        return new SegmentTiming(stretched, Max(deadAfter ?? Default.DeadAfter, Needed(asked, stretched)));
    }

    /// <summary>The dead-after time for one address: its own, unless hellos are too slow for it.</summary>
    public TimeSpan DeadAfterFor(AnnouncementPolicy policy) => Max(policy.DeadAfter, DeadAfter);

    /// <summary>
    /// The ages of a peer's evidence at which something begins: suspicion, when addresses are asked for, and death, for each dead-after
    /// time in use; ascending.
    /// </summary>
    public TimeSpan[] AgeLimits(IEnumerable<AnnouncementPolicy> policies)
    {
        var limits = new SortedSet<TimeSpan> { DeadAfter, DeadAfter - Announcing.Inquiry.Round };
        foreach (var policy in policies)
        {
            var deadAfter = DeadAfterFor(policy);
            limits.Add(deadAfter);
            limits.Add(deadAfter - Announcing.Inquiry.Round);
        }

        return [.. limits];
    }

    // Two lost hellos in a row are no death.
    private static TimeSpan Needed(TimeSpan asked, TimeSpan stretched) => stretched > asked ? 4 * stretched : 3 * asked;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
