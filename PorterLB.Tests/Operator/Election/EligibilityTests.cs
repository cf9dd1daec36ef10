using System.Net;
using PorterLB.Operator;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Election;

public sealed class EligibilityTests
{
    private static NodeView Node(string name, string? label = null, string? taint = null, bool networkUnavailable = false) => new()
    {
        Metadata = new() { Name = name, Labels = label is null ? null : new Dictionary<string, string> { [label] = "false" } },
        Spec = new() { Taints = taint is null ? null : [new NodeViewTaint { Key = taint }] },
        Status = new() { Conditions = networkUnavailable ? [new NodeViewCondition { Type = "NetworkUnavailable", Status = "True" }] : null },
    };

    private static NodeFacts Facts(bool up = true, string? skipped = null, string subnet = "192.168.0.0/24") => new()
    {
        Node = Node("a"),
        Presence = Presence.Present,
        Interfaces = NodeFacts.InterfacesOf(new V1Alpha2Speaker
        {
            Status = new() { Interfaces = [new() { Name = "eth0", Up = up, Skipped = skipped, Subnets = [subnet] }] },
        }),
    };

    [Theory]
    [InlineData(Annotations.ExcludeLabel, null, false, "has the label")]
    [InlineData(null, "node.kubernetes.io/out-of-service", false, "out-of-service")]
    [InlineData(null, "node.kubernetes.io/network-unavailable", false, "network-unavailable")]
    [InlineData(null, "ToBeDeletedByClusterAutoscaler", false, "ToBeDeleted")]
    [InlineData(null, null, true, "NetworkUnavailable")]
    [InlineData(null, "node.kubernetes.io/unschedulable", false, null)]
    [InlineData(null, "node.kubernetes.io/not-ready", false, null)]
    [InlineData(null, "node.kubernetes.io/unreachable", false, null)]
    public void Kubernetes_own_signs_count_and_cordon_and_NotReady_do_not(string? label, string? taint, bool unavailable, string? words)
    {
        var why = Eligibility.RuledOut(Node("a", label, taint, unavailable), LayerTwoPolicy.Default, ignoreExcludeLabel: false);
        Assert.Equal(words is null, why is null);
        Assert.Contains(words ?? "", why ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_exclude_label_can_be_ignored() =>
        Assert.Null(Eligibility.RuledOut(Node("a", Annotations.ExcludeLabel), LayerTwoPolicy.Default, ignoreExcludeLabel: true));

    [Fact]
    public void A_nodeSelector_is_a_full_label_selector()
    {
        var policy = LayerTwoPolicy.Default with
        {
            NodeSelectors = [new LabelSelector { MatchExpressions = [new() { Key = "edge", Operator = LabelSelectorOperator.Exists }] }],
        };
        Assert.Null(Eligibility.RuledOut(Node("a", "edge"), policy, ignoreExcludeLabel: false));
        Assert.NotNull(Eligibility.RuledOut(Node("a"), policy, ignoreExcludeLabel: false));
    }

    [Fact]
    public void The_interface_must_be_there_be_usable_and_hold_the_address()
    {
        var address = IPAddress.Parse("192.168.0.91");
        Assert.Null(Eligibility.Unable(Facts(), address, []));
        Assert.Contains("no interface with a subnet that holds 192.168.0.91", Eligibility.Unable(Facts(subnet: "10.0.0.0/8"), address, []), StringComparison.Ordinal);
        Assert.Equal("cannot use its interface eth0: it is down", Eligibility.Unable(Facts(up: false), address, []));
        Assert.Equal("cannot use its interface eth0: not Ethernet", Eligibility.Unable(Facts(skipped: "not Ethernet"), address, ["eth0"]));
        Assert.Null(Eligibility.Unable(Facts(subnet: "10.0.0.0/8"), address, ["eth*"]));
        Assert.Contains("no interface bond0", Eligibility.Unable(Facts(), address, ["bond0"]), StringComparison.Ordinal);
        Assert.Null(Eligibility.Unable(Facts(subnet: "10.0.0.0/8"), address, ["can_reach:10.0.0.1"]));
        Assert.Contains("no living speaker", Eligibility.Unable(Facts() with { Presence = Presence.Silent }, address, []), StringComparison.Ordinal);
    }

    [Fact]
    public void With_policy_Local_ready_endpoints_come_before_serving_ones()
    {
        NodeView[] nodes = [Node("a"), Node("b")];
        string Of(params EndpointPlace[] places) => string.Join(',', Eligibility.WithEndpoint(places, nodes).Select(node => node.Name));
        Assert.Equal("b", Of(new("a", null, Ready: false, Serving: true), new("b", null, Ready: true, Serving: true)));
        Assert.Equal("a", Of(new EndpointPlace("a", null, Ready: false, Serving: true)));
        Assert.Equal("", Of(new EndpointPlace("a", null, Ready: false, Serving: false)));
        Assert.Equal("b", Of(new EndpointPlace(null, "b", Ready: true, Serving: true)));
    }
}
