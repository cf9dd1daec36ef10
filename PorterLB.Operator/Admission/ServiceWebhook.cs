using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Admission;

/// <summary>Warns at <c>kubectl apply</c> of what a Service asks for and will not get. Refuses nothing, and is not waited for.</summary>
[ValidationWebhook(typeof(ServiceView), Operations = WebhookOperations.None, OptionalOperations = WebhookOperations.Create | WebhookOperations.Update, TimeoutSeconds = 2)]
internal sealed class ServiceWebhook(
    Ownership ownership, IEntityCache<V1Alpha2Eip> eips, IEntityCache<ServiceView> services, IEntityCache<NamespaceView> namespaces) : ValidationWebhook<ServiceView>
{
    public override ValidationResult Create(ServiceView entity, bool dryRun) => Check(null, entity);

    public override ValidationResult Update(ServiceView oldEntity, ServiceView newEntity, bool dryRun) => Check(oldEntity, newEntity);

    public override ValidationResult Unreadable(FieldError error) => Success();

    private ValidationResult Check(ServiceView? old, ServiceView service) => Success(Judgement.OfService(old, service, ownership, new Surroundings
    {
        Eips = eips.List(),
        Namespaces = namespaces.List(),
        Services = services.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours),
    }).Warnings());
}
