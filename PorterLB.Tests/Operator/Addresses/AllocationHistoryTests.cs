using CsCheck;

namespace PorterLB.Tests.Operator.Addresses;

/// <summary>
/// A leader that allocates and writes, over random histories: wishes, deletions, pool edits, time, slow writes, crashes between any two
/// writes, and writes of the dead leader that still arrive. What must hold is checked after every step, on what stands in the statuses.
/// </summary>
public sealed class AllocationHistoryTests
{
    internal abstract record Step
    {
        public sealed record Wish(int Service, int Kind, int Detail) : Step;

        public sealed record Delete(int Service) : Step;

        public sealed record Pool(int Number, int First, int Length, int Kind) : Step;

        /// <summary>Writes are sent and do not arrive for now.</summary>
        public sealed record Slow : Step;

        /// <summary>What was sent arrives, in any order, and writes are quick again.</summary>
        public sealed record Arrive(int Order) : Step;

        /// <summary>The leader is killed; another takes over, and does not know what was sent.</summary>
        public sealed record Crash : Step;

        /// <summary>One write of a dead leader arrives after all, if the server has not given it up yet.</summary>
        public sealed record Late(int Which) : Step;

        /// <summary>The leader stops after its last write was answered; another takes over.</summary>
        public sealed record Restart : Step;

        public sealed record Wait(int Seconds) : Step;
    }

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (6, Gen.Select(Gen.Int[0, 9], Gen.Int[0, 5], Gen.Int[0, 20]).Select(x => (Step)new Step.Wish(x.Item1, x.Item2, x.Item3))),
        (2, Gen.Int[0, 9].Select(x => (Step)new Step.Delete(x))),
        (2, Gen.Select(Gen.Int[0, 2], Gen.Int[0, 10], Gen.Int[0, 5], Gen.Int[0, 5]).Select(x => (Step)new Step.Pool(x.Item1, x.Item2, x.Item3, x.Item4))),
        (2, Gen.Const((Step)new Step.Slow())),
        (2, Gen.Int[0, 9].Select(x => (Step)new Step.Arrive(x))),
        (1, Gen.Const((Step)new Step.Crash())),
        (2, Gen.Int[0, 9].Select(x => (Step)new Step.Late(x))),
        (1, Gen.Const((Step)new Step.Restart())),
        (2, Gen.Int[1, 4].Select(x => (Step)new Step.Wait(x))));

    private static readonly Gen<Step[]> AnyHistory = AnyStep.Array[1, 70];

    [Fact]
    public void No_address_is_ever_with_two_Services_and_nobody_loses_one_that_it_still_wants() =>
        AnyHistory.Sample(history => new AllocatingCluster().Run(history), iter: 4_000);

    [Fact]
    public void When_all_has_settled_everybody_who_waits_waits_for_a_reason_and_nothing_leaked() =>
        AnyHistory.Sample(history =>
        {
            var cluster = new AllocatingCluster();
            cluster.Run(history);
            cluster.Settle();
            cluster.AssertNobodyWaitsInVain();
            cluster.AssertAskingAgainChangesNothing();
            cluster.DeleteEverything();
            cluster.AssertEverythingIsFree();
        }, iter: 3_000);

    [Fact]
    public void What_a_dead_leader_did_not_come_to_take_off_is_nobody_elses_and_can_be_had_back()
    {
        // A Service of two families asks for one; the write is lost with its leader, and the next one knows the status alone.
        var cluster = new AllocatingCluster();
        cluster.Run(
        [
            new Step.Pool(1, 4, 2, 3),
            new Step.Wish(6, 4, 6),
            new Step.Slow(),
            new Step.Wish(6, 3, 15),
            new Step.Crash(),
            new Step.Wait(4),
            new Step.Wish(6, 5, 8),
            new Step.Wish(0, 5, 18),
        ]);
        cluster.Settle();
    }

    [Fact]
    public void The_same_history_gives_the_same_addresses() =>
        AnyHistory.Sample(history =>
        {
            var (one, other) = (new AllocatingCluster(), new AllocatingCluster());
            one.Run(history);
            other.Run(history);
            Assert.Equal(one.ToString(), other.ToString());
        }, iter: 300);
}
