using System.Collections.Immutable;
using System.Net;
using CsCheck;
using PorterLB.Operator.Election;

namespace PorterLB.Tests.Operator.Election;

public sealed class NodeElectionTests
{
    private static Ballot Ballot(string? elected, params string[] eligible) => new() { Elected = elected, Eligible = [.. eligible], Load = _ => 0 };

    private static Holder Holder(string node, int term, double seconds, long epoch = 1) => new(node, epoch, term, TimeSpan.FromSeconds(seconds));

    [Fact]
    public void An_address_stays_where_it_is_however_loaded_the_node() =>
        Assert.Equal(new Decision("b", Verdict.Stays), NodeElection.Decide(Ballot("b", "a", "b", "c") with { Load = node => node == "b" ? 99 : 0 }));

    [Fact]
    public void A_new_address_goes_to_the_least_loaded_node_and_names_break_ties()
    {
        Assert.Equal("c", NodeElection.Decide(Ballot(null, "a", "b", "c") with { Load = node => node == "c" ? 1 : 2 }).Node);
        Assert.Equal("a", NodeElection.Decide(Ballot(null, "a", "b", "c")).Node);
    }

    [Fact]
    public void Preferred_nodes_come_before_less_loaded_ones() =>
        Assert.Equal("b", NodeElection.Decide(Ballot(null, "a", "b") with { Load = node => node == "b" ? 5 : 0, Preference = node => node == "b" ? 10 : 0 }).Node);

