using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Tests.Speaker.Ownership;

/// <summary>One test per rule of the protocol that OwnershipRules implements, with its other side.</summary>
public sealed class OwnershipRulesTests
{
    private static readonly Standing Well = new(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true);

    private static Situation Watching { get; } = new()
    {
        Epoch = 5,
        ElectedSelf = false,
        EligibleSelf = true,
        AnyEligible = true,
        Elected = Well,
        ElectedKnown = true,
        New = false,
        Rivaled = false,
        RivalIsGreater = false,
        Staying = true,
        Ears = true,
        Mute = false,
        Healthy = true,
        Fresh = true,
        HearsNobody = false,
        Held = false,
        OwnEpoch = 0,
        OwnTerm = 0,
        Claimed = true,
        ClaimedEpoch = 5,
        HolderEligible = true,
        Holder = Well,
        Floor = new ClaimFloor(5, 0),
    };

    private static Situation Unclaimed { get; } = Watching with { Claimed = false, Holder = default, HolderEligible = false };

    private static Situation Holding { get; } = Unclaimed with { Held = true, OwnEpoch = 5 };

    [Fact]
    public void All_is_well_while_an_eligible_holder_is_alive() => Assert.Equal(Decision.Rest, Decide(Watching));

    [Fact]
    public void Rule_3_an_elected_holder_lifts_its_claim_to_the_new_election_at_once()
    {
        var decision = Decide(Holding with { Epoch = 6, ElectedSelf = true, Elected = null });
        Assert.Equal((3, Act.Lift, 6L, 0, TimeSpan.Zero), Core(decision));
    }

    [Fact]
    public void Rule_3_waits_for_ears_and_a_voice()
    {
        Assert.Equal(Act.None, Decide(Holding with { Epoch = 6, ElectedSelf = true, Ears = false }).Act);
        Assert.Equal(Act.None, Decide(Holding with { Epoch = 6, ElectedSelf = true, Mute = true }).Act);
    }

    [Fact]
    public void Rule_4_a_holder_lifts_at_once_when_the_newly_elected_cannot_hold()
    {
        Assert.Equal((4, Act.Lift, 6L, 1, TimeSpan.Zero), Core(Decide(Holding with { Epoch = 6, Elected = null })));
        Assert.Equal(TimeSpan.Zero, Decide(Holding with { Epoch = 6, Elected = Well with { Deaf = true } }).Delay);
        Assert.Equal(TimeSpan.Zero, Decide(Holding with { Epoch = 6, Elected = Well with { State = SpeakerState.Leaving } }).Delay);
    }

    [Fact]
    public void Rule_4_gives_a_living_elected_node_a_second() =>
        Assert.Equal((4, Act.Lift, 6L, 1, Timers.PassOver), Core(Decide(Holding with { Epoch = 6 })));

    [Fact]
    public void Rule_5_a_holder_that_lost_its_right_or_leaves_goes_on()
    {
        Assert.Equal(Act.None, Decide(Holding with { EligibleSelf = false }).Act);
        Assert.Equal(Act.None, Decide(Holding with { Staying = false, Epoch = 6 }).Act);
    }

    [Fact]
    public void Rule_5_ends_when_no_node_at_all_may_hold() =>
        Assert.Equal((5, Act.Silence, 0L, 0, Timers.PassOver), Core(Decide(Holding with { EligibleSelf = false, AnyEligible = false })));

    [Fact]
    public void Rule_6_a_superseded_holder_that_hears_nobody_falls_silent_when_somebody_answers()
    {
        var decision = Decide(Holding with { Epoch = 6, HearsNobody = true, Elected = null });
        Assert.Equal((6, Act.Silence, Ask.UntilAnswered), (decision.Rule, decision.Act, decision.Ask));
    }

    [Fact]
    public void Rule_6_needs_current_rights() =>
        Assert.Equal(4, Decide(Holding with { Epoch = 6, HearsNobody = true, Elected = null, Fresh = false }).Rule);

    [Fact]
    public void Rule_6_of_two_holders_that_do_not_hear_each_other_the_lesser_gives_way_first()
    {
        var rivaled = Holding with { Rivaled = true };
        Assert.Equal((6, Act.Silence, Ask.UntilRivalAnswers), (Decide(rivaled).Rule, Decide(rivaled).Act, Decide(rivaled).Ask));
        Assert.True(Decide(rivaled with { RivalIsGreater = true }).Delay < Decide(rivaled).Delay);
    }

