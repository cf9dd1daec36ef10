using System.Collections.Immutable;

namespace PorterLB.Operator;

/// <summary>Every name that PorterLB reads or writes on objects of others: annotations, labels, finalizers, taints.</summary>
internal static class Annotations
{
    /// <summary>Opt-in: porter, openelb or porterlb.</summary>
    public const string LoadBalancer = "lb.kubesphere.io/v1alpha1";

    /// <summary>Names the Eip.</summary>
    public const string Eip = "eip.openelb.kubesphere.io/v1alpha2";

    public const string EipOfPorter = "eip.porter.kubesphere.io/v1alpha2";

    /// <summary>Asks for an address; before <c>spec.loadBalancerIP</c>.</summary>
    public const string Address = "eip.openelb.kubesphere.io/v1alpha1";

    public const string AddressOfPorter = "eip.porter.kubesphere.io/v1alpha1";

    /// <summary>Services with the same value may share an address.</summary>
    public const string SharingKey = "porterlb.io/allow-shared-ip";

    /// <summary>Comma-separated namespaces whose Services may share as well.</summary>
    public const string SharingNamespaces = "porterlb.io/allow-shared-namespaces";

    /// <summary>On an Eip: serves whoever no other Eip is for.</summary>
    public const string DefaultEip = "eip.openelb.kubesphere.io/is-default-eip";

    /// <summary>
    /// Written by us: the Eip that each address came from, in the order of the addresses. Tells a user who names another Eip (the address
    /// changes) from an Eip that was narrowed or split under its Services (it stays).
    /// </summary>
    public const string Origin = "porterlb.io/eip";

    /// <summary>Written by us: the elected node, or "address=node,…".</summary>
    public const string Node = "layer2.porterlb.io/node";

    /// <summary>Written by us: the epoch of that election.</summary>
    public const string Epoch = "layer2.porterlb.io/epoch";

    /// <summary>Written by OpenELB up to 0.5 and Porter: the node.</summary>
    public const string NodeOfOpenElb = "layer2.openelb.kubesphere.io/v1alpha1";

    public const string NodeOfPorter = "layer2.porter.kubesphere.io/v1alpha1";

    /// <summary>What MetalLB reads, under either of its prefixes, and what says the same here. Never read; only told of.</summary>
    public static readonly ImmutableArray<(string Name, string Ours)> OfMetalLb =
    [
        .. from prefix in (string[])["metallb.io/", "metallb.universe.tf/"]
           from pair in ((string, string)[])[("address-pool", Eip), ("loadBalancerIPs", Address), ("allow-shared-ip", SharingKey)]
           select (prefix + pair.Item1, pair.Item2),
    ];

    /// <summary>On a Service while it has an address; OpenELB's own name, so that its Services are taken over.</summary>
    public const string ServiceFinalizer = "finalizer.lb.kubesphere.io/v1alpha1";

    /// <summary>On an Eip while Services use it; OpenELB's own name.</summary>
    public const string EipFinalizer = "finalizer.ipam.kubesphere.io/v1alpha1";

    /// <summary>On a Node: no load balancer traffic here. Presence counts, the value does not (not even "false").</summary>
    public const string ExcludeLabel = "node.kubernetes.io/exclude-from-external-load-balancers";

    public const string OutOfServiceTaint = "node.kubernetes.io/out-of-service";

    public const string NetworkUnavailableTaint = "node.kubernetes.io/network-unavailable";

    public const string AutoscalerTaint = "ToBeDeletedByClusterAutoscaler";

    public const string NetworkUnavailableCondition = "NetworkUnavailable";

    public const string HostnameLabel = "kubernetes.io/hostname";

    public const string ServiceNameLabel = "kubernetes.io/service-name";
}
