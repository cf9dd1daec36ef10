using CsCheck;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Leadership;

public class LeaseElectionTests
{
    private static readonly LeaseTimes Times = new();
    private static readonly TimeSpan Zero = TimeSpan.Zero;
    private readonly LeaseElection _election = new(Times, "me", new Random(1));

    [Fact]
    public void It_reads_before_it_does_anything() => Assert.Equal(new LeaseStep.Read(), _election.Next(Zero));

    [Fact]
    public void A_lease_that_never_was_is_created_and_leads_cleanly()
    {
        _election.Read(Zero, spec: null, version: null);
        var create = Assert.IsType<LeaseStep.Create>(_election.Next(Zero));
        Assert.Equal(("me", 15, 0), (create.Spec.HolderIdentity, create.Spec.LeaseDurationSeconds, create.Spec.LeaseTransitions));
        Assert.False(_election.MayAct(Zero));
        _election.Accepted(Zero, create.Spec, "1");
        Assert.True(_election.MayAct(Zero));
        Assert.Equal(TakeOver.Clean, _election.TakeOver);
    }

    [Fact]
    public void A_lease_that_was_given_back_is_taken_at_once_and_cleanly()
    {
        _election.Read(Zero, new LeaseSpec { HolderIdentity = "", LeaseDurationSeconds = 1, LeaseTransitions = 4 }, "1");
        var replace = Assert.IsType<LeaseStep.Replace>(_election.Next(Zero));
        Assert.Equal(("1", 5), (replace.ResourceVersion, replace.Spec.LeaseTransitions));
        _election.Accepted(Zero, replace.Spec, "2");
        Assert.Equal(TakeOver.Clean, _election.TakeOver);
    }