    [Theory]
    [InlineData(SpeakerState.Joining, 450)]
    [InlineData(SpeakerState.Active, 300)]
    [InlineData(SpeakerState.Leaving, 50)]
    public void Rule_8_a_new_address_waits_for_its_elected_node_as_long_as_that_may_take(object state, int milliseconds)
    {
        var unowned = Unclaimed with { New = true, Floor = ClaimFloor.None, Elected = Well with { State = (SpeakerState)state } };
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Decide(unowned).Delay);
    }

    [Fact]
    public void Rule_8_one_of_many_new_addresses_waits_longer_for_an_elected_node_that_seems_well()
    {
        var unowned = Unclaimed with { New = true, OneOfMany = true, Floor = ClaimFloor.None };
        Assert.Equal(Timers.BurstGrace, Decide(unowned with { Elected = Well }).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(unowned with { Elected = Well with { Fresh = false } }).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(unowned with { Elected = null }).Delay);
    }

    [Fact]
    public void Rule_8_an_elected_node_that_was_never_heard_may_be_starting_one_that_was_is_dead()
    {
        var unowned = Unclaimed with { New = true, Floor = ClaimFloor.None, Elected = null, ElectedKnown = false };
        Assert.Equal(Timers.Grace, Decide(unowned).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(unowned with { ElectedKnown = true }).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(unowned with { New = false }).Delay);
    }

    [Fact]
    public void Rule_7_the_elected_node_claims_at_once_what_nobody_claimed_under_its_election()
    {
        var decision = Decide(Unclaimed with { ElectedSelf = true, Elected = null, Floor = new ClaimFloor(4, 3) });
        Assert.Equal((7, Act.Claim, 5L, 0, TimeSpan.Zero), Core(decision));
        Assert.Equal(Ask.AtMost, decision.Ask);
    }

    [Fact]
    public void Rule_8_an_address_that_nobody_held_is_left_to_a_well_elected_node_for_300_ms()
    {
        var never = Unclaimed with { Floor = ClaimFloor.None };
        Assert.Equal((8, Act.Claim, 5L, 1, Timers.Grace), Core(Decide(never)));
        Assert.Equal(Timers.ShortGrace, Decide(never with { Elected = Well with { State = SpeakerState.Joining } }).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(never with { Elected = Well with { Fresh = false } }).Delay);
        Assert.Equal(Timers.ShortGrace, Decide(never with { Elected = null }).Delay);
        Assert.True(Decide(never).Slotted);
    }

    [Fact]
    public void Rule_9_a_dead_holders_address_is_taken_one_term_higher_in_turn()
    {
        var decision = Decide(Unclaimed with { Floor = new ClaimFloor(5, 2), Elected = null });
        Assert.Equal((9, Act.Claim, 5L, 3, TimeSpan.Zero), Core(decision));
        Assert.Equal((true, Ask.UntilSilent), (decision.Slotted, decision.Ask));
    }

    [Fact]
    public void Rule_9_claims_under_an_election_that_is_newer_than_my_rights() =>
        Assert.Equal((9, Act.Claim, 8L, 2, TimeSpan.Zero), Core(Decide(Unclaimed with { Floor = new ClaimFloor(8, 1) })));

    [Fact]
    public void Rule_9_gives_a_joining_newly_elected_node_50_ms() =>
        Assert.Equal(Timers.ShortGrace, Decide(Unclaimed with { Epoch = 6, Elected = Well with { State = SpeakerState.Joining } }).Delay);

    [Fact]
    public void Rule_10_a_leaving_or_deaf_holder_is_replaced_without_asking()
    {
        var decision = Decide(Watching with { Holder = Well with { State = SpeakerState.Leaving } });
        Assert.Equal((10, Act.Claim, 5L, 1, TimeSpan.Zero), Core(decision));
        Assert.Equal((true, Ask.No), (decision.Slotted, decision.Ask));
        Assert.Equal(10, Decide(Watching with { Holder = Well with { Deaf = true } }).Rule);
    }

    [Fact]
    public void Rule_10_also_replaces_a_holder_that_does_not_forward_but_only_by_one_that_does()
    {
        var sick = Watching with { Holder = Well with { Healthy = false } };
        Assert.Equal(10, Decide(sick).Rule);
        Assert.Equal(Decision.Rest, Decide(sick with { Healthy = false }));
    }

    [Fact]
    public void Rule_11_the_newly_elected_node_claims_at_once() =>
        Assert.Equal((11, Act.Claim, 6L, 0, TimeSpan.Zero), Core(Decide(Watching with { Epoch = 6, ElectedSelf = true })));

    [Fact]
    public void Rule_12_others_leave_a_superseded_eligible_holder_alone() =>
        Assert.Equal(Decision.Rest, Decide(Watching with { Epoch = 6 }));

    [Fact]
    public void Rule_13_a_superseded_holder_that_is_not_eligible_is_replaced_after_a_second() =>
        Assert.Equal((13, Act.Claim, 6L, 1, Timers.PassOver), Core(Decide(Watching with { Epoch = 6, HolderEligible = false })));

    [Fact]
    public void Rule_14_a_holder_that_lost_its_right_is_replaced_after_a_second_by_one_whose_rights_are_current()
    {
        Assert.Equal((14, Act.Claim, 5L, 1, Timers.PassOver), Core(Decide(Watching with { HolderEligible = false })));
        Assert.Equal(Act.None, Decide(Watching with { HolderEligible = false, Fresh = false }).Act);
        Assert.Equal(Decision.Rest, Decide(Watching with { HolderEligible = false, ClaimedEpoch = 6 }));
    }

    [Fact]
    public void Who_is_not_eligible_or_leaves_takes_nothing()
    {
        Assert.Equal(Decision.Rest, Decide(Unclaimed with { EligibleSelf = false }));
        Assert.Equal(Decision.Rest, Decide(Unclaimed with { Staying = false }));
    }

    private static Decision Decide(Situation situation) => OwnershipRules.Decide(situation);

    private static (int Rule, Act Act, long Epoch, int Term, TimeSpan Delay) Core(Decision d) => (d.Rule, d.Act, d.Epoch, d.Term, d.Delay);
}
