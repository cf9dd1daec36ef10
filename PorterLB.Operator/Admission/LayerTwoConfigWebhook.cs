using PorterLB.Operator.Entities;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Admission;

/// <summary>Tells at <c>kubectl apply</c> what is wrong with a LayerTwoConfig.</summary>
[ValidationWebhook(typeof(V1Alpha2LayerTwoConfig))]
internal sealed class LayerTwoConfigWebhook(
    IEntityCache<V1Alpha2Eip> eips, IEntityCache<NodeView> nodes, IEntityCache<V1Alpha2LayerTwoConfig> configs) : ValidationWebhook<V1Alpha2LayerTwoConfig>
{
    public override ValidationResult Create(V1Alpha2LayerTwoConfig entity, bool dryRun)
    {
        var found = Rules().Validate(entity);
        return Result(found.Errors(), found.Warnings());
    }

    public override ValidationResult Update(V1Alpha2LayerTwoConfig oldEntity, V1Alpha2LayerTwoConfig newEntity, bool dryRun)
    {
        var (errors, warnings) = Rules().Validate(newEntity).Since(Rules().Validate(oldEntity));
        return Result(errors, warnings);
    }

    private LayerTwoRules Rules() => new(eips.List(), nodes.List(), configs.List());
}
