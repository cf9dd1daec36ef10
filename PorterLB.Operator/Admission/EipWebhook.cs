using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Admission;

/// <summary>Tells at <c>kubectl apply</c> what is wrong with an Eip, and at a narrowing or a delete whom it concerns.</summary>
[ValidationWebhook(typeof(V1Alpha2Eip), OptionalOperations = WebhookOperations.Delete)]
internal sealed class EipWebhook(
    IEntityCache<V1Alpha2Eip> eips,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    IEntityCache<NamespaceView> namespaces,
    IEntityCache<NodeView> nodes,
    IEntityCache<V1Alpha2Speaker> speakers,
    IEntityCache<ServiceView> services) : ValidationWebhook<V1Alpha2Eip>
{
    public override ValidationResult Create(V1Alpha2Eip entity, bool dryRun) => Answer(Judgement.OfEip(null, entity, Around()));

    public override ValidationResult Update(V1Alpha2Eip oldEntity, V1Alpha2Eip newEntity, bool dryRun) => Answer(Judgement.OfEip(oldEntity, newEntity, Around()));

    public override ValidationResult Delete(V1Alpha2Eip entity, bool dryRun) => Answer(Judgement.OfEipDelete(entity, Around()));

    private static ValidationResult Answer(IReadOnlyList<Finding> found) => Result(found.Errors(), found.Warnings());

    private Surroundings Around() => new()
    {
        Eips = eips.List(),
        Configs = configs.List(),
        Namespaces = namespaces.List(),
        Nodes = nodes.List(),
        Speakers = speakers.List(),
        Services = services.ByIndex(ServiceIndex.Ours, ServiceIndex.Ours),
    };
}
