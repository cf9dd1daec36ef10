using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;

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
        return old is null ? found : [.. Since(found, Findings(rules.Validate(old))), .. InUse(old, now, around), .. KeptOut(old, now, around)];
    }

    public static IReadOnlyList<Finding> OfEipDelete(V1Alpha2Eip eip, Surroundings around) =>
        UsesOf(eip, around) is { Count: > 0 } used
            ? [new Finding(Rules.EipDeletedInUse, "", $"Eip '{eip.Metadata.Name}' is in use by {Users(used)}: it gives out nothing new and goes when the last of them is released.")]
            : [];

    public static IReadOnlyList<Finding> OfLayerTwoConfig(V1Alpha2LayerTwoConfig? old, V1Alpha2LayerTwoConfig now, Surroundings around)
    {
        var rules = new LayerTwoRules(around);
        var found = Findings(rules.Validate(now));
        return old is null ? found : Since(found, Findings(rules.Validate(old)));
    }

    /// <param name="old">As it is stored; null for a new one.</param>
    /// <param name="now">As it would be stored.</param>
    /// <param name="ownership">Which Services are ours.</param>
    /// <param name="around">What else there is.</param>
    public static IReadOnlyList<Finding> OfService(ServiceView? old, ServiceView now, Ownership ownership, Surroundings around) =>
        [.. ServiceRules.Check(now, isNew: old is null, ownership, around), .. old is null ? [] : ServiceRules.Lost(old, now, ownership, around)];

    /// <summary>The errors alone, each with its field: for the condition of an object that is stored all the same.</summary>
    public static string[] ErrorsOf(FluentValidation.Results.ValidationResult result) =>
        [.. Findings(result).Where(finding => finding.IsError).Select(finding => $"{finding}")];

    // Nobody is kept from a change by what stood there before: that is told as a warning.
    private static IReadOnlyList<Finding> Since(IReadOnlyList<Finding> found, IReadOnlyList<Finding> before) =>
        [.. found.Select(finding => finding.IsError && before.Contains(finding) ? finding with { Rule = finding.Rule with { Severity = FluentValidation.Severity.Warning } } : finding)];

    private static IReadOnlyList<Finding> Findings(FluentValidation.Results.ValidationResult result) =>
        [.. result.Errors.Select(failure => new Finding(Rules.ByName(failure.ErrorCode), failure.PropertyName, failure.ErrorMessage))];

    // What an edit does to those who have an address: they keep it, and whoever makes the edit is told who they are.
    private static IEnumerable<Finding> InUse(V1Alpha2Eip before, V1Alpha2Eip after, Surroundings around)
    {
        var (was, pool) = (EipPools.Of(before), EipPools.Of(after));
        var uses = UsesOf(before, around);
        var lost = uses.Where(use => was.Offers(use.Address) && !pool.Offers(use.Address)).ToLookup(use => pool.Holds(use.Address));
        if (lost[false].Any())
        {
            yield return new Finding(
                Rules.EipNarrowed,
                "",
                $"Eip '{after.Metadata.Name}' no longer holds {Addresses(lost[false])} in use by {Users(lost[false])}: they keep their addresses until they are released.");
        }

        if (lost[true].Any())
        {
            yield return new Finding(
                Rules.EipExcludedInUse,
                "",
                $"Eip '{after.Metadata.Name}' leaves out {Addresses(lost[true])} in use by {Users(lost[true])}: they keep their addresses until they are released.");
        }

        if (pool.Disabled && !was.Disabled && uses.Where(use => pool.Holds(use.Address)).ToArray() is { Length: > 0 } used)
        {
            yield return new Finding(
                Rules.EipDisabledInUse,
                "",
                $"Eip '{after.Metadata.Name}' is disabled and in use by {Users(used)}: they keep their addresses until they are released, and nobody gets one.");
        }
    }

    // Who has one was let in by what stood there before.
    private static IEnumerable<Finding> KeptOut(V1Alpha2Eip before, V1Alpha2Eip after, Surroundings around)
    {
        var (was, pool) = (EipPools.Of(before), EipPools.Of(after));
        if (!pool.EnforceSelectors || !pool.IsSelective)
        {
            yield break;
        }

        var labels = (around.Namespaces ?? []).ToDictionary(item => item.Metadata.Name, item => item.Metadata.Labels, StringComparer.Ordinal);
        var uses = around.Services
            .Where(service => ServiceRequest.AddressesOf(service).Any(pool.Holds))
            .Select(service => ServiceRequest.Of(service, labels.GetValueOrDefault(service.Metadata.NamespaceProperty)))
            .Where(request => pool.KeepsOut(request) && !was.KeepsOut(request))
            .SelectMany(request => request.InStatus.Where(address => was.Holds(address) && pool.Holds(address)).Select(address => (address, $"{request.Service}")))
            .ToArray();
        if (uses.Length > 0)
        {
            yield return new Finding(
                Rules.EipFencedInUse,
                "",
                $"Eip '{after.Metadata.Name}' is not for {Users(uses)} any more, by spec.enforceSelectors: they keep {Addresses(uses)} until they are released, and get none of it again.");
        }
    }

    // The Services themselves know it at once and all of it; the status follows within a second and lists a thousand.
    private static List<(IPAddress Address, string Service)> UsesOf(V1Alpha2Eip eip, Surroundings around) =>
    [
        .. around.Services
            .SelectMany(service => ServiceRequest.AddressesOf(service).Select(address => (Address: address, Service: $"{EntityKey.Of(service)}")))
            .Where(use => EipPools.Holds(eip, use.Address))
            .Concat((eip.Status.Used ?? new Dictionary<string, string>())
                .Where(used => IPAddress.TryParse(used.Key, out var address) && EipPools.Holds(eip, address))
                .SelectMany(used => used.Value.Split(';').Select(service => (IPAddress.Parse(used.Key), service))))
            .Distinct(),
    ];

    private static string Addresses(IEnumerable<(IPAddress Address, string Service)> uses) =>
        Enumeration.Of(uses.Select(use => use.Address).Distinct().OrderBy(address => address.Family()).ThenBy(address => address.ToNumber()).Select(address => $"{address}"));

    private static string Users(IEnumerable<(IPAddress Address, string Service)> uses) =>
        Enumeration.Of(uses.Select(use => use.Service).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}
