using CsCheck;
using PorterLB.Reconciler.Watching;

namespace PorterLB.Tests.Reconciler.Watching;

public class ReflectorStateTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private TimeSpan _now;

    [Fact]
    public void It_begins_with_a_list_of_whatever_the_server_has_at_hand_and_watches_from_there()
    {
        var state = new ReflectorState(new Random(1));
        Assert.Equal(new ReflectorStep.List("0"), state.Next());
        state.Listed("10");
        Assert.Equal("10", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
    }

    [Fact]
    public void A_watch_is_asked_to_end_after_300_to_600_seconds()
    {
        var state = Watching("10");
        for (var i = 0; i < 1000; i++)
        {
            var timeout = Assert.IsType<ReflectorStep.Watch>(state.Next()).Timeout;
            Assert.InRange(timeout.TotalSeconds, 300, 599);
            Assert.Equal(Math.Floor(timeout.TotalSeconds), timeout.TotalSeconds);
        }
    }

    [Fact]
    public void Every_event_moves_the_version_and_a_watch_that_ends_goes_on_there_without_a_list()
    {
        var state = Watching("10");
        state.Advanced("11");
        state.Advanced("17");
        state.WatchEnded(_now, TimeSpan.FromMinutes(5), sawEvent: true);
        Assert.Equal("17", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
    }

    [Fact]
    public void After_a_forgotten_watch_all_are_listed_anew()
    {
        var state = Watching("10");
        state.WatchForgotten("36", objects: 400);
        Assert.Equal(new ReflectorStep.List("10"), state.Next());
    }

    [Fact]
    public void A_forgotten_watch_goes_on_where_little_came_since_and_the_last_one_that_did_told_anything()
    {
        var state = Watching("10");
        state.WatchForgotten("35", objects: 400);
        Assert.Equal("10", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
        state.Advanced("17");
        state.WatchForgotten("42", objects: 400);
        Assert.Equal("17", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
        state.WatchForgotten("42", objects: 400);
        Assert.Equal(new ReflectorStep.List("17"), state.Next());

        // What was listed is a beginning.
        state.Listed("17");
        state.WatchForgotten("18", objects: 400);
        Assert.IsType<ReflectorStep.Watch>(state.Next());
    }

    [Theory]
    [InlineData(0.9, false, true)]
    [InlineData(1.0, false, false)]
    [InlineData(0.9, true, false)]
    public void A_watch_that_ends_within_a_second_without_an_event_is_an_error(double seconds, bool sawEvent, bool error)
    {
        var state = Watching("10");
        state.WatchEnded(_now, TimeSpan.FromSeconds(seconds), sawEvent);
        Assert.Equal(error, state.Next() is ReflectorStep.Wait);
    }

    [Theory]
    [InlineData(ReflectorFailure.Unreachable)]
    [InlineData(ReflectorFailure.TooManyRequests)]
    public void A_server_that_is_away_or_busy_is_waited_for_and_nothing_is_listed(object failure)
    {
        var state = Watching("10");
        state.WatchFailed(_now, (ReflectorFailure)failure);
        var wait = Assert.IsType<ReflectorStep.Wait>(state.Next());
        Assert.InRange(wait.Delay.TotalSeconds, 0.8, 1.6);
        Assert.Equal("10", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
    }

    [Fact]
    public void The_wait_is_at_least_what_the_server_asks_for()
    {
        var state = Watching("10");
        state.WatchFailed(_now, ReflectorFailure.TooManyRequests, TimeSpan.FromSeconds(17));
        Assert.Equal(new ReflectorStep.Wait(TimeSpan.FromSeconds(17)), state.Next());
    }

    [Fact]
    public void A_version_that_is_gone_is_listed_again_at_once_and_at_least_as_new_as_what_was_seen()
    {
        var state = Watching("10");
        state.WatchFailed(_now, ReflectorFailure.Gone);
        Assert.Equal(new ReflectorStep.List("10"), state.Next());
    }

    [Fact]
    public void Versions_that_are_gone_again_and_again_do_not_make_a_tight_loop()
    {
        var state = Watching("10");
        state.WatchFailed(_now, ReflectorFailure.Gone);
        state.Next();
        state.Listed("20");
        state.Next();
        state.WatchFailed(_now, ReflectorFailure.Gone);
        Assert.IsType<ReflectorStep.Wait>(state.Next());
    }

    [Theory]
    [InlineData(ReflectorFailure.Gone)]
    [InlineData(ReflectorFailure.VersionTooLarge)]
    public void When_the_list_does_not_know_the_version_either_etcd_is_asked(object failure)
    {
        var state = Watching("10");
        state.WatchFailed(_now, ReflectorFailure.Gone);
        state.Next();
        state.ListFailed(_now, (ReflectorFailure)failure);
        Assert.Equal(new ReflectorStep.List(""), state.Next());
        state.Listed("3");
        Assert.Equal("3", Assert.IsType<ReflectorStep.Watch>(state.Next()).ResourceVersion);
    }

    [Fact]
    public void A_kind_that_is_not_served_is_tried_in_each_form_and_then_again_after_five_seconds_at_most()
    {
        var state = new ReflectorState(new Random(1), forms: 3);
        for (var round = 0; round < 10; round++)
        {
            for (var form = 0; form < 3; form++)
            {
                Assert.Equal(new ReflectorStep.List("0"), state.Next());
                Assert.Equal(form, state.Form);
                state.ListFailed(_now, ReflectorFailure.NotServed);
            }

            var wait = Assert.IsType<ReflectorStep.Wait>(state.Next());
            Assert.InRange(wait.Delay.TotalSeconds, 0.8, 5);
            _now += wait.Delay;
        }
    }

    [Fact]
    public void When_a_form_is_served_no_longer_the_best_is_tried_first_at_once()
    {
        var state = new ReflectorState(new Random(1), forms: 3);
        state.Next();
        state.ListFailed(_now, ReflectorFailure.NotServed);
        state.Next();
        state.Listed("10");
        Assert.Equal(1, state.Form);
        state.Next();
        state.WatchFailed(_now, ReflectorFailure.NotServed);
        Assert.Equal(new ReflectorStep.List("10"), state.Next());
        Assert.Equal(0, state.Form);
    }

    [Fact]
    public void Any_other_error_of_a_watch_is_followed_by_a_list_after_a_wait()
    {
        var state = Watching("10");
        state.WatchFailed(_now, ReflectorFailure.Other);
        Assert.IsType<ReflectorStep.Wait>(state.Next());
        Assert.Equal(new ReflectorStep.List("10"), state.Next());
    }

    [Fact]
    public void Waits_double_from_0_8_to_30_seconds_each_stretched_by_up_to_its_own_length()
    {
        var backoff = new Backoff(new Random(1));
        foreach (var expected in new[] { 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30 })
        {
            var delay = backoff.Next(_now).TotalSeconds;
            Assert.InRange(delay, expected, 2 * expected);
            _now += TimeSpan.FromSeconds(delay);
        }
    }

    [Fact]
    public void Two_minutes_without_a_failure_begin_anew()
    {
        var backoff = new Backoff(new Random(1));
        for (var i = 0; i < 10; i++)
        {
            _now += backoff.Next(_now);
        }

        var later = new Backoff(new Random(1));
        later.Next(Second);
        Assert.InRange(backoff.Next(_now + TimeSpan.FromSeconds(119)).TotalSeconds, 30, 60);
        _now += TimeSpan.FromSeconds(119 + 60 + 120);
        Assert.InRange(backoff.Next(_now).TotalSeconds, 0.8, 1.6);
    }

    private enum Happening
    {
        ListWorks,
        ListFails,
        Event,
        WatchEnds,
        WatchFails,
    }

    /// <summary>
    /// Whatever a server does: a watch never goes on from a version that was not seen, never skips one that was, and after every
    /// failure but a vanished version or form there is a wait: no server is asked in a tight loop.
    /// </summary>
    [Fact]
    public void Whatever_happens_no_version_is_skipped_and_no_server_is_hammered()
    {
        var happening =
            from what in Gen.Enum<Happening>()
            from failure in Gen.Enum<ReflectorFailure>()
            from passes in Gen.Int[0, 200_000]
            select (what, failure, passes);
        Gen.Select(Gen.Int, Gen.Int[1, 3], happening.Array[1, 100]).Sample((seed, forms, happenings) =>
        {
            var state = new ReflectorState(new Random(seed), forms);
            var now = TimeSpan.Zero;
            var version = 0;
            string? seen = null;
            var failuresWithoutWait = 0;
            foreach (var (what, failure, passes) in happenings)
            {
                now += TimeSpan.FromMilliseconds(passes);
                var step = state.Next();
                if (step is ReflectorStep.Wait wait)
                {
                    Assert.InRange(wait.Delay.TotalSeconds, 0.8, 60);
                    failuresWithoutWait = 0;
                    now += wait.Delay;
                    step = state.Next();
                }

                Assert.IsNotType<ReflectorStep.Wait>(step);
                Assert.InRange(state.Form, 0, forms - 1);

                // A version that is gone, from the server's memory too, and then each form but the last.
                Assert.True(++failuresWithoutWait <= forms + 2);
                switch (step)
                {
                    case ReflectorStep.List list:
                        Assert.True(list.ResourceVersion.Length == 0 || list.ResourceVersion == (seen ?? "0"));
                        if (what == Happening.ListFails)
                        {
                            state.ListFailed(now, failure);
                            if (failure is not (ReflectorFailure.Gone or ReflectorFailure.VersionTooLarge or ReflectorFailure.NotServed))
                            {
                                MustWait();
                            }
                        }
                        else
                        {
                            failuresWithoutWait = 0;
                            state.Listed(seen = Next());
                        }

                        break;
                    case ReflectorStep.Watch watch:
                        Assert.Equal(seen, watch.ResourceVersion);
                        switch (what)
                        {
                            case Happening.Event:
                                failuresWithoutWait = 0;
                                state.Advanced(seen = Next());
                                state.WatchEnded(now, TimeSpan.Zero, sawEvent: true);
                                break;
                            case Happening.WatchFails:
                                state.WatchFailed(now, failure);
                                if (failure is not (ReflectorFailure.Gone or ReflectorFailure.NotServed))
                                {
                                    MustWait();
                                }

                                break;
                            default:
                                state.WatchEnded(now, TimeSpan.Zero, sawEvent: false);
                                MustWait();
                                break;
                        }

                        break;
                }

                string Next() => (++version).ToString();

                void MustWait()
                {
                    var next = Assert.IsType<ReflectorStep.Wait>(state.Next());
                    now += next.Delay;
                    failuresWithoutWait = 0;
                }
            }
        });
    }

    private static ReflectorState Watching(string version)
    {
        var state = new ReflectorState(new Random(1));
        state.Next();
        state.Listed(version);
        return state;
    }
}
