using PorterLB.Speaker.Announcing;

namespace PorterLB.Tests.Speaker.Announcing;

public sealed class ClaimScheduleTests
{
    [Fact]
    public void A_claim_is_announced_at_0_50_250_1100_2500_and_5000_ms_and_then_never()
    {
        var schedule = ClaimSchedule.Begin(At(10), TimeSpan.Zero);
        var told = new List<double>();
        while (schedule.Next < TimeSpan.MaxValue)
        {
            var now = schedule.Next;
            Assert.False(schedule.Take(now - TimeSpan.FromTicks(1)));
            Assert.True(schedule.Take(now));
            told.Add(now.TotalMilliseconds - 10);
        }

        Assert.Equal([0, 50, 250, 1100, 2500, 5000], told);
    }

    [Fact]
    public void After_the_burst_it_is_refreshed_when_that_is_asked_for()
    {
        var schedule = ClaimSchedule.Begin(At(0), TimeSpan.FromSeconds(30));
        Assert.True(schedule.Take(At(5000)));
        Assert.Equal(At(35_000), schedule.Next);
    }

    [Fact]
    public void A_late_wake_up_announces_once_for_all_that_was_missed()
    {
        var schedule = ClaimSchedule.Begin(At(0), TimeSpan.Zero);
        Assert.True(schedule.Take(At(300)));
        Assert.False(schedule.Take(At(301)));
        Assert.Equal(At(1100), schedule.Next);
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
