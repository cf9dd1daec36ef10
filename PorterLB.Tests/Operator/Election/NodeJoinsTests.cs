using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Election;

namespace PorterLB.Tests.Operator.Election;

public sealed class NodeJoinsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly NodeJoins _joins;

    public NodeJoinsTests() => _joins = new NodeJoins(_time);

    private string After(double seconds, params string[] usable)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return string.Join(',', _joins.Saw(usable.Select(node => (node.Split(':')[0], node))));
    }

    [Fact]
    public void Nodes_that_are_there_when_the_manager_starts_have_joined_long_ago()
    {
        Assert.Equal("", After(0, "a", "b"));
        Assert.Equal("", After(60, "a", "b"));
    }

    [Fact]
    public void A_node_has_joined_when_it_was_usable_for_five_seconds_and_is_told_once()
    {
        After(0, "a");
        Assert.Equal("", After(0, "a", "b"));
        Assert.Equal("", After(4.9, "a", "b"));
        Assert.Equal("b", After(0.1, "a", "b"));
        Assert.Equal("", After(60, "a", "b"));
    }

    [Fact]
    public void A_node_that_comes_and_goes_has_not_joined()
    {
        After(0, "a");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("", After(3, "a", "b"));
            Assert.Equal("", After(1, "a"));
        }
    }

    [Fact]
    public void A_node_that_is_labelled_anew_joins_anew()
    {
        After(0, "a:old");
        Assert.Equal("", After(1, "a:new"));
        Assert.Equal("a", After(5, "a:new"));
    }
}
