using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>A pool of addresses that Services of type LoadBalancer are given.</summary>
[KubernetesEntity(Group = Api.Group, ApiVersion = Api.V1Alpha2, Kind = "Eip", PluralName = "eips")]
[EntityScope(EntityScope.Cluster)]
[StorageVersion]
[KubernetesEntityCategories("networking")]
[Description("A pool of addresses that Services of type LoadBalancer are given.")]
[GenericAdditionalPrinterColumn(".spec['address','addresses']", "cidr", "string", Description = "The addresses of the pool.")]
[GenericAdditionalPrinterColumn(".status.usage", "usage", "integer", Description = "Addresses given to Services.")]
[GenericAdditionalPrinterColumn(".status.poolSize", "total", "integer", Description = "Addresses of the pool.")]
[GenericAdditionalPrinterColumn(".status.ready", "ready", "boolean", Description = "Whether the pool can be used.")]
[GenericAdditionalPrinterColumn(".spec.priority", "priority", "integer", Priority = PrinterColumnPriority.WideView, Description = "Smaller is used first.")]
[GenericAdditionalPrinterColumn(".spec.interface", "interface", "string", Priority = PrinterColumnPriority.WideView, Description = "Where the addresses are announced, if it was said.")]
[GenericAdditionalPrinterColumn(".spec.disable", "disabled", "boolean", Priority = PrinterColumnPriority.WideView, Description = "Whether it gives out nothing new.")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "age", "date")]
internal sealed class V1Alpha2Eip : CustomKubernetesEntity<V1Alpha2EipSpec, V1Alpha2EipStatus>
{
    public static readonly EntityType<V1Alpha2Eip> Type = new(
        new("Eip", Api.V1Alpha2, Api.Group, "eips"), EntityScope.Cluster, OperatorJsonContext.Default.V1Alpha2Eip);

    public V1Alpha2Eip()
    {
        ApiVersion = Type.Metadata.GroupWithVersion;
        Kind = Type.Metadata.Kind;
    }
}
