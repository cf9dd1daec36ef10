using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Entities;
using PorterLB.Speaker;

namespace PorterLB.Operator.Eips;

/// <summary>Eips read as pools.</summary>
internal static class EipPools
{
    // Objects in a cache do not change: each is read once.
    private static readonly ConditionalWeakTable<V1Alpha2Eip, Ranges> Read = [];

    /// <summary>Whether one of its ranges holds the address; what cannot be read holds nothing.</summary>
    public static bool Holds(V1Alpha2Eip eip, IPAddress address) => RangesOf(eip).Any(range => range.Contains(address));

    public static ImmutableArray<AddressRange> RangesOf(V1Alpha2Eip eip) => Read.GetValue(eip, static eip => new Ranges(Parse(Texts(eip)))).All;

    /// <summary>What of its ranges is never given out; what cannot be read is nothing.</summary>
    public static ImmutableArray<AddressRange> ExcludesOf(V1Alpha2Eip eip) => Parse(eip.Spec.Excludes ?? []);

    /// <summary>All address texts of the spec, in the user's order.</summary>
    public static IEnumerable<string> Texts(V1Alpha2Eip eip) =>
        (string.IsNullOrWhiteSpace(eip.Spec.Address) ? [] : new[] { eip.Spec.Address }).Concat(eip.Spec.Addresses ?? []);

    /// <summary>Where the Services of these Eips may come to be announced, as far as it does not depend on the Service.</summary>
    public static ImmutableArray<ExpectedAddresses> ExpectedOf(IEnumerable<V1Alpha2Eip> eips, IReadOnlyCollection<V1Alpha2LayerTwoConfig> configs) =>
    [
        .. from eip in eips.OrderBy(eip => eip.Metadata.Name, StringComparer.Ordinal)
           where !eip.Spec.Disable && eip.Metadata.DeletionTimestamp is null
           let interfaces = RightsInterfaces.Of(LayerTwoPolicy.For(eip, null, configs), eip)
           from range in RangesOf(eip)
           select new ExpectedAddresses(range.FirstAddress, interfaces),
    ];

    public static bool IsDefault(V1Alpha2Eip eip) =>
        eip.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotations.DefaultEip, out var value)
        && value.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// All pools. Where two overlap, or two are the default (webhooks can be off), the older one stands and the younger says why it does not.
    /// </summary>
    public static ImmutableArray<Pool> Of(IEnumerable<V1Alpha2Eip> eips)
    {
        var pools = ImmutableArray.CreateBuilder<Pool>();
        var older = new List<V1Alpha2Eip>();
        foreach (var eip in eips.OrderBy(eip => eip.Metadata.CreationTimestamp).ThenBy(eip => eip.Metadata.Name, StringComparer.Ordinal))
        {
            var errors = Judgement.ErrorsOf(new EipRules(older).Validate(eip));
            pools.Add(Of(eip, errors.Length == 0 ? null : string.Join(' ', errors)));
            older.Add(eip);
        }

        return pools.ToImmutable();
    }

    /// <summary>An Eip as the pool that it says it is, whether it may be one or not.</summary>
    public static Pool Of(V1Alpha2Eip eip) => Of(eip, problem: null);

    private static Pool Of(V1Alpha2Eip eip, string? problem) => new()
    {
        Name = eip.Metadata.Name,
        Ranges = problem is null ? RangesOf(eip) : [],
        Excludes = ExcludesOf(eip),
        AvoidBuggyAddresses = eip.Spec.AvoidBuggyIPs,
        Disabled = eip.Spec.Disable,
        Deleting = eip.Metadata.DeletionTimestamp is not null,
        Problem = problem,
        Priority = eip.Spec.Priority,
        Namespaces = [.. eip.Spec.Namespaces ?? []],
        NamespaceSelector = eip.Spec.NamespaceSelector is { Count: > 0 } labels ? new LabelSelector { MatchLabels = labels } : null,
        ServiceSelector = eip.Spec.ServiceSelector,
        AutoAssign = eip.Spec.AutoAssign,
        EnforceSelectors = eip.Spec.EnforceSelectors,
        IsDefault = IsDefault(eip),
    };

    private static ImmutableArray<AddressRange> Parse(IEnumerable<string> texts) =>
        [.. texts.Select(text => AddressRange.TryParse(text, out var range, out _) ? range : (AddressRange?)null).OfType<AddressRange>()];

    private sealed record Ranges(ImmutableArray<AddressRange> All);
}
