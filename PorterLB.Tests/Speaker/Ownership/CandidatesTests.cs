using System.Collections.Immutable;
using System.Net;
using CsCheck;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Tests.Speaker.Ownership;

public sealed class CandidatesTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private static readonly ImmutableArray<string> Nodes = ["a", "b", "c", "d", "e"];
    private static readonly Gen<Standing> AnyStanding =
        from steady in Gen.Bool
        from fresh in Gen.Bool
        from healthy in Gen.Bool
        select new Standing(SpeakerState.Active, steady, fresh, Deaf: false, healthy);

    [Fact]
    public void With_the_same_knowledge_all_candidates_have_different_places_from_0_on() =>
        Gen.Select(AnyStanding.Array[5], Gen.Int[0, 4]).Sample((standings, elected) =>
        {
            var places = Nodes.Select((node, i) => Candidates.Place(
                Address, Self(node, standings[i], node == Nodes[elected]), Nodes, Nodes[elected], other => standings[Nodes.IndexOf(other)]));
            return places.Order().SequenceEqual([0, 1, 2, 3, 4]);
        });

    [Fact]
    public void Dead_joining_leaving_and_deaf_nodes_are_nobody_to_wait_for()
    {
        var standings = new Dictionary<string, Standing?>
        {
            ["b"] = null,
            ["c"] = Well with { State = SpeakerState.Joining },
            ["d"] = Well with { State = SpeakerState.Leaving },
            ["e"] = Well with { Deaf = true },
        };
        Assert.Equal(0, Candidates.Place(Address, Self("a", Well, false), Nodes, "e", node => standings[node]));
    }

    [Fact]
    public void Steady_comes_before_fresh_before_elected_and_healthy_before_all()
    {
        var plain = Self("a", Well, false);
        Assert.True(Candidates.Precedes(Address, plain, plain with { Node = "b", Steady = false, Elected = true }));
        Assert.True(Candidates.Precedes(Address, plain, plain with { Node = "b", Fresh = false, Elected = true }));
        Assert.True(Candidates.Precedes(Address, plain with { Elected = true }, plain with { Node = "b" }));
        Assert.True(Candidates.Precedes(Address, plain with { Steady = false, Fresh = false }, plain with { Node = "b", Healthy = false }));
    }

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(3, false, 90)]
    [InlineData(2, true, 160)]
    public void A_slot_is_30_ms_for_each_candidate_ahead_and_100_more_for_a_mute_one(int place, bool mute, int expected) =>
        Assert.Equal(TimeSpan.FromMilliseconds(expected), Candidates.Slot(place, mute));

    private static Standing Well { get; } = new(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true);

    private static Candidates.Candidate Self(string node, Standing standing, bool elected) =>
        new(node, standing.Healthy, standing.Steady, standing.Fresh, elected);
}
