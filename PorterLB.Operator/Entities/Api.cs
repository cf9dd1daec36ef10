namespace PorterLB.Operator.Entities;

/// <summary>The API group of PorterLB's own entities; OpenELB's, so that its users' manifests apply unchanged.</summary>
internal static class Api
{
    public const string Group = "network.kubesphere.io";
    public const string V1Alpha2 = "v1alpha2";

    /// <summary>
    /// One address, a CIDR, or first-last, by its shape alone: what looks like an address but is none (an octet of 256, a netmask for a
    /// prefix, an end cut short, a zone, several with commas) is left to the webhook, whose words say what to write.
    /// </summary>
    public const string AddressPattern = $@"^\s*{Shape}(%[0-9a-zA-Z]+|/[0-9.]+)?(\s*-\s*({Shape}|[0-9]+)(/[0-9]+)?)?\s*(,.*)?$";

    /// <summary>One word: which letters a name of an interface may have, and how many, is left to the webhook.</summary>
    public const string InterfacePattern = @"^[^\s/]*$";

    public const string AddressForms = "write one address (192.168.0.91), a CIDR (192.168.0.0/28) or a range (192.168.0.91-192.168.0.104)";

    public const string IPPattern = $"^{Shape}$";

    private const string Shape = @"(([0-9]+\.){3}[0-9]+|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*)";

    public const string NamePattern = @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    public const string MacPattern = "^([0-9a-f]{2}:){5}[0-9a-f]{2}$";

    public const string LabelValuePattern = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";

    public const string DnsLabelPattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
}
