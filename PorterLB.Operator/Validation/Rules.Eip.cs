using System.Collections.Immutable;

namespace PorterLB.Operator.Validation;

internal static partial class Rules
{
    public static readonly Rule EipAddressMissing = Error(
        "eip-address-missing",
        "An Eip has addresses, in `spec.address` or `spec.addresses`: else there is nothing to give out.",
        new Example(Eip("priority: 1")));

    public static readonly Rule EipAddressUnreadable = Error(
        "eip-address-unreadable",
        "An address is one IP, a CIDR, or first-last, of one family and in order. Spellings that programs read differently (leading zeros, netmasks, shortened ends) are refused.",
        new Example(Eip("address: 192.168.0.300")),
        new Example(Eip("address: 192.168.010.1")),
        new Example(Eip("address: 192.168.0.0/33")),
        new Example(Eip("address: 192.168.0.0/255.255.255.0")),
        new Example(Eip("address: 192.168.0.91-104")),
        new Example(Eip("address: 192.168.0.104-192.168.0.91")),
        new Example(Eip("address: \"192.168.0.91,192.168.0.95-192.168.0.99\"")),
        new Example(Eip("address: \"192.168.0.91-fd00::91\"")),
        new Example(Eip("address: 192.168.0.0/28-192.168.0.15")),
        new Example(Eip("addresses: [192.168.0.0/28, \"fe80::1%eth0\"]")),
        new Example(Eip("address: \"::ffff:192.168.0.91\"")));

    public static readonly Rule EipAddressUnusable = Error(
        "eip-address-unusable",
        "Addresses that no router forwards, or that mean something else (loopback, link-local, multicast), cannot be a Service's.",
        new Example(Eip("address: 127.0.0.10-127.0.0.20")),
        new Example(Eip("address: 169.254.0.0/24")),
        new Example(Eip("address: \"ff02::/64\"")),
        new Example(Eip("address: \"::ff00:0:0-::1:0:0:0\"")));

    public static readonly Rule EipOverlapsItself = Error(
        "eip-overlaps-itself",
        "Each address is written once in an Eip.",
        new Example(Eip("addresses: [192.168.0.0/28, 192.168.0.10-192.168.0.20]")));

    public static readonly Rule EipOverlapsOther = Error(
        "eip-overlaps-other",
        "An address belongs to one Eip: else two would count it, and give it out, as theirs. (Where it happens all the same, webhooks being off, the older Eip stands.)",
        Given(Eip("address: 192.168.0.0/28", "office"), Eip("address: 192.168.0.10-192.168.0.20")));

    public static readonly Rule EipDefault = Warning(
        "eip-default",
        "The annotation of the default Eip says `true`, and does not contradict `spec.autoAssign`: an Eip that serves only who names it is nobody's default.",
        new Example(Eip("address: 192.168.0.0/28", annotation: "eip.openelb.kubesphere.io/is-default-eip: \"yes\"")),
        new Example(Eip("address: 192.168.0.0/28, autoAssign: false", annotation: "eip.openelb.kubesphere.io/is-default-eip: \"true\"")));

    public static readonly Rule EipSecondDefault = Error(
        "eip-second-default",
        "At most one Eip is the default one.",
        Given(
            Eip("address: 192.168.0.0/28", "office", "eip.openelb.kubesphere.io/is-default-eip: \"true\""),
            Eip("address: 192.168.1.0/28", annotation: "eip.openelb.kubesphere.io/is-default-eip: \"true\"")));

    public static readonly Rule EipProtocol = Error(
        "eip-protocol",
        "The protocol is `layer2`; OpenELB's `bgp` and `vip` are not served.",
        new Example(Eip("address: 192.168.0.0/28, protocol: bgp")),
        new Example(Eip("address: 192.168.0.0/28, protocol: vip")),
        new Example(Eip("address: 192.168.0.0/28, protocol: ospf"))
        {
            BySchema = "spec.protocol: Unsupported value: \"ospf\": supported values: \"\", \"layer2\", \"bgp\", \"vip\"",
        });

    public static readonly Rule EipSelector = Error(
        "eip-selector",
        "A selector names a label, and values exactly where its operator compares with some.",
        new Example(Eip("address: 192.168.0.0/28, serviceSelector: {matchExpressions: [{key: tier, operator: NotIn}]}")));

    public static readonly Rule EipInterface = Error(
        "eip-interface",
        "An interface is a name that an interface can have, or `can_reach:` and an address; the loopback reaches nobody.",
        new Example(Eip("address: 192.168.0.0/28, interface: lo")),
        new Example(Eip("address: 192.168.0.0/28, interface: \"eth0:1\"")),
        new Example(Eip("address: 192.168.0.0/28, interface: \"can_reach:router\"")));

    public static readonly Rule EipNoInterface = Warning(
        "eip-no-interface",
        "An interface that is named should exist on some node: OpenELB's manifests have one copied from its pages, and without it the subnet decides.",
        Given(Documents(Node, Speaker), Eip("address: 192.168.0.128/28, interface: enp9s0")));

