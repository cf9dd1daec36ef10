using PorterLB.Operator.Entities;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Admission;

/// <summary>Tells at <c>kubectl apply</c> what is wrong with a LayerTwoConfig.</summary>
[ValidationWebhook(typeof(V1Alpha2LayerTwoConfig))]
internal sealed class LayerTwoConfigWebhook(
    IEntityCache<V1Alpha2Eip> eips,
    IEntityCache<NodeView> nodes,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    IEntityCache<V1Alpha2Speaker> speakers) : ValidationWebhook<V1Alpha2LayerTwoConfig>
{
    public override ValidationResult Create(V1Alpha2LayerTwoConfig entity, bool dryRun) => Answer(Judgement.OfLayerTwoConfig(null, entity, Around()));

    public override ValidationResult Update(V1Alpha2LayerTwoConfig oldEntity, V1Alpha2LayerTwoConfig newEntity, bool dryRun) =>
        Answer(Judgement.OfLayerTwoConfig(oldEntity, newEntity, Around()));

    private static ValidationResult Answer(IReadOnlyList<Finding> found) => Result(found.Errors(), found.Warnings());

    private Surroundings Around() => new() { Eips = eips.List(), Configs = configs.List(), Nodes = nodes.List(), Speakers = speakers.List() };
}
