using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Entities;
using PorterLB.Speaker;

namespace PorterLB.Tests.Operator.LayerTwo;

/// <summary>What holds where several LayerTwoConfigs govern the same address: docs/concepts/election.md.</summary>
public sealed class LayerTwoPolicyTests
{
    private static readonly V1Alpha2Eip Lan = new() { Metadata = new() { Name = "lan", Labels = new Dictionary<string, string> { ["zone"] = "a" } } };

    private static LabelSelector Label(string key, string value) => new() { MatchLabels = new Dictionary<string, string> { [key] = value } };

    private static V1Alpha2LayerTwoConfig Config(string name, V1Alpha2LayerTwoConfigSpec spec) => new() { Metadata = new() { Name = name }, Spec = spec };

    private static NodeView Node(string label, string value) => new() { Metadata = new() { Name = "n", Labels = new Dictionary<string, string> { [label] = value } } };

    private static LayerTwoPolicy For(V1Alpha2Eip? eip, params V1Alpha2LayerTwoConfig[] configs) => LayerTwoPolicy.For(eip, new Dictionary<string, string> { ["app"] = "web" }, configs);

    [Fact]
    public void Without_any_config_the_defaults_serve_every_pool() => Assert.Same(LayerTwoPolicy.Default, For(Lan));

    [Fact]
    public void A_config_governs_the_pools_that_it_names_or_selects_and_all_when_it_does_neither()
    {
        Assert.Equal(["named"], For(Lan, Config("named", new() { Eips = ["lan"] }), Config("other", new() { Eips = ["wan"] })).Configs);
        Assert.Equal(["labelled"], For(Lan, Config("labelled", new() { EipSelector = Label("zone", "a") }), Config("other", new() { EipSelector = Label("zone", "b") })).Configs);
        Assert.Equal(["all"], For(null, Config("all", new()), Config("named", new() { Eips = ["lan"] })).Configs);
        Assert.Equal(["web"], For(Lan, Config("web", new() { ServiceSelector = Label("app", "web") }), Config("db", new() { ServiceSelector = Label("app", "db") })).Configs);
    }

    [Fact]
    public void Pools_and_Services_must_both_match_the_same_config() =>
        Assert.Same(
            LayerTwoPolicy.Default,
            For(Lan, Config("pool", new() { Eips = ["lan"], ServiceSelector = Label("app", "db") }), Config("service", new() { Eips = ["wan"], ServiceSelector = Label("app", "web") })));

    [Fact]
    public void Nodes_add_up_and_a_config_without_nodeSelector_allows_all()
    {
        var edge = Config("edge", new() { NodeSelector = Label("role", "edge") });
        var core = Config("core", new() { NodeSelector = Label("role", "core") });
        Assert.True(For(Lan, edge, core).Allows(Node("role", "edge")));
        Assert.True(For(Lan, edge, core).Allows(Node("role", "core")));
        Assert.False(For(Lan, edge, core).Allows(Node("role", "other")));
        Assert.True(For(Lan, edge, Config("any", new())).Allows(Node("role", "other")));
    }

    [Fact]
    public void Interfaces_add_up_and_a_config_without_interfaces_leaves_the_choice_to_Eip_and_subnet()
    {
        var first = Config("first", new() { Interfaces = ["eth0"] });
        var second = Config("second", new() { Interfaces = ["eth1", "eth0"] });
        Assert.Equal(["eth0", "eth1"], For(Lan, first, second).Interfaces);
        Assert.Empty(For(Lan, first, Config("any", new())).Interfaces);
        Assert.Equal(["eth9"], RightsInterfaces.Of(For(Lan, first, Config("any", new())), new V1Alpha2Eip { Spec = new() { Interface = "eth9" } }));
        Assert.Equal(["eth0"], RightsInterfaces.Of(For(Lan, first), new V1Alpha2Eip { Spec = new() { Interface = "eth9" } }));
    }

    [Fact]
    public void Weights_add_up_over_all_configs()
    {
        var one = Config("one", new() { PreferredNodes = [new() { Weight = 10, Selector = Label("role", "edge") }, new() { Weight = 5, Selector = Label("role", "edge") }] });
        var other = Config("other", new() { PreferredNodes = [new() { Weight = 20, Selector = Label("role", "edge") }] });
        Assert.Equal(35, For(Lan, one, other).Preference(Node("role", "edge")));
        Assert.Equal(0, For(Lan, one, other).Preference(Node("role", "core")));
    }

    [Fact]
    public void The_shortest_times_hold_and_caution_wins()
    {
        var quick = Config("quick", new()
        {
            Failover = new() { HeartbeatInterval = Duration.FromMilliseconds(50), DeadAfter = Duration.FromMilliseconds(200) },
            Announcement = new() { Probe = false, RefreshInterval = Duration.FromMilliseconds(60_000) },
            ConflictPolicy = LayerTwoConflictPolicy.Announce,
            Rebalance = LayerTwoRebalance.OnNodeJoin,
        });
        var slow = Config("slow", new() { Failover = new() { HeartbeatInterval = Duration.FromMilliseconds(500), DeadAfter = Duration.FromMilliseconds(2_000) } });
        var policy = For(Lan, quick, slow);
        Assert.Equal(TimeSpan.FromMilliseconds(50), policy.Announcement.HeartbeatInterval);
        Assert.Equal(TimeSpan.FromMilliseconds(200), policy.Announcement.DeadAfter);
        Assert.Equal(TimeSpan.FromMinutes(1), policy.Announcement.RefreshInterval);
        Assert.True(policy.Announcement.Probe);
        Assert.Equal(ConflictPolicy.Refuse, policy.Announcement.OnConflict);
        Assert.True(policy.Rebalance);
    }
}
