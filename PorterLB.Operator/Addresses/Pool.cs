using System.Collections.Immutable;
using System.Net;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Addresses;

/// <summary>An Eip after its spec was read and checked: what addresses there are, and for whom.</summary>
internal sealed record Pool
{
    public required string Name { get; init; }

    /// <summary>As the user wrote them, in the user's order.</summary>
    public ImmutableArray<AddressRange> Ranges { get; init; } = [];

    public ImmutableArray<AddressRange> Excludes { get; init; } = [];

    public bool AvoidBuggyAddresses { get; init; }

    /// <summary>Gives out nothing new; what is in use stays.</summary>
    public bool Disabled { get; init; }

    /// <summary>Deleted by its user and held by our finalizer until its last Service is released.</summary>
    public bool Deleting { get; init; }

    /// <summary>Why nothing can be given out (it does not parse, it overlaps an older Eip), or null.</summary>
    public string? Problem { get; init; }

    /// <summary>Smaller first.</summary>
    public int Priority { get; init; }

    public ImmutableArray<string> Namespaces { get; init; } = [];

    public LabelSelector? NamespaceSelector { get; init; }

    public LabelSelector? ServiceSelector { get; init; }

    /// <summary>Whether Services that name neither this pool nor an address may get one of its addresses.</summary>
    public bool AutoAssign { get; init; } = true;

    /// <summary>Whether the selectors also refuse Services that name this pool or one of its addresses.</summary>
    public bool EnforceSelectors { get; init; }

    public bool IsDefault { get; init; }

    /// <summary>Whether it says for whom it is.</summary>
    public bool IsSelective => !Namespaces.IsEmpty || NamespaceSelector is { IsEmpty: false } || ServiceSelector is { IsEmpty: false };

    public bool Holds(IPAddress address) => Ranges.Any(range => range.Contains(address));

    /// <summary>Whether it would give this address out: it holds it, and does not leave it out.</summary>
    public bool Offers(IPAddress address) =>
        Holds(address) && !Excludes.Any(range => range.Contains(address)) && !(AvoidBuggyAddresses && PoolIndex.IsBuggyAddress(address));

    /// <summary>Namespaces by name or by label, and Services by label where a selector says so.</summary>
    public bool Selects(AddressRequest request)
    {
        var byNamespace = (Namespaces.IsEmpty && NamespaceSelector is null or { IsEmpty: true })
            || Namespaces.Contains(request.Service.Namespace!, StringComparer.Ordinal)
            || (NamespaceSelector is { IsEmpty: false } selector && selector.Matches(request.NamespaceLabels));
        return byNamespace && (ServiceSelector is null || ServiceSelector.Matches(request.ServiceLabels));
    }

    /// <summary>Whether its selectors are a fence, and this Service is outside.</summary>
    public bool KeepsOut(AddressRequest request) => EnforceSelectors && IsSelective && !Selects(request);

    /// <summary>The same addresses, whatever else changed.</summary>
    public bool HasSameAddresses(Pool other) =>
        AvoidBuggyAddresses == other.AvoidBuggyAddresses && Ranges.SequenceEqual(other.Ranges) && Excludes.SequenceEqual(other.Excludes);

    /// <summary>The ranges as text, for messages.</summary>
    public string RangesText => string.Join(", ", Ranges.Take(4)) + (Ranges.Length > 4 ? $" and {Ranges.Length - 4} more ranges" : "");
}
