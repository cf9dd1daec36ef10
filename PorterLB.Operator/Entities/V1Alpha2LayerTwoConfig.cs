using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>Which nodes announce which pools, where and how fast another takes over. Without any, defaults serve every pool.</summary>
[KubernetesEntity(Group = Api.Group, ApiVersion = Api.V1Alpha2, Kind = "LayerTwoConfig", PluralName = "layertwoconfigs")]
[EntityScope(EntityScope.Cluster)]
[KubernetesEntityShortNames("l2c")]
[KubernetesEntityCategories("networking")]
[Description("Which nodes announce which pools, on which interfaces, and how fast another node takes over. Without any such object the defaults serve every pool.")]
[GenericAdditionalPrinterColumn(".spec.eips", "eips", "string", Description = "The pools by name; empty with no eipSelector is every pool.")]
[GenericAdditionalPrinterColumn(".spec.failover.deadAfter", "failover", "string", Description = "After how long another node takes over.")]
[GenericAdditionalPrinterColumn(".status.eligibleNodes", "nodes", "integer", Description = "Nodes that may announce.")]
[GenericAdditionalPrinterColumn(".status.addresses", "addresses", "integer", Description = "Addresses that it governs.")]
[GenericAdditionalPrinterColumn(".spec.interfaces", "interfaces", "string", Priority = PrinterColumnPriority.WideView, Description = "Where, if it was said.")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "age", "date")]
internal sealed class V1Alpha2LayerTwoConfig : CustomKubernetesEntity<V1Alpha2LayerTwoConfigSpec, V1Alpha2LayerTwoConfigStatus>
{
    public static readonly EntityType<V1Alpha2LayerTwoConfig> Type = new(
        new("LayerTwoConfig", Api.V1Alpha2, Api.Group, "layertwoconfigs"), EntityScope.Cluster, OperatorJsonContext.Default.V1Alpha2LayerTwoConfig);

    public V1Alpha2LayerTwoConfig()
    {
        ApiVersion = Type.Metadata.GroupWithVersion;
        Kind = Type.Metadata.Kind;
    }
}