    [Fact]
    public void A_thousand_new_addresses_spread_over_ten_nodes_within_a_tenth_of_the_mean()
    {
        var book = new ElectionBook();
        var nodes = Enumerable.Range(0, 10).Select(number => $"node-{number}").ToImmutableArray();
        for (var i = 0; i < 1_000; i++)
        {
            book.Elect(new IPAddress(i + 1L), _ => NodeElection.Decide(new Ballot { Eligible = nodes, Load = book.LoadOf }));
        }

        Assert.All(nodes, node => Assert.InRange(book.LoadOf(node), 90, 110));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 0)]
    [InlineData(1_000, 1_000)]
    public void Two_thousand_addresses_of_dual_stack_Services_spread_over_ten_nodes_within_a_tenth_of_the_mean_with_what_the_nodes_have(int first, int others)
    {
        var (book, nodes) = Holding(first, others);
        string?[] before = [null, null];
        for (var i = 0; i < 1_000; i++)
        {
            string? companion = null;
            for (var family = 0; family < 2; family++)
            {
                var address = IPAddress.Parse(family == 0 ? $"10.1.{i / 256}.{i % 256}" : $"fd01::{i:x}");
                companion = before[family] = book.Elect(
                    address, _ => NodeElection.Decide(new Ballot { Eligible = nodes, Load = book.LoadOf, Neighbor = before[family], Companion = companion })).Node;
            }
        }

        AssertEven(book, nodes, first);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(1_000, 0)]
    [InlineData(400, 100)]
    public void A_second_family_spreads_over_ten_nodes_although_the_first_one_is_crowded_on_few(int first, int others)
    {
        var (book, nodes) = Holding(first, others);
        string? before = null;
        for (var i = 0; i < first + (9 * others); i++)
        {
            before = book.Elect(
                IPAddress.Parse($"fd01::{i:x}"),
                _ => NodeElection.Decide(new Ballot { Eligible = nodes, Load = book.LoadOf, Neighbor = before, Companion = nodes[i < first ? 0 : 1 + ((i - first) / others)] })).Node;
        }

        AssertEven(book, nodes, first);
    }

    /// <summary>Ten nodes, of which the first holds so many addresses and each other one so many.</summary>
    private static (ElectionBook Book, ImmutableArray<string> Nodes) Holding(int first, int others)
    {
        var book = new ElectionBook();
        var nodes = Enumerable.Range(0, 10).Select(number => $"node-{number}").ToImmutableArray();
        for (var i = 0; i < first + (9 * others); i++)
        {
            book.Set(IPAddress.Parse($"10.0.{i / 256}.{i % 256}"), new PorterLB.Operator.Election.Election(nodes[i < first ? 0 : 1 + ((i - first) / others)], 1));
        }

        return (book, nodes);
    }

    private static void AssertEven(ElectionBook book, ImmutableArray<string> nodes, int firstHeld)
    {
        var most = 1.1 * nodes.Skip(1).Average(book.LoadOf);
        Assert.All(nodes.Skip(1), node => Assert.InRange(book.LoadOf(node), 0, most));
        Assert.InRange(book.LoadOf(nodes[0]), firstHeld, Math.Max(firstHeld, most));
    }

    [Fact]
    public void Consecutive_addresses_stay_together_as_far_as_the_spread_allows()
    {
        var book = new ElectionBook();
        var nodes = new[] { "a", "b", "c" }.ToImmutableArray();
        string? before = null;
        var changes = 0;
        for (var i = 0; i < 3_000; i++)
        {
            var node = book.Elect(new IPAddress(i + 1L), _ => NodeElection.Decide(new Ballot { Eligible = nodes, Load = book.LoadOf, Neighbor = before })).Node;
            changes += node == before ? 0 : 1;
            before = node;
        }

        Assert.All(nodes, node => Assert.InRange(book.LoadOf(node), 900, 1_100));
        Assert.InRange(changes, 3, 300);
    }

    [Fact]
    public void A_node_that_returns_gets_nothing_back_unless_it_is_said_so()
    {
        var ballot = Ballot("a", "a", "b") with { Load = node => node == "a" ? 10 : 0, Preference = node => node == "b" ? 5 : 0 };
        Assert.Equal(new Decision("a", Verdict.Stays), NodeElection.Decide(ballot));
        Assert.Equal(new Decision("b", Verdict.Rebalanced), NodeElection.Decide(ballot with { Reconsideration = Reconsideration.Preference }));
        Assert.Equal(new Decision("b", Verdict.Rebalanced), NodeElection.Decide(ballot with { Reconsideration = Reconsideration.Balance }));
    }

    [Fact]
    public void A_changed_preference_moves_nothing_between_nodes_that_are_preferred_alike_and_a_joined_node_takes_its_share()
    {
        var ballot = Ballot("a", "a", "b") with { Load = node => node == "a" ? 10 : 0 };
        Assert.Equal(Verdict.Stays, NodeElection.Decide(ballot with { Reconsideration = Reconsideration.Preference }).Verdict);
        Assert.Equal(new Decision("b", Verdict.Rebalanced), NodeElection.Decide(ballot with { Reconsideration = Reconsideration.Balance }));
        Assert.Equal(Verdict.Stays, NodeElection.Decide(ballot with { Reconsideration = Reconsideration.Balance, Load = node => node == "a" ? 1 : 0 }).Verdict);
    }

    [Fact]
    public void Rebalancing_ends_with_an_even_spread_and_then_moves_nothing_more()
    {
        var book = new ElectionBook();
        for (var i = 1; i <= 100; i++)
        {
            book.Set(new IPAddress((long)i), new PorterLB.Operator.Election.Election(i % 2 == 0 ? "a" : "b", 1));
        }

        int Round() => Enumerable.Range(1, 100).Count(i => book.Elect(
            new IPAddress((long)i),
            stands => NodeElection.Decide(Ballot(stands!.Value.Node, "a", "b", "c") with { Load = book.LoadOf, Reconsideration = Reconsideration.Balance })).Verdict == Verdict.Rebalanced);
        Assert.InRange(Round(), 32, 34);
        Assert.All(new[] { "a", "b", "c" }, node => Assert.InRange(book.LoadOf(node), 33, 34));
        Assert.Equal(0, Round());
    }

    [Fact]
    public void While_a_successor_on_the_wire_settles_nothing_is_rebalanced()
    {
        var ballot = Ballot("a", "a", "b", "c") with { Holders = [Holder("b", 1, 0.5)], Reconsideration = Reconsideration.Balance, Load = node => node == "a" ? 9 : 0 };
        Assert.Equal(Verdict.Stays, NodeElection.Decide(ballot).Verdict);
    }

    [Fact]
    public void A_reconsideration_is_taken_once_and_the_stronger_one_counts()
    {
        var book = new ElectionBook();
        var address = IPAddress.Parse("10.0.0.1");
        book.Reconsider(address, Reconsideration.Balance);
        book.Reconsider(address, Reconsideration.Preference);
        Assert.Equal(Reconsideration.Balance, book.TakeReconsideration(address));
        Assert.Equal(Reconsideration.None, book.TakeReconsideration(address));
    }

    [Fact]
    public void Who_took_over_is_adopted_when_it_was_the_only_holder_for_long_enough()
    {
        var ballot = Ballot("a", "a", "b", "c") with { Holders = [Holder("b", term: 1, seconds: 1.4)] };
        Assert.Equal(new Decision("a", Verdict.Stays, TimeSpan.FromSeconds(0.1)), Rounded(NodeElection.Decide(ballot)));
        Assert.Equal(new Decision("b", Verdict.TookOver), NodeElection.Decide(ballot with { Holders = [Holder("b", term: 1, seconds: 1.5)] }));
    }

    [Fact]
    public void While_two_say_that_they_hold_nothing_is_elected()
    {
        var both = Ballot("a", "a", "b") with { Holders = [Holder("a", 0, 60), Holder("b", 1, 60)] };
        Assert.Equal(new Decision("a", Verdict.Stays), NodeElection.Decide(both));
        Assert.Equal(Verdict.Stays, NodeElection.Decide(Ballot("a", "a", "b", "c") with { Holders = [Holder("b", 1, 60), Holder("c", 2, 60)] }).Verdict);
    }

    [Fact]
    public void Who_holds_by_an_older_election_is_not_adopted() =>
        Assert.Equal(new Decision("a", Verdict.Stays), NodeElection.Decide(Ballot("a", "a", "b") with { Holders = [Holder("b", 0, 60)] }));

    [Fact]
    public void A_dead_node_is_replaced_by_its_successor_on_the_wire_and_by_nobody_before_that_one_is_due()
    {
        var dead = Ballot("a", "b", "c") with { ElectedIsGone = true, GoneFor = TimeSpan.FromSeconds(1) };
        Assert.Equal(new Decision("a", Verdict.Stays, TimeSpan.FromSeconds(2)), NodeElection.Decide(dead));
        Assert.Equal(new Decision("c", Verdict.TookOver), NodeElection.Decide(dead with { Holders = [Holder("c", 1, 2)] }));
        Assert.Equal(new Decision("b", Verdict.Replaced), NodeElection.Decide(dead with { GoneFor = TimeSpan.FromSeconds(3) }));
    }

    [Fact]
    public void A_node_that_is_ruled_out_is_replaced_at_once()
    {
        Assert.Equal(new Decision("b", Verdict.Replaced), NodeElection.Decide(Ballot("a", "b", "c") with { Holders = [Holder("a", 0, 60)] }));
        Assert.Equal(new Decision("c", Verdict.TookOver), NodeElection.Decide(Ballot("a", "b", "c") with { Holders = [Holder("c", 1, 0.2)] }));
    }

    [Fact]
    public void With_no_eligible_node_the_election_stands_so_that_it_holds_again_when_the_node_may()
    {
        Assert.Equal(new Decision("a", Verdict.Nobody), NodeElection.Decide(Ballot("a")));
        Assert.Equal(new Decision(null, Verdict.Nobody), NodeElection.Decide(Ballot(null)));
    }

    [Fact]
    public void Whatever_the_ballot_an_elected_node_is_eligible_or_it_was_elected_before() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 4].HashSet[0, 5], Gen.Bool, Gen.Double[0, 5], Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2], Gen.Double[0, 3]).Array[0, 3])
            .Sample((elected, eligible, gone, goneFor, holders) =>
            {
                var ballot = new Ballot
                {
                    Elected = elected == 4 ? null : $"n{elected}",
                    Eligible = [.. eligible.Order().Select(node => $"n{node}")],
                    ElectedIsGone = gone && elected != 4 && !eligible.Contains(elected),
                    GoneFor = TimeSpan.FromSeconds(goneFor),
                    Holders = [.. holders.DistinctBy(holder => holder.Item1).Select(holder => Holder($"n{holder.Item1}", holder.Item2, holder.Item3))],
                    Load = _ => 0,
                };
                var decision = NodeElection.Decide(ballot);
                return decision.Node == ballot.Elected || ballot.Eligible.Contains(decision.Node!);
            });

    [Fact]
    public void Epochs_outgrow_everything_seen_whichever_Service_they_are_for()
    {
        var book = new ElectionBook();
        book.Saw("150");

        // Created before the last holder's election, and waiting since: its own version is lower than that election's epoch.
        Assert.Equal(150, book.NextEpoch("100"));
        Assert.Equal(151, book.NextEpoch("151"));
    }

    private static Decision Rounded(Decision decision) =>
        decision with { LookAgainAfter = decision.LookAgainAfter is { } time ? TimeSpan.FromMilliseconds(Math.Round(time.TotalMilliseconds)) : null };
}
