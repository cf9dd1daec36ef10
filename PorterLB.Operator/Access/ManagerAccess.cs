using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Access;

/// <summary>
/// What the manager may do. It never writes a Service itself: finalizer, annotations and address go through <c>services/status</c>, whose
/// patch carries metadata too. For custom resources the API server takes only the status from such a patch, so the finalizer of an Eip
/// needs a patch of the Eip.
/// </summary>
[RbacComponent(Names.Manager)]
[GenericRbac(Groups = [""], Resources = ["services", "endpoints", "nodes", "namespaces"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[GenericRbac(Groups = ["discovery.k8s.io"], Resources = ["endpointslices"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[EntityRbac(typeof(V1Alpha2Eip), typeof(V1Alpha2LayerTwoConfig), typeof(V1Alpha2Speaker), Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch)]
[EntityRbac(typeof(V1Alpha2Eip), Verbs = RbacVerb.Patch)]
[EntityRbac(typeof(V1Alpha2Eip), typeof(V1Alpha2LayerTwoConfig), Subresource = "status", Verbs = RbacVerb.Patch)]
[GenericRbac(Groups = [""], Resources = ["services/status"], Verbs = RbacVerb.Patch)]
[GenericRbac(Groups = [""], Resources = ["events"], Verbs = RbacVerb.Create | RbacVerb.Patch)]
[GenericRbac(Groups = ["admissionregistration.k8s.io"], Resources = ["validatingwebhookconfigurations"], ResourceNames = [Names.WebhookConfiguration], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch | RbacVerb.Patch)]
// In its own namespace: its lease, the sight of the speakers' leases, and two Secrets by name. A name cannot narrow create.
[GenericRbac(Scope = EntityScope.Namespaced, Groups = ["coordination.k8s.io"], Resources = ["leases"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch | RbacVerb.Create)]
[GenericRbac(Scope = EntityScope.Namespaced, Groups = ["coordination.k8s.io"], Resources = ["leases"], ResourceNames = [Names.Manager], Verbs = RbacVerb.Update | RbacVerb.Patch)]
[GenericRbac(Scope = EntityScope.Namespaced, Groups = [""], Resources = ["secrets"], Verbs = RbacVerb.Create)]
[GenericRbac(Scope = EntityScope.Namespaced, Groups = [""], Resources = ["secrets"], ResourceNames = [Names.HelloKeys, Names.Webhook], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Watch | RbacVerb.Update | RbacVerb.Patch)]
internal static class ManagerAccess;
