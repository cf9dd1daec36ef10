using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>
/// The Eip of Porter's first manifests. Its schema is that of <see cref="V1Alpha2Eip"/>, so that the server converts by the name of the
/// version alone and a write in the old version drops no newer field. A definition that once stored it cannot be replaced by one without it.
/// </summary>
[Obsolete($"{Api.Group}/v1alpha1 Eip is deprecated; write {Api.Group}/{Api.V1Alpha2}, its fields are the same.")]
[KubernetesEntity(Group = Api.Group, ApiVersion = "v1alpha1", Kind = "Eip", PluralName = "eips")]
[EntityScope(EntityScope.Cluster)]
[Description("A pool of addresses that Services of type LoadBalancer are given.")]
internal sealed class V1Alpha1Eip : CustomKubernetesEntity<V1Alpha2EipSpec, V1Alpha2EipStatus>;
