using PorterLB.Speaker.Peers;

namespace PorterLB.Tests.Speaker.Peers;

public sealed class OwnConditionTests
{
    private static readonly TimeSpan DeadAfter = At(400);

    [Fact]
    public void A_pause_longer_than_the_limit_is_a_stall_and_one_of_the_limit_is_none()
    {
        var stalls = new StallDetector();
        Assert.False(stalls.Run(At(1000), DeadAfter));
        Assert.False(stalls.Run(At(1400), DeadAfter));
        Assert.True(stalls.Run(At(1801), DeadAfter));
        Assert.False(stalls.Run(At(1802), DeadAfter));
    }

    [Fact]
    public void The_first_joining_is_steady_when_it_ends_and_each_repetition_doubles_the_wait()
    {
        var flaps = new FlapHistory();
        flaps.Join(At(0), DeadAfter);
        Assert.Equal(At(400), flaps.SteadyAt);
        flaps.Join(At(1000), DeadAfter);
        Assert.Equal(At(1000 + 400 + 800), flaps.SteadyAt);
        flaps.Join(At(2000), DeadAfter);
        Assert.Equal(At(2000 + 400 + 1600), flaps.SteadyAt);
    }

    [Fact]
    public void Steadiness_is_withheld_for_a_minute_at_most_and_an_hour_of_rest_forgives()
    {
        var flaps = new FlapHistory();
        for (var n = 0; n < 40; n++)
        {
            flaps.Join(At(n * 100), DeadAfter);
        }

        Assert.Equal(At(3900 + 400) + TimeSpan.FromSeconds(60), flaps.SteadyAt);
        flaps.Join(TimeSpan.FromHours(1), DeadAfter);
        Assert.Equal(TimeSpan.FromHours(1) + DeadAfter, flaps.SteadyAt);
    }

    [Fact]
    public void A_speaker_has_ears_for_200_ms_after_a_hello_or_a_neighbours_answer()
    {
        var hearing = new Hearing();
        hearing.Restart(At(0), newLink: true);
        Assert.False(hearing.Ears(At(0)));
        hearing.HeardHello(At(100));
        Assert.True(hearing.Ears(At(299)));
        Assert.False(hearing.Ears(At(300)));
        hearing.HeardNeighbor(At(350));
        Assert.True(hearing.Ears(At(549)));
    }

    [Fact]
    public void It_hears_nothing_only_when_both_are_out_for_the_whole_time()
    {
        var hearing = new Hearing();
        hearing.Restart(At(0), newLink: true);
        hearing.HeardHello(At(100));
        hearing.HeardNeighbor(At(300));
        Assert.True(hearing.NoHello(At(500), DeadAfter));
        Assert.False(hearing.Nothing(At(699), DeadAfter));
        Assert.True(hearing.Nothing(At(700), DeadAfter));
    }

    [Fact]
    public void Neighbours_are_asked_at_once_to_learn_whether_they_answer_and_each_50_ms_when_hellos_stay_out()
    {
        var hearing = new Hearing();
        hearing.Restart(At(0), newLink: true);
        Assert.Equal(At(0), hearing.NextProbe(At(50)));
        hearing.Probed(At(0));
        hearing.HeardHello(At(10));
        hearing.HeardNeighbor(At(1));
        Assert.Equal(At(160), hearing.NextProbe(At(50)));
        hearing.Probed(At(160));
        Assert.Equal(At(210), hearing.NextProbe(At(50)));
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
