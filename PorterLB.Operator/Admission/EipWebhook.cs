using System.Net;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Admission;

/// <summary>Tells at <c>kubectl apply</c> what is wrong with an Eip, and at a narrowing or a delete whom it concerns.</summary>
[ValidationWebhook(typeof(V1Alpha2Eip), OptionalOperations = WebhookOperations.Delete)]
internal sealed class EipWebhook(IEntityCache<V1Alpha2Eip> eips) : ValidationWebhook<V1Alpha2Eip>
{
    private const int Named = 5;

    public override ValidationResult Create(V1Alpha2Eip entity, bool dryRun)
    {
        var found = Rules().Validate(entity);
        return Result(found.Errors(), found.Warnings());
    }

    public override ValidationResult Update(V1Alpha2Eip oldEntity, V1Alpha2Eip newEntity, bool dryRun)
    {
        var (errors, warnings) = Rules().Validate(newEntity).Since(Rules().Validate(oldEntity));
        return Result(errors, [.. warnings, .. Left(oldEntity, newEntity)]);
    }

    public override ValidationResult Delete(V1Alpha2Eip entity, bool dryRun) =>
        entity.Status.Used is { Count: > 0 } used
            ? Success($"Eip '{entity.Metadata.Name}' is in use by {List(used.Values)}: it gives out nothing new and goes when the last of them is released.")
            : Success();

    private EipRules Rules() => new(eips.List());

    private static IEnumerable<string> Left(V1Alpha2Eip before, V1Alpha2Eip after)
    {
        var left = (before.Status.Used ?? new Dictionary<string, string>())
            .Where(used => IPAddress.TryParse(used.Key, out var address) && EipPools.Holds(before, address) && !EipPools.Holds(after, address))
            .ToList();
        if (left.Count > 0)
            yield return $"Eip '{after.Metadata.Name}' no longer holds {List(left.Select(used => used.Key))} in use by {List(left.Select(used => used.Value))}: they keep their addresses until they are released.";
    }

    private static string List(IEnumerable<string> all)
    {
        var names = all.SelectMany(value => value.Split(';')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return names.Count <= Named
            ? string.Join(", ", names)
            : $"{string.Join(", ", names.Take(Named))} and {names.Count - Named} more";
    }
}
