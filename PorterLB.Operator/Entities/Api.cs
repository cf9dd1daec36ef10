namespace PorterLB.Operator.Entities;

/// <summary>The API group of PorterLB's own entities; OpenELB's, so that its users' manifests apply unchanged.</summary>
internal static class Api
{
    public const string Group = "network.kubesphere.io";
    public const string V1Alpha2 = "v1alpha2";

    public const string IPPattern = "^[0-9a-fA-F:.]+$";

    public const string MacPattern = "^([0-9a-f]{2}:){5}[0-9a-f]{2}$";

    public const string LabelValuePattern = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";

    public const string DnsLabelPattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
}
