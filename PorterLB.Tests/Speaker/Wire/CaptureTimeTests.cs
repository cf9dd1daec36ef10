using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

public class CaptureTimeTests
{
    private static readonly DateTimeOffset Wall = DateTimeOffset.UnixEpoch.AddDays(1);
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(-0.3, 9.0, 9.7)]
    [InlineData(0, 9.0, 10.0)]
    [InlineData(+3600, 9.0, 10.0)]
    [InlineData(-3600, 9.9, 9.9)]
    public void A_step_of_the_wall_clock_dates_no_frame_outside_the_time_it_can_have_come_in(double stamp, double notBefore, double expected) =>
        Assert.Equal(
            TimeSpan.FromSeconds(expected),
            new Capture(Now, TimeSpan.FromSeconds(notBefore), Wall.AddSeconds(stamp)).CapturedAt(Wall));
}
