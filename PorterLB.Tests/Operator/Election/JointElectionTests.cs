using System.Collections.Immutable;
using CsCheck;
using PorterLB.Operator.Election;

namespace PorterLB.Tests.Operator.Election;

public sealed class JointElectionTests
{
    private static readonly string[] Nodes = ["a", "b", "c"];
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_successor_is_adopted_only_when_those_of_the_Services_other_addresses_are_settled()
    {
        var settled = Ballot("dead", gone: true, new Holder("b", 7, 1, Long));
        var young = Ballot("dead", gone: true, new Holder("b", 7, 1, Short));
        Assert.Equal(Verdict.TookOver, NodeElection.Decide(settled).Verdict);
        Assert.All(Settle(settled, young), decision => Assert.Equal(new Decision("dead", Verdict.Stays, NodeElection.Settled - Short), decision));
        Assert.All(Settle(settled, settled), decision => Assert.Equal(new Decision("b", Verdict.TookOver), decision));
    }

    [Fact]
    public void While_two_settle_the_other_address_on_the_wire_no_epoch_decides_it_for_them()
    {
        var decisions = Settle(Ballot("a", gone: false, new Holder("b", 7, 1, Long)), Ballot("a", gone: false, new Holder("a", 7, 0, Long), new Holder("b", 7, 1, Long)));
        Assert.All(decisions, decision => Assert.Equal(("a", Verdict.Stays), (decision.Node, decision.Verdict)));
        Assert.NotNull(decisions[0].LookAgainAfter);
    }

    [Fact]
    public void A_new_address_does_not_wait_and_who_holds_the_other_one_by_a_take_over_keeps_it()
    {
        var decisions = Settle(Ballot("dead", gone: true, new Holder("b", 7, 1, Short)), Ballot(null, gone: false));
        Assert.Equal(new Decision("b", Verdict.TookOver), decisions[0]);
        Assert.Equal(Verdict.New, decisions[1].Verdict);
    }

    [Fact]
    public void Nobody_loses_an_address_by_an_epoch_that_was_made_for_another_one()
    {
        var holder = Gen.Select(Gen.Int[0, 2].Select(i => Nodes[i]), Gen.Int[0, 2], Gen.Int[0, 3_000], (node, term, ms) => new Holder(node, 7, term, TimeSpan.FromMilliseconds(ms)));
        var ballot = Gen.Select(Gen.Int[0, 2].Select(i => i == 2 ? null : Nodes[i]), Gen.Bool, holder.List[0, 2], (elected, gone, holders) =>
            Ballot(elected, gone, [.. holders.DistinctBy(item => item.Node)]));
        ballot.List[1, 3].Sample(ballots =>
        {
            var decisions = Settle([.. ballots]);
            var renewed = ballots.Zip(decisions).Any(pair => pair.Second.Node != pair.First.Elected);
            return !renewed || ballots.Zip(decisions).All(pair => pair.First.Holders is not [{ Term: > 0 } only]
                || !pair.First.Eligible.Contains(only.Node, StringComparer.Ordinal) || pair.Second.Node == only.Node);
        });
    }

    private static Ballot Ballot(string? elected, bool gone, params Holder[] holders) => new()
    {
        Elected = elected,
        ElectedIsGone = gone && elected is not null,
        Eligible = [.. Nodes.Where(node => !gone || node != elected)],
        Holders = [.. holders],
        Load = _ => 0,
    };

    private static ImmutableArray<Decision> Settle(params Ballot[] ballots) =>
        JointElection.Settle([.. ballots.Select(ballot => (ballot, NodeElection.Decide(ballot)))]);
}
