using System.IO.Enumeration;
using System.Net;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Election;

/// <summary>
/// Which nodes may announce an address, and why the others may not. Cordon and NotReady are no signals: the first says "no new Pods",
/// the second comes late and passes (KEP-3458, KEP-3836).
/// </summary>
internal static class Eligibility
{
    private const string CanReach = "can_reach:";

    /// <summary>What rules a node out by the objects alone, for every speaker alike; null if nothing does.</summary>
    /// <param name="node">The node.</param>
    /// <param name="policy">What governs the address.</param>
    /// <param name="ignoreExcludeLabel">Whether the label that excludes nodes from load balancers is looked at.</param>
    public static string? RuledOut(NodeView node, LayerTwoPolicy policy, bool ignoreExcludeLabel)
    {
        if (!ignoreExcludeLabel && node.Metadata.Labels?.ContainsKey(Annotations.ExcludeLabel) == true)
        {
            return $"has the label {Annotations.ExcludeLabel} (kubeadm sets it on control-plane nodes; remove it, or start with --ignore-exclude-label)";
        }

        foreach (var taint in node.Spec.Taints ?? [])
        {
            if (taint.Key is Annotations.OutOfServiceTaint or Annotations.NetworkUnavailableTaint or Annotations.AutoscalerTaint)
            {
                return $"has the taint {taint.Key}";
            }
        }

        return node.NetworkUnavailable ? "says NetworkUnavailable"
            : !policy.Allows(node) ? $"does not match the nodeSelector of LayerTwoConfig {string.Join(", ", policy.Configs)}"
            : null;
    }

    /// <summary>
    /// With externalTrafficPolicy Local only nodes with an endpoint: a ready one, or, where no node has a ready one, one that still serves
    /// while it terminates.
    /// </summary>
    /// <param name="endpoints">Where the Service has endpoints.</param>
    /// <param name="nodes">The nodes that are not ruled out otherwise.</param>
    /// <returns>Those with an endpoint.</returns>
    public static IEnumerable<NodeView> WithEndpoint(IReadOnlyCollection<EndpointPlace> endpoints, IReadOnlyCollection<NodeView> nodes)
    {
        var ready = nodes.Where(node => endpoints.Any(place => place.Ready && place.IsOn(node))).ToArray();
        return ready.Length > 0 ? ready : nodes.Where(node => endpoints.Any(place => place.Serving && place.IsOn(node)));
    }

    /// <summary>Why a node may not answer for an address: because of another Service that has it, too.</summary>
    public static string OfSharing(EntityKey other, string why) => $"cannot serve Service '{other}', which shares the address: it {why}";

    /// <summary>What keeps the node's speaker from answering for this address now; null if nothing does.</summary>
    /// <param name="facts">What its speaker tells.</param>
    /// <param name="address">The address.</param>
    /// <param name="interfaces">Where to answer, as in the rights.</param>
    public static string? Unable(NodeFacts facts, IPAddress address, IReadOnlyCollection<string> interfaces)
    {
        switch (facts.Presence)
        {
            case Presence.Silent:
                return "has no living speaker (is the porterlb-speaker Pod running there?)";
            case Presence.Unheard:
                return "is not heard by the other speakers any more";
        }

        // Only the node itself knows its routes: an interface with an address of the family will do.
        var names = interfaces.Where(name => !name.StartsWith(CanReach, StringComparison.Ordinal)).ToArray();
        if (interfaces.Count > 0 && names.Length < interfaces.Count)
        {
            return facts.Interfaces.Any(item => item.Usable) ? null : "has no usable interface";
        }

        if (names.Length > 0)
        {
            var named = facts.Interfaces.Where(item => names.Any(name => FileSystemName.MatchesSimpleExpression(name, item.Name, ignoreCase: false))).ToArray();
            return named.Length == 0 ? $"has no interface {string.Join(", ", names)}"
                : named.Any(item => item.Usable) ? null
                : $"cannot use its interface {named[0].Name}: {named[0].Obstacle}";
        }

        var holding = facts.Interfaces.Where(item => item.Subnets.Any(subnet => subnet.Contains(address))).ToArray();
        return holding.Length == 0 ? $"has no interface with a subnet that holds {address} (name one in spec.interface of the Eip)"
            : holding.Any(item => item.Usable) ? null
            : $"cannot use its interface {holding[0].Name}: {holding[0].Obstacle}";
    }
}
