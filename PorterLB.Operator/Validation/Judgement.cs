using System.Net;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;

namespace PorterLB.Operator.Validation;

/// <summary>What is said of an object when it is applied or deleted: by the webhooks, and by <c>porterlb validate</c> without a cluster.</summary>
internal static class Judgement
{
    /// <param name="old">As it is stored; null for a new one.</param>
    /// <param name="now">As it would be stored.</param>
    /// <param name="around">What else there is.</param>
    public static IReadOnlyList<Finding> OfEip(V1Alpha2Eip? old, V1Alpha2Eip now, Surroundings around)
    {
        var rules = new EipRules(around);
        var found = Findings(rules.Validate(now));
        return old is null ? found : [.. Since(found, Findings(rules.Validate(old))), .. Narrowed(old, now)];
    }

    public static IReadOnlyList<Finding> OfEipDelete(V1Alpha2Eip eip) =>
        eip.Status.Used is { Count: > 0 } used
            ? [new Finding(Rules.EipDeletedInUse, "", $"Eip '{eip.Metadata.Name}' is in use by {List(used.Values)}: it gives out nothing new and goes when the last of them is released.")]
            : [];

    public static IReadOnlyList<Finding> OfLayerTwoConfig(V1Alpha2LayerTwoConfig? old, V1Alpha2LayerTwoConfig now, Surroundings around)
    {
        var rules = new LayerTwoRules(around);
        var found = Findings(rules.Validate(now));
        return old is null ? found : Since(found, Findings(rules.Validate(old)));
    }

    public static IReadOnlyList<Finding> OfService(ServiceView service, Ownership ownership, Surroundings around) =>
        [.. ServiceRules.Check(service, ownership, around)];

    /// <summary>The errors alone, each with its field: for the condition of an object that is stored all the same.</summary>
    public static string[] ErrorsOf(FluentValidation.Results.ValidationResult result) =>
        [.. Findings(result).Where(finding => finding.IsError).Select(finding => $"{finding}")];

    // Nobody is kept from a change by what stood there before: that is told as a warning.
    private static IReadOnlyList<Finding> Since(IReadOnlyList<Finding> found, IReadOnlyList<Finding> before) =>
        [.. found.Select(finding => finding.IsError && before.Contains(finding) ? finding with { Rule = finding.Rule with { Severity = FluentValidation.Severity.Warning } } : finding)];

    private static IReadOnlyList<Finding> Findings(FluentValidation.Results.ValidationResult result) =>
        [.. result.Errors.Select(failure => new Finding(Rules.ByName(failure.ErrorCode), failure.PropertyName, failure.ErrorMessage))];

    private static IEnumerable<Finding> Narrowed(V1Alpha2Eip before, V1Alpha2Eip after)
    {
        var left = (before.Status.Used ?? new Dictionary<string, string>())
            .Where(used => IPAddress.TryParse(used.Key, out var address) && EipPools.Holds(before, address) && !EipPools.Holds(after, address))
            .ToList();
        if (left.Count > 0)
        {
            yield return new Finding(
                Rules.EipNarrowed,
                "",
                $"Eip '{after.Metadata.Name}' no longer holds {List(left.Select(used => used.Key))} in use by {List(left.Select(used => used.Value))}: they keep their addresses until they are released.");
        }
    }

    private static string List(IEnumerable<string> all) =>
        Enumeration.Of(all.SelectMany(value => value.Split(';')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}
