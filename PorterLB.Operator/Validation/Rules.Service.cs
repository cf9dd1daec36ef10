using System.Collections.Immutable;

namespace PorterLB.Operator.Validation;

internal static partial class Rules
{
    private const string AsksFor = "eip.openelb.kubesphere.io/v1alpha1";
    private const string NamesEip = "eip.openelb.kubesphere.io/v1alpha2";

    private const string SharesBy = "porterlb.io/allow-shared-ip";

    public static readonly Rule ServiceRequestUnreadable = Warning(
        "service-request-unreadable",
        "An address that is asked for can be read, and there is at most one of each family.",
        new Example(Service($"{AsksFor}: 192.168.0.x")),
        new Example(Service("eip.porter.kubesphere.io/v1alpha1: 192.168.0.x")),
        Given(Eip("address: 192.168.0.0/28"), Service($"{AsksFor}: lan, {NamesEip}: lna")),
        new Example(Service($"{AsksFor}: \"192.168.0.91,192.168.0.92\"")));

    public static readonly Rule ServiceAddressInNoEip = Warning(
        "service-address-in-no-eip",
        "An address that is asked for is in an Eip.",
        Given(Eip("address: 192.168.0.0/28"), Service($"{AsksFor}: 192.168.7.7")),
        Given(Eip("address: 192.168.0.0/28"), Service("", "loadBalancerIP: 192.168.7.7")));

    public static readonly Rule ServiceAddressExcluded = Warning(
        "service-address-excluded",
        "An address that is asked for is not one that its Eip leaves out.",
        Given(Eip("address: 192.168.0.0/28, excludes: [192.168.0.1]"), Service($"{AsksFor}: 192.168.0.1")),
        Given(Eip("address: 192.168.0.0/28, avoidBuggyIPs: true"), Service($"{AsksFor}: 192.168.0.0")));

    public static readonly Rule ServiceAddressInUse = Warning(
        "service-address-in-use",
        "An address that is asked for is free, or both Services let it be shared, with different ports; and an edit leaves a Service its part of an address that it shares.",
        Given(
            Documents(Eip("address: 192.168.0.0/28"), Service($"{AsksFor}: 192.168.0.3", name: "api", status: Has("192.168.0.3"))),
            Service($"{AsksFor}: 192.168.0.3")),
        Given(
            Documents(Eip("address: 192.168.0.0/28"), Service($"{AsksFor}: 192.168.0.3", "externalTrafficPolicy: Local", "api", Has("192.168.0.3"))),
            Service($"{AsksFor}: 192.168.0.3").Replace("port: 80", "port: 443", StringComparison.Ordinal)),
        Given(
            Documents(Eip("address: 192.168.0.0/28"), WithoutSelector(Service($"{AsksFor}: 192.168.0.3", "externalTrafficPolicy: Local", "api", Has("192.168.0.3")), "api")),
            WithoutSelector(Service($"{AsksFor}: 192.168.0.3")).Replace("port: 80", "port: 443", StringComparison.Ordinal)),
        Given(
            Documents(
                Eip("address: 192.168.0.3"),
                Service($"{SharesBy}: web", name: "api", status: Has("192.168.0.3")),
                Service($"{SharesBy}: web", status: Has("192.168.0.3")).Replace("port: 80", "port: 443", StringComparison.Ordinal)),
            Service($"{SharesBy}: other").Replace("port: 80", "port: 443", StringComparison.Ordinal)));

    public static readonly Rule ServiceOutsideNamed = Warning(
        "service-outside-named",
        "An address that is asked for is in the Eip that is named.",
        Given(
            Documents(Eip("address: 192.168.0.0/28"), Eip("address: 192.168.1.0/28", "office")),
            Service($"{AsksFor}: 192.168.0.3, {NamesEip}: office")));

    public static readonly Rule ServiceFamily = Warning(
        "service-family",
        "An address that is asked for is of a family that the Service has.",
        Given(Eip("address: \"fd00::/120\""), Service($"{AsksFor}: \"fd00::3\"")));

    public static readonly Rule ServiceFamilyUnavailable = Warning(
        "service-family-unavailable",
        "The Eips that are for a Service have addresses of its families.",
        Given(Eip("address: \"fd00::/120\""), Service()));

    public static readonly Rule ServiceUnknownEip = Warning(
        "service-unknown-eip",
        "An Eip that is named exists.",
        Given(Eip("address: 192.168.0.0/28"), Service($"{NamesEip}: lna")),
        Given(Eip("address: 192.168.0.0/28"), Service("eip.porter.kubesphere.io/v1alpha2: lna")),
        Given(Eip("address: 192.168.0.0/28"), Service($"{NamesEip}: 192.168.0.3")));

