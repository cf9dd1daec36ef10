using System.Net;
using CsCheck;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Tests.Speaker.Ownership;

public sealed class RankOrderTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");

    private static readonly Gen<(ClaimRank Rank, string Node)> Claims =
        from epoch in Gen.Long[0, 2]
        from term in Gen.OneOf(Gen.Int[0, 2], Gen.Const(ClaimRank.Released))
        from steady in Gen.Bool
        from fresh in Gen.Bool
        from elected in Gen.Bool
        from node in Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c"))
        select (new ClaimRank(epoch, term, steady, fresh, elected), node);

    [Fact]
    public void It_is_a_total_order() => Gen.Select(Claims, Claims, Claims).Sample((x, y, z) =>
        Math.Sign(Compare(x, y)) == -Math.Sign(Compare(y, x))
        && (Compare(x, y) != 0 || x == y)
        && !(Compare(x, y) >= 0 && Compare(y, z) >= 0 && Compare(x, z) < 0));

    [Theory]
    [InlineData(2, 0, false, false, false, 1, 9, true, true, true)]
    [InlineData(1, 1, false, false, false, 1, 0, true, true, true)]
    [InlineData(1, 1, true, false, false, 1, 1, false, true, true)]
    [InlineData(1, 1, true, true, false, 1, 1, true, false, true)]
    [InlineData(1, 1, true, true, true, 1, 1, true, true, false)]
    public void Epoch_comes_before_term_before_steady_before_fresh_before_elected(
        long epoch, int term, bool steady, bool fresh, bool elected, long epoch2, int term2, bool steady2, bool fresh2, bool elected2)
    {
        Assert.True(RankOrder.Compare(
            Address, new ClaimRank(epoch, term, steady, fresh, elected), "a", new ClaimRank(epoch2, term2, steady2, fresh2, elected2), "b") > 0);
    }

    [Fact]
    public void Equal_ranks_are_told_apart_by_the_score_of_the_node_for_the_address()
    {
        var rank = new ClaimRank(1, 1, true, true, false);
        var first = RendezvousScore.Of(Address, "a") > RendezvousScore.Of(Address, "b") ? "a" : "b";
        Assert.True(RankOrder.Compare(Address, rank, first, rank, first == "a" ? "b" : "a") > 0);
        Assert.Equal(0, RankOrder.Compare(Address, rank, "a", rank, "a"));
    }

    /// <summary>Part of the protocol: another value here splits a cluster in the middle of an upgrade.</summary>
    [Theory]
    [InlineData("192.0.2.1", "node-a", 2260979495857794320)]
    [InlineData("2001:db8::1", "node-b", 15357220841745963384)]
    public void The_score_never_changes(string address, string node, ulong expected) =>
        Assert.Equal(expected, RendezvousScore.Of(IPAddress.Parse(address), node));

    [Fact]
    public void Addresses_spread_over_nodes()
    {
        var nodes = new[] { "node-a", "node-b", "node-c", "node-d" };
        var wins = Enumerable.Range(0, 1000)
            .Select(i => IPAddress.Parse($"10.0.{i / 250}.{i % 250}"))
            .GroupBy(address => nodes.MaxBy(node => RendezvousScore.Of(address, node)))
            .Select(g => g.Count());
        Assert.All(wins, count => Assert.InRange(count, 200, 300));
    }

    private static int Compare((ClaimRank Rank, string Node) x, (ClaimRank Rank, string Node) y) =>
        RankOrder.Compare(Address, x.Rank, x.Node, y.Rank, y.Node);
}
