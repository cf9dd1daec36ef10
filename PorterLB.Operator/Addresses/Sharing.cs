using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Operator.Addresses;

/// <summary>A port that a Service listens on: two Services on one address must not have one in common.</summary>
internal readonly record struct ServicePort(string Protocol, int Port)
{
    public override string ToString() => $"{Protocol} {Port}";
}

/// <summary>What decides whether a Service may share its address with another.</summary>
internal sealed record Sharing
{
    /// <summary>The annotation <c>porterlb.io/allow-shared-ip</c>, or null.</summary>
    public string? Key { get; init; }

    /// <summary>The annotation <c>porterlb.io/allow-shared-namespaces</c>: whose Services may share although they live elsewhere.</summary>
    public ImmutableSortedSet<string> Namespaces { get; init; } = [];

    public ImmutableArray<ServicePort> Ports { get; init; } = [];

    /// <summary><c>externalTrafficPolicy: Local</c>.</summary>
    public bool LocalTraffic { get; init; }

    /// <summary>The Service's Pod selector as text in a fixed order.</summary>
    public string Selector { get; init; } = "";

    /// <summary>Carries OpenELB's mark of an address that it gave: OpenELB let any two Services share one.</summary>
    public bool GivenByOpenElb { get; init; }

    /// <summary>Why two Services may not share this address, as the end of a sentence about the first, or null if they may.</summary>
    /// <param name="address">The address.</param>
    /// <param name="asking">Who wants it.</param>
    /// <param name="holding">Who has it.</param>
    public static string? Obstacle(IPAddress address, AddressRequest asking, AddressRequest holding)
    {
        var other = $"Service '{holding.Service}'";
        var sameKey = asking.Sharing.Key is { } key && key == holding.Sharing.Key;
        if (asking.Service.Namespace == holding.Service.Namespace)
        {
            if (!sameKey && !(asking.Requested.Contains(address) && holding.Requested.Contains(address)))
            {
                return $"is in use by {other}. To share it, give both Services the same value in the annotation {Annotations.SharingKey}, "
                    + $"or let both ask for {address}";
            }
        }
        else if (!sameKey
            || !asking.Sharing.Namespaces.Contains(holding.Service.Namespace!)
            || !holding.Sharing.Namespaces.Contains(asking.Service.Namespace!))
        {
            return $"is in use by {other} of another namespace. To share it, give both Services the same value in the annotation "
                + $"{Annotations.SharingKey} and let each name the other's namespace in {Annotations.SharingNamespaces}";
        }

        foreach (var port in asking.Sharing.Ports)
        {
            if (holding.Sharing.Ports.Contains(port))
            {
                return $"is shared with {other}, which also listens on {port}. Use different ports, or another address";
            }
        }

        return !asking.Sharing.LocalTraffic && !holding.Sharing.LocalTraffic ? null
            : asking.Sharing.Selector != holding.Sharing.Selector
            ? $"is shared with {other}, and one of them has externalTrafficPolicy Local while their selectors differ: no node might have "
                + "endpoints of both. Set externalTrafficPolicy Cluster on both, or use another address"
            : asking.Sharing.Selector.Length == 0
            ? $"is shared with {other}, and one of them has externalTrafficPolicy Local while neither has a selector: their endpoints are written "
                + "by hand, and no node might have some of both. Set externalTrafficPolicy Cluster on both, or use another address"
            : null;
    }

    /// <summary>Whether nothing else keeps two from sharing this address than policy Local without selectors, which was allowed once.</summary>
    public static bool LacksOnlySelectors(IPAddress address, AddressRequest asking, AddressRequest holding) =>
        asking.Sharing.Selector.Length == 0 && holding.Sharing.Selector.Length == 0 && Obstacle(address, OfAnyNode(asking), OfAnyNode(holding)) is null;

    /// <summary>Whether their endpoints are told in the same way.</summary>
    public bool HasSameEndpoints(Sharing other) => LocalTraffic == other.LocalTraffic && Selector == other.Selector;

    private static AddressRequest OfAnyNode(AddressRequest request) => request with { Sharing = request.Sharing with { LocalTraffic = false } };

    public bool Equals(Sharing? other) =>
        other is not null && Key == other.Key && LocalTraffic == other.LocalTraffic && Selector == other.Selector
        && GivenByOpenElb == other.GivenByOpenElb && Namespaces.SetEquals(other.Namespaces) && Ports.SequenceEqual(other.Ports);

    public override int GetHashCode() => HashCode.Combine(Key, LocalTraffic, Selector, Ports.Length, Namespaces.Count);
}
