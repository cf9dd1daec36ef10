using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;
using static PorterLB.Tests.Speaker.Loop.MachineBench;

namespace PorterLB.Tests.Speaker.Loop;

public sealed class SegmentMachineTests
{
    [Fact]
    public void A_speaker_listens_for_400_ms_and_asks_three_times_before_it_first_answers()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("a", 5, null, "a");
        bench.Pass(399);
        Assert.False(bench.Holds());
        Assert.Equal(3, bench.Effects<Effect.SendProbe>().Count());
        bench.Pass(5);
        Assert.True(bench.Holds());
        Assert.Equal(SpeakerState.Active, bench.Machine.State);
    }

    [Fact]
    public void Whoever_answers_first_sends_answer_then_announcement_then_hello()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("a", 5, null, "a");
        bench.Pass(450);
        var order = bench.Effects<Effect>().SkipWhile(e => e is not Effect.Answer).Where(e => e is not Effect.Report).Take(3).ToList();
        Assert.IsType<Effect.Answer>(order[0]);
        Assert.Contains(order, e => e is Effect.SendHello { Hello.Claims: [{ Holder: "a" }] });
    }

    [Theory]
    [InlineData("a", null, true)]
    [InlineData("a", null, false)]
    [InlineData("a,b", null, true)]
    [InlineData("a,b", null, false)]
    [InlineData("a,b", "b", false)]
    [InlineData("a,b,c", null, true)]
    [InlineData("a,b,c", null, false)]
    [InlineData("a,b,c", "b", false)]
    [InlineData("b,c", "b", true)]
    [InlineData("b,c", null, false)]
    public void Where_nothing_changes_it_is_not_run_more_often_than_something_is_said_or_asked(string eligible, string? heard, bool neighbor)
    {
        var bench = new MachineBench { Neighbor = neighbor };
        bench.LinkUp();
        bench.Grant(eligible[..1], 5, null, eligible.Split(','));
        Action? hello = heard is null ? null : () => bench.Hear(heard);
        bench.Pass(10_000, hello);
        bench.Forget();
        var before = bench.Runs;
        bench.Pass(10_000, hello);
        var heardOf = heard is null ? 0 : 100;
        var said = bench.Effects<Effect>().Count(effect => effect is Effect.SendHello or Effect.ProbeNeighbors or Effect.SendProbe);
        Assert.InRange(bench.Runs - before, said / 2, (2 * said) + (3 * heardOf) + 100);
    }

    [Fact]
    public void An_address_that_a_stranger_answers_for_is_not_announced_and_asked_for_again()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("a", 5, null, "a");
        for (var i = 0; i < 50; i++)
        {
            bench.Pass(20);
            bench.Do(new Input.AddressSeen(Address, Stranger, null));
        }

        Assert.False(bench.Holds());
        Assert.Single(bench.Reports, ReportKind.ConflictRefused);
        Assert.Equal(Stranger, Assert.Single(bench.Machine.Conflicts).Mac);
        bench.Pass(3000);
        Assert.True(bench.Holds());
        Assert.Contains(ReportKind.ConflictEnded, bench.Reports);
        Assert.Empty(bench.Machine.Conflicts);
    }

    [Fact]
    public void With_policy_Announce_a_stranger_does_not_stand_in_the_way()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("a", 5, new AnnouncementPolicy { OnConflict = ConflictPolicy.Announce }, "a");
        bench.Pass(350);
        bench.Do(new Input.AddressSeen(Address, Stranger, null));
        bench.Pass(60);
        Assert.True(bench.Holds());
        Assert.True(Assert.Single(bench.Machine.Conflicts).Announced);
    }

    [Fact]
    public void A_held_address_is_defended_against_a_stranger_once_in_ten_seconds()
    {
        var bench = Owner();
        bench.Pass(6000, () => bench.Hear("b"));
        bench.Forget();
        for (var i = 0; i < 9; i++)
        {
            bench.Do(new Input.AddressSeen(Address, Stranger, null));
            bench.Pass(1000, () => bench.Hear("b"));
        }

        Assert.Single(bench.Effects<Effect.SendGratuitous>());
        Assert.True(bench.Holds());
        bench.Pass(1000, () => bench.Hear("b"));
        bench.Do(new Input.AddressSeen(Address, Stranger, null));
        Assert.Equal(2, bench.Effects<Effect.SendGratuitous>().Count());
        Assert.Equal(2, bench.Reports.Count(r => r == ReportKind.ConflictDefended));
    }

    [Fact]
    public void Rule_1_a_higher_claim_silences_at_once()
    {
        var bench = Owner();
        bench.Hear("b", claims: ClaimOf("b", 5, 1));
        Assert.False(bench.Holds());
        Assert.Contains(bench.Effects<Effect.Silence>(), s => s.Address.Equals(Address));
    }

    [Fact]
    public void Rule_2_a_lower_claim_is_answered_in_the_next_hello_and_announced_once_a_second()
    {
        var bench = Owner();
        bench.Pass(5500, () => bench.Hear("b"));
        bench.Forget();
        bench.Pass(1900, () => bench.Hear("b", claims: ClaimOf("b", 4, 9)));
        Assert.True(bench.Holds());
        Assert.Equal(2, bench.Effects<Effect.SendGratuitous>().Count());
        Assert.All(bench.Effects<Effect.SendHello>(), h => Assert.Contains(h.Hello.Claims, c => c.Holder == "a"));
    }

    [Fact]
    public void A_relayed_claim_counts_only_while_its_holder_is_alive_in_that_life()
    {
        var bench = Owner();
        bench.Hear("b", claims: ClaimOf("c", 5, 1, process: 9));
        Assert.True(bench.Holds());
        bench.Hear("c", process: 9);
        bench.Hear("b", claims: ClaimOf("c", 5, 1, process: 8));
        Assert.True(bench.Holds());
        bench.Hear("b", claims: ClaimOf("c", 5, 1, process: 9));
        Assert.False(bench.Holds());
    }

    [Fact]
    public void A_dead_holders_address_is_taken_within_500_ms_of_its_last_hello()
    {
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(2000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        Assert.False(bench.Holds());
        bench.Pass(398 - 100);
        Assert.False(bench.Holds());
        bench.Pass(110);
        Assert.True(bench.Holds());
        var rank = Assert.Single(bench.Machine.Held).Rank;
        Assert.Equal((5L, 1, false), (rank.Epoch, rank.Term, rank.Elected));
        Assert.Contains(ReportKind.TookOver, bench.Reports);
    }

    [Fact]
    public void A_holder_whose_hellos_are_lost_but_that_answers_keeps_its_address()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        for (var i = 0; i < 100; i++)
        {
            bench.Pass(25);
            bench.Do(new Input.AddressSeen(Address, MacAddress.Parse("02:00:00:00:00:02"), "b"));
        }

        Assert.False(bench.Holds());
        Assert.DoesNotContain(ReportKind.ConflictRefused, bench.Reports);
    }

    [Fact]
    public void A_speaker_that_hears_nothing_takes_nothing_and_says_that_it_is_deaf()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b", "c");
        bench.Pass(1000, () =>
        {
            bench.Hear("c");
            bench.Hear("b", claims: ClaimOf("b", 5, 0));
        });
        bench.Neighbor = false;
        bench.Pass(3000);
        Assert.False(bench.Holds());
        Assert.True(bench.Machine.Deaf);
        Assert.True(bench.Effects<Effect.SendHello>().Last().Hello.Standing.Deaf);
    }

    [Fact]
    public void The_last_of_two_nodes_takes_over_after_a_second_where_no_neighbour_ever_answered()
    {
        var bench = new MachineBench { Neighbor = false };
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(2000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        bench.Pass(900);
        Assert.False(bench.Holds());
        bench.Pass(300);
        Assert.True(bench.Holds());
    }

    [Fact]
    public void A_frame_that_is_told_late_does_not_put_off_deafness()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b", "c");
        bench.Pass(1000, () => bench.Hear("c"));
        bench.Neighbor = false;
        var last = bench.Now;
        bench.Pass(300);
        bench.Do(new Input.FrameHeard(last));
        bench.Pass(101);
        Assert.True(bench.Machine.Deaf);
    }

    [Fact]
    public void The_machine_of_the_other_speaker_is_no_witness_of_our_deafness()
    {
        var bench = new MachineBench { Neighbor = false };
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(2000, () =>
        {
            bench.Do(new Input.FrameHeard(bench.Now));
            bench.Hear("b", claims: ClaimOf("b", 5, 0));
        });
        bench.Pass(1250);
        Assert.True(bench.Holds());
    }

    [Fact]
    public void A_neighbour_that_has_left_the_segment_is_no_witness_any_more()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        bench.Neighbor = false;
        bench.Pass(30_000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        bench.Pass(1250);
        Assert.True(bench.Holds());
    }

    [Theory]
    [InlineData("b", 350)]
    [InlineData("a", 750)]
    public void Two_holders_that_do_not_hear_each_other_do_not_both_stay(string elected, int gone)
    {
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant(elected, 5, null, "a", "b");
        bench.Pass(500, () => bench.Hear("b"));
        bench.Pass(1000);
        Assert.True(bench.Holds());
        void Answer() => bench.Do(new Input.AddressSeen(Address, MacAddress.Parse("02:00:00:00:00:02"), "b"));
        bench.Pass(gone - 100, Answer);
        Assert.True(bench.Holds());
        bench.Pass(150, Answer);
        Assert.False(bench.Holds());
    }

    [Fact]
    public void A_machine_whose_hellos_were_not_heard_for_a_minute_is_no_rival()
    {
        var bench = Owner();
        bench.Pass(61_000);
        bench.Pass(3000, () => bench.Do(new Input.AddressSeen(Address, MacAddress.Parse("02:00:00:00:00:02"), "b")));
        Assert.True(bench.Holds());
    }

    [Fact]
    public void Sequence_numbers_go_on_when_another_life_begins()
    {
        var bench = Owner();
        bench.Pass(1000, () => bench.Hear("b"));
        var last = bench.Effects<Effect.SendHello>().Last().Hello.Sequence;
        bench.Freeze(600);
        bench.Do(Input.Tick.Instance);
        Assert.Equal(last + 1, bench.Effects<Effect.SendHello>().Last().Hello.Sequence);
    }

    [Fact]
    public void A_recording_of_a_dead_process_does_not_keep_it_alive()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(3000, () => bench.Hear("b", namesMe: false, claims: ClaimOf("b", 5, 0)));
        Assert.True(bench.Holds());
        Assert.Contains(bench.Effects<Effect.SendHello>(), h => h.Hello.Hears is [{ Node: "b", Proven: false }]);
    }

    [Fact]
    public void A_stalled_speaker_drops_everything_and_begins_another_life()
    {
        var bench = Owner();
        var life = bench.Machine.Incarnation.Life;
        bench.Freeze(401 + 100);
        bench.Do(Input.Tick.Instance);
        Assert.False(bench.Holds());
        Assert.Equal(SpeakerState.Joining, bench.Machine.State);
        Assert.Equal(life + 1, bench.Machine.Incarnation.Life);
        Assert.Contains(ReportKind.Stalled, bench.Reports);
    }

    [Fact]
    public void Answers_are_good_for_a_dead_after_time_past_the_last_hello()
    {
        var bench = Owner();
        bench.Pass(1000, () => bench.Hear("b"));
        var hello = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            bench.Pass(5);
            var effects = bench.Do(Input.Tick.Instance);
            hello = bench.Effects<Effect.SendHello>().Any() ? bench.Now : hello;
            bench.Forget();
            Assert.InRange(effects.OfType<Effect.RenewAnswers>().Last().Deadline - bench.Now, TimeSpan.FromMilliseconds(290), TimeSpan.FromMilliseconds(400));
        }
    }

    [Fact]
    public void Without_a_carrier_nothing_is_held_and_nothing_is_said()
    {
        var bench = Owner();
        bench.Do(new Input.LinkChanged(false, Mac));
        Assert.False(bench.Holds());
        bench.Forget();
        bench.Pass(5000);
        Assert.Empty(bench.Effects<Effect>());
    }

    [Fact]
    public void A_leaving_speaker_answers_until_a_successor_claims()
    {
        var bench = Owner();
        bench.Do(Input.Leave.Instance);
        Assert.Equal(SpeakerState.Leaving, bench.Effects<Effect.SendHello>().Last().Hello.Standing.State);
        Assert.True(bench.Holds());
        bench.Hear("b", claims: ClaimOf("b", 5, 1));
        Assert.False(bench.Holds());
        Assert.Single(bench.Effects<Effect.Left>());
        Assert.Equal(TimeSpan.MaxValue, bench.Machine.NextDeadline);
    }

    [Fact]
    public void A_leaving_speaker_goes_after_two_seconds_all_the_same()
    {
        var bench = Owner();
        bench.Do(Input.Leave.Instance);
        bench.Pass(1990, () => bench.Hear("b"));
        Assert.True(bench.Holds());
        bench.Pass(20, () => bench.Hear("b"));
        Assert.Single(bench.Effects<Effect.Left>());
        Assert.Single(bench.Effects<Effect.Silence>());
    }

    [Fact]
    public void Rule_15_a_released_address_is_dropped_and_its_release_is_told_three_times()
    {
        var bench = Owner();
        bench.Release();
        Assert.False(bench.Holds());
        bench.Pass(1000, () => bench.Hear("b"));
        Assert.Equal(3, bench.Effects<Effect.SendHello>().Count(h => h.Hello.Claims.Any(c => c is { IsTombstone: true, Rank.Epoch: 5 })));
    }

    [Fact]
    public void Rule_15_a_release_heard_from_a_peer_counts_up_to_its_epoch()
    {
        var bench = Owner();
        bench.Hear("b", claims: Tombstone(4));
        Assert.True(bench.Holds());
        bench.Hear("b", claims: Tombstone(5));
        Assert.False(bench.Holds());
    }

    [Fact]
    public void Rule_15_the_API_server_outlasts_a_peers_word()
    {
        var bench = Owner();
        bench.Hear("b", claims: Tombstone(5));
        bench.Pass(9900, () => bench.Hear("b"));
        Assert.False(bench.Holds());
        bench.Pass(1000, () => bench.Hear("b"));
        Assert.True(bench.Holds());
    }

    [Fact]
    public void Rule_16_who_saw_the_release_tells_those_who_did_not()
    {
        var bench = Owner();
        bench.Release();
        bench.Pass(2000, () => bench.Hear("b"));
        bench.Forget();
        bench.Hear("b", claims: ClaimOf("b", 5, 0));
        bench.Pass(150, () => bench.Hear("b"));
        Assert.Contains(bench.Effects<Effect.SendHello>(), h => h.Hello.Claims.Any(c => c.IsTombstone));
    }

    [Fact]
    public void A_released_address_that_is_given_out_again_starts_afresh()
    {
        var bench = Owner();
        bench.Release();
        bench.Grant("a", 9, null, "a", "b");
        bench.Pass(150, () => bench.Hear("b"));
        Assert.Equal(new ClaimRank(9, 0, true, true, true), Assert.Single(bench.Machine.Held).Rank);
    }

    [Fact]
    public void An_address_that_moves_to_another_interface_is_dropped_without_a_word()
    {
        var bench = Owner();
        bench.Forget();
        bench.Do(new Input.RightsChanged(ImmutableDictionary<IPAddress, AddressRights>.Empty, [Address]));
        bench.Pass(1000, () => bench.Hear("b"));
        Assert.False(bench.Holds());
        Assert.DoesNotContain(bench.Effects<Effect.SendHello>(), h => h.Hello.Claims.Any(c => c.IsTombstone));
        bench.Grant("a", 5, null, "a", "b");
        bench.Pass(200, () => bench.Hear("b"));
        Assert.True(bench.Holds());
    }

    [Fact]
    public void When_the_clusters_store_was_restored_the_lost_epochs_are_forgotten()
    {
        var bench = Owner();
        bench.Grant("a", 3, null, "a", "b");
        Assert.True(bench.Holds());
        Assert.Equal((3L, 0), (bench.Machine.Held.Single().Rank.Epoch, bench.Machine.Held.Single().Rank.Term));
        bench.Hear("b", claims: ClaimOf("b", 4, 0));
        Assert.False(bench.Holds());
    }

    [Fact]
    public void What_was_taken_over_under_a_lost_epoch_can_be_moved_again()
    {
        // The store was restored; b, which learns of it later than a, repeats its claim of before once more, and dies.
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant("b", 50, null, "a", "b", "c");
        bench.Pass(1000, () => Hear(ClaimOf("b", 50, 0)));
        bench.Grant("b", 10, null, "a", "b", "c");
        Hear(ClaimOf("b", 50, 0));
        bench.Pass(1000, () => bench.Hear("c", claims: []));
        Assert.Equal(50, bench.Machine.Held.Single().Rank.Epoch);

        // The manager follows, and somebody moves it to c.
        bench.Grant("a", 12, null, "a", "b", "c");
        bench.Pass(10_500, () => bench.Hear("c"));
        Assert.Equal((12L, 0), (bench.Machine.Held.Single().Rank.Epoch, bench.Machine.Held.Single().Rank.Term));
        bench.Grant("c", 14, null, "a", "b", "c");
        bench.Hear("c", claims: ClaimOf("c", 14, 0));
        Assert.False(bench.Holds());

        void Hear(params Claim[] claims)
        {
            bench.Hear("b", claims: claims);
            bench.Hear("c");
        }
    }

    [Fact]
    public void A_claim_that_its_holder_has_taken_back_since_silences_nobody_when_it_comes_late()
    {
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant("b", 50, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 50, 0)));

        // The store was restored: a is elected, b takes its claim back, and the hello before that one comes last.
        bench.Grant("a", 10, null, "a", "b");
        var late = bench.Hear("b", deliver: false, claims: ClaimOf("b", 50, 0));
        bench.Hear("b", claims: ClaimOf("b", 0, 0));
        bench.Pass(1);
        Assert.True(bench.Holds());
        bench.Do(late);
        Assert.True(bench.Holds());
    }

    [Fact]
    public void Who_is_elected_after_a_lost_epoch_was_heard_claims_under_the_epoch_that_is()
    {
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant("b", 10, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 50, 0)));
        bench.Pass(10_500, () => bench.Hear("b", claims: ClaimOf("b", 10, 0)));
        bench.Pass(1000, () => bench.Hear("c"));
        Assert.Equal((10L, 1), (bench.Machine.Held.Single().Rank.Epoch, bench.Machine.Held.Single().Rank.Term));
    }

    [Fact]
    public void Without_fresh_rights_a_higher_epoch_is_not_doubted()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 10, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 50, 0)));
        bench.Pass(20_000, () => bench.Hear("c"));
        Assert.Equal((50L, 1), (bench.Machine.Held.Single().Rank.Epoch, bench.Machine.Held.Single().Rank.Term));
    }

    [Fact]
    public void A_peers_word_that_came_without_contact_is_doubted_from_when_contact_is_back()
    {
        var bench = Owner();
        bench.Do(new Input.ContactChanged(false));
        bench.Hear("b", claims: Tombstone(5));
        bench.Pass(20_000, () => bench.Hear("b"));
        Assert.False(bench.Holds());
        bench.Do(new Input.ContactChanged(true));
        bench.Pass(1000, () => bench.Hear("b"));
        Assert.True(bench.Holds());
    }

    [Fact]
    public void An_unhealthy_node_is_relieved_by_a_healthy_one()
    {
        var bench = new MachineBench();
        bench.LinkUp();
        bench.Grant("b", 5, null, "a", "b");
        bench.Pass(1000, () => bench.Hear("b", claims: ClaimOf("b", 5, 0)));
        bench.Hear("b", Well with { Healthy = false }, claims: ClaimOf("b", 5, 0));
        bench.Pass(50);
        Assert.True(bench.Holds());
    }

    [Fact]
    public void When_a_peer_comes_back_everything_is_told_at_once_and_announced_after_150_and_1150_ms()
    {
        var bench = Owner(withPeer: false);
        bench.Pass(6000);
        bench.Forget();
        var back = bench.Now;
        bench.Hear("b");
        Assert.Contains(bench.Effects<Effect.SendHello>(), h => h.Hello.Claims.Any(c => c.Holder == "a"));
        bench.Pass(140, () => bench.Hear("b"));
        Assert.Empty(bench.Effects<Effect.SendGratuitous>());
        bench.Pass(20, () => bench.Hear("b"));
        Assert.Single(bench.Effects<Effect.SendGratuitous>());
        bench.Pass(1000, () => bench.Hear("b"));
        Assert.Equal(2, bench.Effects<Effect.SendGratuitous>().Count());
    }

    [Fact]
    public void A_new_hardware_address_is_announced_like_a_new_claim()
    {
        var bench = Owner();
        bench.Pass(6000, () => bench.Hear("b"));
        bench.Forget();
        bench.Do(new Input.LinkChanged(true, MacAddress.Parse("02:00:00:00:00:07")));
        Assert.Single(bench.Effects<Effect.SendGratuitous>());
        Assert.True(bench.Holds());
    }

    [Fact]
    public void All_claims_are_repeated_for_ever_in_turn_when_one_hello_cannot_hold_them()
    {
        var bench = new MachineBench(helloLength: 400);
        bench.LinkUp();
        var rights = Enumerable.Range(1, 35).Select(i => IPAddress.Parse($"192.0.2.{i}")).ToImmutableDictionary(a => a, a => Right(a, "a", 5, null, "a"));
        bench.Do(new Input.RightsChanged(rights));
        bench.Pass(3000);
        Assert.Equal(35, bench.Machine.Held.Count());
        bench.Forget();
        bench.Pass(450);
        Assert.All(bench.Effects<Effect.SendHello>(), h => Assert.InRange(HelloCodec.LengthOf(h.Hello), 390 - 18, 400));
        Assert.Equal(35, bench.Effects<Effect.SendHello>().SelectMany(h => h.Hello.Claims).Select(c => c.Address).Distinct().Count());
    }

    [Fact]
    public void All_peers_are_named_in_turn_when_one_hello_cannot_hold_them()
    {
        var bench = new MachineBench(helloLength: 400);
        bench.LinkUp();
        var peers = Enumerable.Range(0, 12).Select(i => $"peer-{i}").ToList();
        void Hellos() => peers.ForEach(p => bench.Hear(p));
        bench.Pass(1000, Hellos);
        bench.Forget();
        bench.Pass(500, Hellos);
        Assert.All(bench.Effects<Effect.SendHello>(), h => Assert.InRange(HelloCodec.LengthOf(h.Hello), 400 - 31, 400));
        Assert.Equal(12, bench.Effects<Effect.SendHello>().SelectMany(h => h.Hello.Hears).Select(h => h.Node).Distinct().Count());
    }

    [Theory]
    [InlineData(50, 100, 400)]
    [InlineData(100, 100, 400)]
    [InlineData(300, 300, 1200)]
    public void Beyond_a_hundred_speakers_hellos_slow_down(int speakers, int interval, int deadAfter)
    {
        var timing = SegmentTiming.For([AnnouncementPolicy.Default], speakers);
        Assert.Equal(TimeSpan.FromMilliseconds(interval), timing.HelloInterval);
        Assert.Equal(TimeSpan.FromMilliseconds(deadAfter), timing.DeadAfter);
    }

    [Fact]
    public void Each_address_has_its_own_dead_after_time()
    {
        var bench = new MachineBench();
        var other = IPAddress.Parse("192.0.2.11");
        bench.LinkUp();
        bench.Do(new Input.RightsChanged(ImmutableDictionary<IPAddress, AddressRights>.Empty
            .Add(Address, Right(Address, "b", 5, null, "a", "b"))
            .Add(other, Right(other, "b", 5, new AnnouncementPolicy { DeadAfter = TimeSpan.FromSeconds(2) }, "a", "b"))));
        bench.Pass(1000, () => bench.Hear("b", claims: [ClaimOf("b", 5, 0), ClaimOf("b", 5, 0, address: other)]));
        bench.Pass(1500);
        Assert.True(bench.Holds());
        Assert.False(bench.Holds(other));
        bench.Pass(500);
        Assert.True(bench.Holds(other));
    }
}
