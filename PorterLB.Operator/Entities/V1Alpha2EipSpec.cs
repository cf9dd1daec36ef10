using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>The wanted state of an <see cref="V1Alpha2Eip"/>.</summary>
[ValidationRule("has(self.address) || has(self.addresses)", message: $"no addresses: {Api.AddressForms}")]
[Description("The addresses, who may use them, and where they are announced.")]
internal sealed record V1Alpha2EipSpec
{
    [Length(-1, 95)]
    [Pattern($"{Api.AddressPattern}|^$")]
    [ValidationRule($"self.matches(r'{Api.AddressPattern}|^$')", message: Api.AddressForms)]
    [Description("The addresses: one IP, a CIDR, or first-last; IPv4 or IPv6. A CIDR counts its first and last address, unless avoidBuggyIPs is set.")]
    [Example("192.168.0.91-192.168.0.104")]
    public string? Address { get; set; }

    [Length(-1, 95)]
    [Items(-1, 256)]
    [UniqueItems]
    [Pattern(Api.AddressPattern)]
    [ValidationRule($"self.all(each, each.matches(r'{Api.AddressPattern}'))", message: Api.AddressForms)]
    [Description("Further addresses of the same forms: several ranges, or both families for dual-stack Services.")]
    [Example("""["192.168.0.91-192.168.0.104","fd00::91-fd00::104"]""", Json = true)]
    public IReadOnlyList<string> Addresses { get; set; } = [];

    // What OpenELB knows stays storable: an Eip that the schema refuses could not even lose its finalizer.
    [EnumValues("", Layer2, "bgp", "vip")]
    [DefaultValue(Layer2)]
    [Description("How the addresses are announced. Only layer2 (ARP and NDP) is served; bgp and vip are known from OpenELB: the webhook refuses them, and an Eip that has them all the same gives out nothing.")]
    public string Protocol { get; set; } = Layer2;

    [Length(-1, 64)]
    [Pattern(Api.InterfacePattern)]
    [Description("The network interface that announces the addresses: its name, or can_reach:IP for the interface of the route to that IP. Empty: on each node the interface whose subnet holds the address.")]
    [Example("can_reach:192.168.0.1")]
    public string? Interface { get; set; }

    [Description("Give out no address any more, neither by itself nor on request. Services keep what they have.")]
    public bool Disable { get; set; }

    [Description("Accepted for OpenELB's manifests; without effect.")]
    public bool UsingKnownIPs { get; set; }

    [Description("Of several pools that fit a Service, the one with the smaller number is used first.")]
    public int Priority { get; set; }

    [Pattern(Api.DnsLabelPattern)]
    [Length(1, 63)]
    [Items(-1, 1024)]
    [Description("Namespaces whose Services get addresses from here before any pool without a choice.")]
    public IReadOnlyList<string> Namespaces { get; set; } = [];

    [Pattern(Api.LabelValuePattern)]
    [Length(-1, 63)]
    [PropertyLimits(-1, 64)]
    [Description("Labels of namespaces whose Services get addresses from here before any pool without a choice; all must be equal.")]
    public IReadOnlyDictionary<string, string>? NamespaceSelector { get; set; }

    [Description("Services that get addresses from here before any pool without a choice.")]
    public LabelSelector? ServiceSelector { get; set; }

    [DefaultValue(true)]
    [Description("Whether Services that name no pool and no address get one from here. False: on request only.")]
    public bool AutoAssign { get; set; } = true;

    [Description("Whether namespaces, namespaceSelector and serviceSelector also refuse Services that name this pool or ask for its addresses. False: they steer the automatic choice only.")]
    public bool EnforceSelectors { get; set; }

    [Length(-1, 95)]
    [Items(-1, 256)]
    [UniqueItems]
    [Pattern(Api.AddressPattern)]
    [ValidationRule($"self.all(each, each.matches(r'{Api.AddressPattern}'))", message: Api.AddressForms)]
    [Description("Addresses of the pool that are never given out, of the same forms: a router, a printer.")]
    public IReadOnlyList<string> Excludes { get; set; } = [];

    [Description("Never give out IPv4 addresses that end in .0 or .255: some old equipment drops their traffic.")]
    public bool AvoidBuggyIPs { get; set; }

    public const string Layer2 = "layer2";
}
