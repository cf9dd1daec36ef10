using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>What the speaker of one node does. Named after the node and owned by it; written by the speaker itself, on change only.</summary>
[KubernetesEntity(Group = Api.Group, ApiVersion = Api.V1Alpha2, Kind = "Speaker", PluralName = "speakers")]
[EntityScope(EntityScope.Cluster)]
[KubernetesEntityShortNames("spk")]
[KubernetesEntityCategories("networking")]
[Description("What the speaker of one node does. Written by the speaker; there is nothing to set.")]
[GenericAdditionalPrinterColumn(".status.addresses", "announced", "integer", Description = "Addresses that this node answers for.")]
[GenericAdditionalPrinterColumn(".status.peersAlive", "peers", "integer", Description = "Other speakers alive on its segments.")]
[GenericAdditionalPrinterColumn(".status.conflictCount", "conflicts", "integer", Description = "Addresses that another machine answers for.")]
[GenericAdditionalPrinterColumn(".status.interfaces[*].name", "interfaces", "string", Priority = PrinterColumnPriority.WideView, Description = "Its network interfaces.")]
[GenericAdditionalPrinterColumn(".status.version", "version", "string", Priority = PrinterColumnPriority.WideView, Description = "The version of porterlb that runs there.")]
[GenericAdditionalPrinterColumn(".status.startedAt", "up", "date", Description = "Since when it runs.")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "age", "date")]
internal sealed class V1Alpha2Speaker : CustomKubernetesEntity, IStatus<V1Alpha2SpeakerStatus>
{
    public static readonly EntityType<V1Alpha2Speaker> Type = new(
        new("Speaker", Api.V1Alpha2, Api.Group, "speakers"), EntityScope.Cluster, OperatorJsonContext.Default.V1Alpha2Speaker);

    public V1Alpha2Speaker()
    {
        ApiVersion = Type.Metadata.GroupWithVersion;
        Kind = Type.Metadata.Kind;
    }

    public V1Alpha2SpeakerStatus Status { get; set; } = new();
}
