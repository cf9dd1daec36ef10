using System.Collections.Immutable;

namespace PorterLB.Operator.Validation;

internal static partial class Rules
{
    public static readonly Rule LayerTwoUnreadable = Error(
        "layer2-unreadable",
        "Durations have a number and a unit.",
        new Example(Config("failover: {deadAfter: \"400\"}")),
        new Example(Config("failover: {heartbeatInterval: 1 minute}")));

    public static readonly Rule LayerTwoHeartbeat = Error(
        "layer2-heartbeat",
        "`heartbeatInterval` is 50ms to 5s: shorter, a busy node is taken for dead; longer, a dead one is noticed late.",
        new Example(Config("failover: {heartbeatInterval: 10ms}")),
        new Example(Config("failover: {heartbeatInterval: 10s, deadAfter: 40s}")));

    public static readonly Rule LayerTwoDeadAfter = Error(
        "layer2-dead-after",
        "`deadAfter` is three times `heartbeatInterval` or more, so that two lost hellos kill no node, and at most a minute.",
        new Example(Config("failover: {heartbeatInterval: 200ms, deadAfter: 400ms}")),
        new Example(Config("failover: {deadAfter: 2m}")));

    public static readonly Rule LayerTwoRefresh = Error(
        "layer2-refresh",
        "`refreshInterval` is 0, or a second or more.",
        new Example(Config("announcement: {refreshInterval: 100ms}")));

    public static readonly Rule LayerTwoSelector = Error(
        "layer2-selector",
        "A selector names a label, and values exactly where its operator compares with some.",
        new Example(Config("nodeSelector: {matchExpressions: [{key: zone, operator: In}]}")),
        new Example(Config("serviceSelector: {matchExpressions: [{key: tier, operator: Exists, values: [web]}]}")));

    public static readonly Rule LayerTwoWeight = Error(
        "layer2-weight",
        "A weight is 1 to 100.",
        new Example(Config("preferredNodes: [{weight: 101, selector: {matchLabels: {zone: a}}}]"))
        {
            BySchema = "spec.preferredNodes.weight: Invalid value: 101: spec.preferredNodes.weight in body should be less than or equal to 100",
        });

    public static readonly Rule LayerTwoInterface = Error(
        "layer2-interface",
        "An interface is a name that an interface can have, or a pattern with * and ?; the loopback reaches nobody.",
        new Example(Config("interfaces: [eth0, lo]")),
        new Example(Config("interfaces: [\"eth0:1\"]")));

    public static readonly Rule LayerTwoNoNode = Warning(
        "layer2-no-node",
        "`nodeSelector` should match a Node: else nothing that the config governs is announced.",
        Given(Node, Config("nodeSelector: {matchLabels: {edge: \"true\"}}")));

    public static readonly Rule LayerTwoNoInterface = Warning(
        "layer2-no-interface",
        "A named interface should exist on some node.",
        Given(Documents(Node, Speaker), Config("interfaces: [bond0]")));

    public static readonly Rule LayerTwoUnknownEip = Warning(
        "layer2-unknown-eip",
        "Eips that a config governs should exist.",
        new Example(Config("eips: [lna]")));

    public static readonly Rule LayerTwoNoEip = Warning(
        "layer2-no-eip",
        "`eipSelector` should match an Eip.",
        Given(Eip("address: 192.168.0.0/28"), Config("eipSelector: {matchLabels: {site: berlin}}")));

    public static readonly Rule LayerTwoConflict = Warning(
        "layer2-conflict",
        "Configs that govern the same Eip should say the same: else the shorter times, and Refuse, hold, and a `nodeSelector` or `interfaces` that only one of them has counts for nothing.",
        Given(Documents(Eip("address: 192.168.0.0/28"), Config("failover: {deadAfter: 1s}", "slow")), Config("eips: [lan]")),
        Given(Documents(Eip("address: 192.168.0.0/28"), Config("conflictPolicy: Announce", "bold")), Config("eips: [lan]")),
        Given(Documents(Eip("address: 192.168.0.0/28"), Config("nodeSelector: {matchLabels: {kubernetes.io/os: linux}}", "edge")), Config("eips: [lan]")),
        Given(Documents(Eip("address: 192.168.0.0/28"), Config("", "open")), Config("eips: [lan], interfaces: [eth0]")));

    private static ImmutableArray<Rule> OfLayerTwoConfig =>
    [
        LayerTwoUnreadable, LayerTwoHeartbeat, LayerTwoDeadAfter, LayerTwoRefresh, LayerTwoSelector, LayerTwoWeight, LayerTwoInterface, LayerTwoNoNode,
        LayerTwoNoInterface, LayerTwoUnknownEip, LayerTwoNoEip, LayerTwoConflict,
    ];
}
