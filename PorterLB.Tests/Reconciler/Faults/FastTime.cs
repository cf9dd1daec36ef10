namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>A clock that runs thirty times as fast as the world: a cache that follows it backs off for two seconds instead of a minute.</summary>
internal sealed class FastTime : TimeProvider
{
    private const int Speed = 30;

    public override long GetTimestamp() => System.GetTimestamp() * Speed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Scaled(dueTime), Scaled(period));

    private static TimeSpan Scaled(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / Speed;
}