    public static readonly Rule ServiceEipUnavailable = Warning(
        "service-eip-unavailable",
        "An Eip that is named gives out addresses.",
        Given(Eip("address: 192.168.0.0/28, disable: true"), Service($"{NamesEip}: lan")));

    public static readonly Rule ServiceEipForbidden = Warning(
        "service-eip-forbidden",
        "An Eip that is named and enforces its selectors is for the Service.",
        Given(Eip("address: 192.168.0.0/28, namespaces: [kube-system], enforceSelectors: true"), Service($"{NamesEip}: lan")));

    public static readonly Rule ServiceNoEip = Warning(
        "service-no-eip",
        "There is an Eip for the Service.",
        new Example(Service()),
        Given(Eip("address: 192.168.0.0/28, namespaces: [kube-system]"), Service()));

    public static readonly Rule ServiceSpelling = Warning(
        "service-spelling",
        "The annotation that asks for PorterLB says `porterlb`, `openelb` or `porter`, in small letters.",
        new Example(Service().Replace("porterlb", "PorterLB", StringComparison.Ordinal)),
        new Example(Service().Replace("porterlb", "porter-lb", StringComparison.Ordinal)));

    public static readonly Rule ServiceType = Warning(
        "service-type",
        "A Service that is made with the annotation that asks for PorterLB is of type LoadBalancer. (One that changes its type later is not told so.)",
        new Example(Service().Replace("type: LoadBalancer, ", "", StringComparison.Ordinal)));

    public static readonly Rule ServiceNotAsked = Warning(
        "service-not-asked",
        "Who names an Eip, an address or a key to share by also asks for PorterLB, by class or annotation.",
        new Example(Service($"{NamesEip}: lan").Replace("lb.kubesphere.io/v1alpha1: porterlb, ", "", StringComparison.Ordinal)),
        new Example(Service().Replace("annotations:", "labels:", StringComparison.Ordinal)));

    public static readonly Rule ServiceOfMetalLb = Warning(
        "service-of-metallb",
        "What a Service said to MetalLB it says here in other annotations.",
        Given(Eip("address: 192.168.0.0/28"), Service("metallb.universe.tf/loadBalancerIPs: 192.168.0.3, metallb.io/allow-shared-ip: web")));

    public static readonly Rule ServiceClass = Warning(
        "service-class",
        "`spec.loadBalancerClass` and the annotation name the same load balancer: a class of another's wins. (Kubernetes 1.24 and newer.)",
        new Example(Service("", "loadBalancerClass: example.com/other")));

    public static readonly Rule ServiceContradiction = Warning(
        "service-contradiction",
        "A thing that can be said in two ways is said once.",
        Given(Eip("address: 192.168.0.0/28"), Service($"{AsksFor}: 192.168.0.3", "loadBalancerIP: 192.168.0.4")),
        Given(Eip("address: 192.168.0.0/28"), Service("eip.porter.kubesphere.io/v1alpha1: 192.168.0.3", "loadBalancerIP: 192.168.0.4")),
        Given(
            Documents(Eip("address: 192.168.0.0/28"), Eip("address: 192.168.1.0/28", "office")),
            Service($"{NamesEip}: lan, eip.porter.kubesphere.io/v1alpha2: office")));

    public static readonly Rule ServiceSharingKey = Warning(
        "service-sharing-key",
        "Namespaces that may share an address do so by a key, and are named one by one.",
        Given(Eip("address: 192.168.0.0/28"), Service("porterlb.io/allow-shared-namespaces: shop")),
        Given(Eip("address: 192.168.0.0/28"), Service($"{SharesBy}: web, porterlb.io/allow-shared-namespaces: \"*\"")));

    private static string WithoutSelector(string service, string name = "web") => service.Replace($", selector: {Braced("", $"app: {name}")}", "", StringComparison.Ordinal);

    private static ImmutableArray<Rule> OfService =>
    [
        ServiceRequestUnreadable, ServiceAddressInNoEip, ServiceAddressExcluded, ServiceAddressInUse, ServiceOutsideNamed, ServiceFamily,
        ServiceFamilyUnavailable, ServiceUnknownEip, ServiceEipUnavailable, ServiceEipForbidden, ServiceNoEip, ServiceSpelling, ServiceType,
        ServiceNotAsked, ServiceOfMetalLb, ServiceClass,
        ServiceContradiction, ServiceSharingKey,
    ];
}