    [Fact]
    public void A_lease_that_somebody_holds_is_taken_its_duration_after_it_was_last_seen_to_change_and_uncleanly()
    {
        // The times in the record are those of a clock that is hours off: they do not count.
        var held = new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 15, RenewTime = DateTimeOffset.UnixEpoch };
        _election.Read(Seconds(1), held, "1");
        _election.Read(Seconds(4), held with { RenewTime = DateTimeOffset.UnixEpoch.AddSeconds(2) }, "2");
        _election.Read(Seconds(18.9), held with { RenewTime = DateTimeOffset.UnixEpoch.AddSeconds(2) }, "2");
        Assert.Equal(new LeaseStep.Wait(Seconds(19)), _election.Next(Seconds(18.9)));
        var replace = Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(19)));
        Assert.Equal("2", replace.ResourceVersion);
        _election.Accepted(Seconds(19), replace.Spec, "3");
        Assert.Equal(TakeOver.Unclean, _election.TakeOver);
    }

    [Fact]
    public void A_lease_that_vanished_under_its_holder_is_not_taken_before_it_has_run_out()
    {
        _election.Read(Zero, new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 15 }, "1");
        _election.Read(Seconds(3), spec: null, version: null);
        Assert.IsType<LeaseStep.Wait>(_election.Next(Seconds(3)));
        _election.Read(Seconds(15), spec: null, version: null);
        Assert.IsType<LeaseStep.Create>(_election.Next(Seconds(15)));
    }

    [Fact]
    public void The_holders_own_duration_counts_not_ours()
    {
        _election.Read(Zero, new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 60 }, "1");
        Assert.Equal(new LeaseStep.Read(), _election.Next(Seconds(59)));
        _election.Read(Seconds(59), new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 60 }, "1");
        Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(60)));
    }

    [Theory]
    [InlineData(3, 60, 5)] // A leader before us with the longest write timeout that there is.
    [InlineData(60, 3, 1.5)] // One with a short lease: ours does not count.
    [InlineData(15, 15, 5)]
    public void What_a_killed_leader_sent_may_arrive_for_as_long_as_its_own_settings_allowed(double ours, int theirs, double late)
    {
        var election = new LeaseElection(new LeaseTimes(Seconds(ours), Seconds(ours * 2 / 3), Seconds(ours / 10)), "me", new Random(1));
        election.Read(Zero, new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = theirs }, "1");
        Assert.Equal(Zero, election.LateWrites);
        var now = Seconds(theirs);
        election.Read(now, new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = theirs }, "1");
        election.Accepted(now, Assert.IsType<LeaseStep.Replace>(election.Next(now)).Spec, "2");
        Assert.Equal(Seconds(late), election.LateWrites);
    }

    [Fact]
    public void After_a_lease_that_was_given_back_nothing_of_its_holder_can_arrive()
    {
        Lead();
        Assert.Equal(Zero, _election.LateWrites);
    }

    [Fact]
    public void Who_stands_by_looks_every_2_to_2_4_seconds()
    {
        var held = new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 15 };
        for (var i = 0; i < 1000; i++)
        {
            _election.Read(Seconds(i), held, i.ToString());
            Assert.InRange((Assert.IsType<LeaseStep.Wait>(_election.Next(Seconds(i))).Until - Seconds(i)).TotalSeconds, 2, 2.4);
        }
    }

    [Fact]
    public void Who_stands_by_reads_at_once_when_it_is_told_to_look_and_a_leader_does_not()
    {
        _election.Read(Seconds(1), new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 15 }, "1");
        Assert.IsType<LeaseStep.Wait>(_election.Next(Seconds(2)));
        _election.Look();
        Assert.Equal(new LeaseStep.Read(), _election.Next(Seconds(2)));
        _election.Read(Seconds(2), new LeaseSpec { HolderIdentity = "", LeaseDurationSeconds = 1 }, "2");
        Lead();
        _election.Look();
        Assert.IsType<LeaseStep.Wait>(_election.Next(Seconds(1)));
    }

    [Fact]
    public void A_leader_renews_every_2_seconds_without_reading_first()
    {
        Lead();
        Assert.Equal(new LeaseStep.Wait(Seconds(2)), _election.Next(Seconds(1)));
        var renew = Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(2)));
        Assert.Equal(("1", 0), (renew.ResourceVersion, renew.Spec.LeaseTransitions));
    }

    [Fact]
    public void Leadership_ends_10_seconds_after_the_start_of_the_last_accepted_renewal_and_does_not_come_back()
    {
        Lead();
        var renew = Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(2)));
        _election.Accepted(startedAt: Seconds(2), renew.Spec, "2");
        Assert.True(_election.MayAct(Seconds(11.9)));
        Assert.False(_election.MayAct(Seconds(12)));
        Assert.Equal(new LeaseStep.Lost(), _election.Next(Seconds(12)));
        _election.Read(Seconds(12), renew.Spec, "2");
        Assert.Equal(new LeaseStep.Lost(), _election.Next(Seconds(13)));
    }

    [Fact]
    public void A_leader_stops_to_write_5_seconds_before_its_leadership_may_end()
    {
        Lead();
        Assert.True(_election.MayWrite(Seconds(4.9)));
        Assert.False(_election.MayWrite(Seconds(5)));
        Assert.True(_election.MayAct(Seconds(5)));
    }

    [Fact]
    public void With_a_short_lease_that_margin_is_half_the_renew_deadline()
    {
        var times = new LeaseTimes(Seconds(3), Seconds(2), Seconds(0.5));
        Assert.Equal((Seconds(1), Seconds(1)), (times.WriteTimeout, times.RequestTimeout));
    }

    [Fact]
    public void A_failed_renewal_is_read_and_tried_again_every_2_seconds_until_the_deadline()
    {
        Lead();
        _election.Next(Seconds(2));
        _election.Failed(Seconds(3));
        Assert.Equal(new LeaseStep.Wait(Seconds(5)), _election.Next(Seconds(3)));
        Assert.Equal(new LeaseStep.Read(), _election.Next(Seconds(5)));
        Assert.True(_election.MayAct(Seconds(9)));
    }

    [Fact]
    public void A_renewal_that_arrived_although_its_answer_was_lost_is_recognized_as_our_own()
    {
        Lead();
        var renew = Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(2)));
        _election.Failed(Seconds(3));
        _election.Next(Seconds(5));
        _election.Read(Seconds(5), renew.Spec, "2");
        Assert.Equal("2", Assert.IsType<LeaseStep.Replace>(_election.Next(Seconds(5))).ResourceVersion);
    }

    [Fact]
    public void A_leader_that_sees_another_holder_has_lost_at_once()
    {
        Lead();
        _election.Next(Seconds(2));
        _election.Refused(Seconds(2));
        Assert.Equal(new LeaseStep.Read(), _election.Next(Seconds(2)));
        _election.Read(Seconds(2), new LeaseSpec { HolderIdentity = "other", LeaseDurationSeconds = 15 }, "9");
        Assert.False(_election.MayAct(Seconds(2)));
        Assert.Equal(new LeaseStep.Lost(), _election.Next(Seconds(2)));
    }

    [Fact]
    public void Giving_it_back_leaves_no_holder_and_a_duration_of_one_second()
    {
        Lead();
        var release = _election.Release(Seconds(3))!;
        Assert.Equal(("", 1, "1"), (release.Spec.HolderIdentity, release.Spec.LeaseDurationSeconds, release.ResourceVersion));
        Assert.False(_election.MayAct(Seconds(3)));
    }

    [Fact]
    public void Who_does_not_lead_gives_nothing_back() => Assert.Null(_election.Release(Zero));

    [Theory]
    [InlineData(10, 10, 2)]
    [InlineData(15, 2.4, 2)]
    [InlineData(15, 10, 0)]
    [InlineData(0.5, 0.4, 0.1)]
    public void Times_that_cannot_be_safe_are_refused(double duration, double deadline, double retry) =>
        Assert.Throws<ArgumentException>(() => new LeaseTimes(Seconds(duration), Seconds(deadline), Seconds(retry)));

    /// <summary>
    /// Three candidates, clocks that differ in offset and rate (up to 1.3 : 1), requests that are late, lost, or carried out although
    /// the answer is lost, processes that freeze for up to 40 s, stop and start again: never two who may act.
    /// </summary>
    [Fact]
    public void There_are_never_two_who_may_act() =>
        Gen.Int.Sample(seed => new LeaseSimulation(seed, trouble: true).Run(TimeSpan.FromMinutes(10)), iter: 300);

    [Fact]
    public void Without_trouble_there_is_one_leader_and_it_stays() =>
        Gen.Int.Sample(seed => Assert.Equal(1, new LeaseSimulation(seed, trouble: false).Run(TimeSpan.FromMinutes(5))), iter: 50);

    private void Lead()
    {
        _election.Read(Zero, spec: null, version: null);
        var create = Assert.IsType<LeaseStep.Create>(_election.Next(Zero));
        _election.Accepted(Zero, create.Spec, "1");
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
