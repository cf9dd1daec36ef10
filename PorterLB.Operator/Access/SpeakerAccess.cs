using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Access;

/// <summary>
/// What a speaker may do: read, and write its own Speaker object, its lease and Events. A taken node can then change no Service, Eip or
/// pool. (RBAC cannot tell the Pods of one ServiceAccount apart, so it could write another's Speaker object or any lease of the
/// namespace, the manager's too; where tokens name their node, config/components/speakers-by-node forbids that.) Both are written
/// by server-side apply, which is a patch, and a create the first time.
/// </summary>
[RbacComponent(Names.Speaker)]
[GenericRbac(Groups = [""], Resources = ["services", "endpoints", "nodes"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[GenericRbac(Groups = ["discovery.k8s.io"], Resources = ["endpointslices"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[EntityRbac(typeof(V1Alpha2Eip), typeof(V1Alpha2LayerTwoConfig), Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[EntityRbac(typeof(V1Alpha2Speaker), Verbs = RbacVerb.Create | RbacVerb.Patch)]
[EntityRbac(typeof(V1Alpha2Speaker), Subresource = "status", Verbs = RbacVerb.Patch)]
[GenericRbac(Groups = [""], Resources = ["events"], Verbs = RbacVerb.Create | RbacVerb.Patch)]
// Its UID tells this cluster's hellos from a neighbour's.
[GenericRbac(Groups = [""], Resources = ["namespaces"], ResourceNames = ["kube-system"], Verbs = RbacVerb.Get)]
[GenericRbac(Scope = EntityScope.Namespaced, Groups = ["coordination.k8s.io"], Resources = ["leases"], Verbs = RbacVerb.Create | RbacVerb.Patch)]
[GenericRbac(Scope = EntityScope.Namespaced, Groups = [""], Resources = ["secrets"], ResourceNames = [Names.HelloKeys], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
internal static class SpeakerAccess;
