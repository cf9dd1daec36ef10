using System.Collections.Immutable;
using System.Net;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Addresses;

/// <summary>The names are those of <c>spec.ipFamilyPolicy</c> in Kubernetes.</summary>
internal enum FamilyPolicy
{
    SingleStack,
    PreferDualStack,
    RequireDualStack,
}

/// <summary>What a Service wants in the way of addresses, and what it has.</summary>
internal sealed record AddressRequest
{
    public required EntityKey Service { get; init; }

    /// <summary>Tells this Service from an earlier one of the same name.</summary>
    public required string Uid { get; init; }

    /// <summary>One address for each, in this order.</summary>
    public required ImmutableArray<IpFamily> Families { get; init; }

    public FamilyPolicy FamilyPolicy { get; init; }

    /// <summary>The Eip that the Service names, or null.</summary>
    public string? Pool { get; init; }

    /// <summary>The annotation that names it, in the spelling of its user.</summary>
    public string PoolAnnotation { get; init; } = Annotations.Eip;

    /// <summary>The addresses that the Service asks for, at most one for each family.</summary>
    public ImmutableArray<IPAddress> Requested { get; init; } = [];

    /// <summary>Why the request makes no sense (an address that does not parse, two of one family), or null.</summary>
    public Refusal? Invalid { get; init; }

    /// <summary>What the Service's status says that it has: the truth, once it is adopted.</summary>
    public ImmutableArray<IPAddress> InStatus { get; init; } = [];

    /// <summary>From which Eip each of these came, where that was written down.</summary>
    public ImmutableDictionary<IPAddress, string> Origins { get; init; } = ImmutableDictionary<IPAddress, string>.Empty;

    public ImmutableDictionary<string, string> NamespaceLabels { get; init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<string, string> ServiceLabels { get; init; } = ImmutableDictionary<string, string>.Empty;

    public Sharing Sharing { get; init; } = new();
}
