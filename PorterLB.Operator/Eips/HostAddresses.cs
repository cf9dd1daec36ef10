using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Eips;

/// <summary>Whose an address is. The worst first.</summary>
internal enum HostKind
{
    /// <summary>A Node's.</summary>
    Node,

    /// <summary>That of the router which a node's default route leads to.</summary>
    Gateway,

    /// <summary>The first or last one of a subnet of the nodes, where no single machine can be reached.</summary>
    SubnetEnd,
}

/// <summary>An address of the cluster's network that is somebody's already, and whose, in words.</summary>
internal sealed record HostAddress(IPAddress Address, string Host, HostKind Kind);

/// <summary>Which addresses a pool must not hold: a Service that is given one takes a machine's place, or is reached by nobody.</summary>
internal static class HostAddresses
{
    /// <summary>The addresses of the nodes, the routers that their default routes lead to, and the ends of their subnets.</summary>
    public static IEnumerable<HostAddress> Of(IEnumerable<NodeView> nodes, IReadOnlyCollection<V1Alpha2Speaker> speakers) =>
        nodes.OrderBy(node => node.Name, StringComparer.Ordinal)
            .SelectMany(node => (node.Status.Addresses ?? [])
                .Select(item => IPAddress.TryParse(item.Address, out var address) ? new HostAddress(address, $"Node '{node.Name}'", HostKind.Node) : null))
            .OfType<HostAddress>()
            .Concat(speakers.SelectMany(speaker => speaker.Status.Gateways)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(text => IPAddress.TryParse(text, out var address) ? new HostAddress(address, "the default router of the nodes", HostKind.Gateway) : null)
                .OfType<HostAddress>())
            .Concat(speakers.SelectMany(speaker => NodeFacts.InterfacesOf(speaker))
                .SelectMany(item => item.Subnets)
                .Distinct()
                .OrderBy(subnet => $"{subnet}", StringComparer.Ordinal)
                .SelectMany(EndsOf))
            .DistinctBy(host => host.Address);

    /// <summary>Whether a speaker says the same of them as before.</summary>
    public static bool AreSame(V1Alpha2Speaker? one, V1Alpha2Speaker? other) =>
        (one?.Status.Gateways ?? []).SequenceEqual(other?.Status.Gateways ?? [], StringComparer.Ordinal)
        && SubnetsOf(one).SequenceEqual(SubnetsOf(other), StringComparer.Ordinal);

    /// <summary>The condition of an Eip that tells of them.</summary>
    public static Condition Condition(Pool pool, IEnumerable<HostAddress> hosts, long? generation)
    {
        var held = hosts.Where(host => pool.Offers(host.Address)).ToArray();
        if (held.Length == 0)
        {
            return ConditionKinds.EipHoldsHosts.For(
                Reconciler.Entities.Condition.False, "NoneKnown", "No address of a Node, of its default router, or at an end of its subnets.", generation);
        }

        var them = held.Length == 1 ? "it" : "them";
        return ConditionKinds.EipHoldsHosts.For(
            Reconciler.Entities.Condition.True,
            held.Min(host => host.Kind) switch { HostKind.Node => "NodeAddresses", HostKind.Gateway => "Gateways", _ => "SubnetEnds" },
            $"The pool holds {Enumeration.Of(held.Select(host => $"{host.Address} of {host.Host}"))}; add {them} to spec.excludes, or leave {them} out of the range.",
            generation);
    }

    // RFC 1122, 3.2.1.3: the first address means the network and the last one everybody in it; with two addresses or one there are no
    // such ends (RFC 3021). RFC 4291, 2.6.1: the first one of an IPv6 subnet is every router's, which a node that forwards is, too (not
    // between two routers: RFC 6164).
    private static IEnumerable<HostAddress> EndsOf(IPNetwork subnet)
    {
        var family = subnet.BaseAddress.Family();
        if (family.Bits() - subnet.PrefixLength < 2)
        {
            yield break;
        }

        if (family == IpFamily.IPv6)
        {
            yield return new HostAddress(subnet.BaseAddress, $"every router in {subnet}", HostKind.SubnetEnd);
            yield break;
        }

        yield return new HostAddress(subnet.BaseAddress, $"the network {subnet} itself", HostKind.SubnetEnd);
        yield return new HostAddress(AddressRange.Parse($"{subnet}").LastAddress, $"the broadcast in {subnet}", HostKind.SubnetEnd);
    }

    private static IEnumerable<string> SubnetsOf(V1Alpha2Speaker? speaker) => (speaker?.Status.Interfaces ?? []).SelectMany(item => item.Subnets);
}