    public static readonly Rule EipExcludeUnreadable = Error(
        "eip-exclude-unreadable",
        "What is excluded is written as addresses are.",
        new Example(Eip("address: 192.168.0.0/28, excludes: [192.168.0.1, 192.168.0.256]")));

    public static readonly Rule EipExcludesNothing = Warning(
        "eip-excludes-nothing",
        "What is excluded should be in the Eip.",
        new Example(Eip("address: 192.168.0.0/28, excludes: [192.168.1.1]")));

    public static readonly Rule EipExcludesAll = Warning(
        "eip-excludes-all",
        "Something should be left.",
        new Example(Eip("address: 192.168.0.0/28, excludes: [192.168.0.0/24]")));

    public static readonly Rule EipHostBits = Warning(
        "eip-host-bits",
        "A CIDR begins where its network begins: another first address is mostly meant as a range.",
        new Example(Eip("address: 192.168.0.91/28")));

    public static readonly Rule EipUsingKnownIPs = Warning(
        "eip-using-known-ips",
        "`usingKnownIPs` is read for OpenELB's manifests, and does nothing.",
        new Example(Eip("address: 192.168.0.0/28, usingKnownIPs: true")));

    public static readonly Rule EipUnknownNamespace = Warning(
        "eip-unknown-namespace",
        "Namespaces that an Eip is for should exist.",
        new Example(Eip("address: 192.168.0.0/28, namespaces: [shpo]")),
        new Example(Eip("address: 192.168.0.0/28, namespaceSelector: {team: rde}")));

    public static readonly Rule EipHoldsNode = Warning(
        "eip-holds-node",
        "An Eip should not hold the address of a Node: a Service that is given it takes the node off the network.",
        Given(Node, Eip("address: 192.168.0.0/28")));

    public static readonly Rule EipHoldsSubnetEnd = Warning(
        "eip-holds-subnet-end",
        "An Eip should hold neither the network nor the broadcast address of the nodes' subnets, nor, in IPv6, their first one, which is every router's: a Service that is given it is reached by nobody.",
        Given(Documents(Node, Speaker), Eip("address: 192.168.0.128/25")));

    public static readonly Rule EipOffSegment = Warning(
        "eip-off-segment",
        "Addresses should be of a subnet that some node has an interface in, or the interface should be named: nobody else would answer for them.",
        Given(Documents(Node, Speaker), Eip("address: 203.0.113.0/28")));

    public static readonly Rule EipNarrowed = Warning(
        "eip-narrowed",
        "Who is left outside by an edit keeps its address, and is named.",
        Given(
            InUse,
            Eip("address: 192.168.0.95-192.168.0.100")));

    public static readonly Rule EipExcludedInUse = Warning(
        "eip-excluded-in-use",
        "Who has an address that an edit leaves out (`excludes`, `avoidBuggyIPs`) keeps it, and is named.",
        Given(
            InUse,
            Eip("address: 192.168.0.91-192.168.0.100, excludes: [192.168.0.91]")));

    public static readonly Rule EipDisabledInUse = Warning(
        "eip-disabled-in-use",
        "Who has an address of an Eip that is disabled keeps it, and is named.",
        Given(
            InUse,
            Eip("address: 192.168.0.91-192.168.0.100, disable: true")));

    public static readonly Rule EipFencedInUse = Warning(
        "eip-fenced-in-use",
        "Who has an address of an Eip whose selectors keep it out from now on (`enforceSelectors`) keeps it, and is named.",
        Given(
            InUse,
            Eip("address: 192.168.0.91-192.168.0.100, namespaces: [kube-system], enforceSelectors: true")));

    public static readonly Rule EipDeletedInUse = Warning(
        "eip-deleted-in-use",
        "An Eip that is deleted in use goes when the last Service is released; who that is, is named.",
        Deleting(
            InUse,
            Eip("address: 192.168.0.91-192.168.0.100")));

    private static string InUse => Documents(
        Eip("address: 192.168.0.91-192.168.0.100", status: "used: {192.168.0.91: default/web}"), Service(status: Has("192.168.0.91")));

    private static ImmutableArray<Rule> OfEip =>
    [
        EipAddressMissing, EipAddressUnreadable, EipAddressUnusable, EipOverlapsItself, EipOverlapsOther, EipDefault, EipSecondDefault, EipProtocol, EipSelector, EipInterface, EipNoInterface,
        EipExcludeUnreadable, EipExcludesNothing, EipExcludesAll, EipHostBits, EipUsingKnownIPs, EipUnknownNamespace, EipHoldsNode, EipHoldsSubnetEnd,
        EipOffSegment, EipNarrowed, EipExcludedInUse, EipDisabledInUse, EipFencedInUse, EipDeletedInUse,
    ];
}
