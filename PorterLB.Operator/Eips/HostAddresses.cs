using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Eips;

/// <summary>An address that a machine of the cluster's network has, and which machine that is, in words.</summary>
internal sealed record HostAddress(IPAddress Address, string Host, bool IsGateway);

/// <summary>Whose addresses a pool must not hold: a Service that is given one takes a machine's place, or is not announced at all.</summary>
internal static class HostAddresses
{
    /// <summary>The addresses of the nodes, and the routers that their default routes lead to.</summary>
    public static IEnumerable<HostAddress> Of(IEnumerable<NodeView> nodes, IEnumerable<V1Alpha2Speaker> speakers) =>
        nodes.OrderBy(node => node.Name, StringComparer.Ordinal)
            .SelectMany(node => (node.Status.Addresses ?? [])
                .Select(item => IPAddress.TryParse(item.Address, out var address) ? new HostAddress(address, $"Node '{node.Name}'", IsGateway: false) : null))
            .OfType<HostAddress>()
            .Concat(speakers.SelectMany(speaker => speaker.Status.Gateways)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(text => IPAddress.TryParse(text, out var address) ? new HostAddress(address, "the default router of the nodes", IsGateway: true) : null)
                .OfType<HostAddress>())
            .DistinctBy(host => host.Address);

    /// <summary>What a pool holds of them and would give out, as the end of a sentence that begins with the pool, or null.</summary>
    public static string? Within(ImmutableArray<AddressRange> ranges, ImmutableArray<AddressRange> excludes, IEnumerable<HostAddress> hosts, out bool gatewaysOnly)
    {
        var held = hosts.Where(host => ranges.Any(range => range.Contains(host.Address)) && !excludes.Any(range => range.Contains(host.Address))).ToArray();
        gatewaysOnly = held.Length > 0 && held.All(host => host.IsGateway);
        return held.Length == 0 ? null
            : $"holds {Enumeration.Of(held.Select(host => $"{host.Address} of {host.Host}"))}; "
                + $"add {(held.Length == 1 ? "it" : "them")} to spec.excludes, or leave {(held.Length == 1 ? "it" : "them")} out of the range";
    }

    /// <summary>The condition of an Eip that tells of them.</summary>
    public static Condition Condition(Pool pool, IEnumerable<HostAddress> hosts, long? generation) =>
        Within(pool.Ranges, pool.Excludes, hosts, out var gatewaysOnly) is { } held
            ? ConditionKinds.EipHoldsHosts.For(Reconciler.Entities.Condition.True, gatewaysOnly ? "Gateways" : "NodeAddresses", $"The pool {held}.", generation)
            : ConditionKinds.EipHoldsHosts.For(Reconciler.Entities.Condition.False, "NoneKnown", "No address of a Node or of its default router.", generation);
}
