namespace PorterLB.Speaker.Wire;

/// <summary>The monotonic time that machines reckon by: since this process began.</summary>
internal sealed class MachineClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();

    public TimeSpan Now => time.GetElapsedTime(_origin);

    /// <summary>The wall clock, for people and for the kernel's stamps.</summary>
    public DateTimeOffset WallClock => time.GetUtcNow();

    /// <summary>A time on this clock as wall-clock time.</summary>
    public DateTimeOffset ToWallClock(TimeSpan at) => WallClock - (Now - at);
}
