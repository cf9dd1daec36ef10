using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Election;

/// <summary>
/// The election as it stands on a Service: <c>layer2.porterlb.io/node</c> is the node of all addresses, or <c>address=node,…</c> where
/// they differ, and <c>layer2.porterlb.io/epoch</c> is one epoch for all.
/// </summary>
internal static class ElectionAnnotation
{
    public static string? Node(IReadOnlyList<(IPAddress Address, string? Node)> elected)
    {
        var known = elected.Where(item => item.Node is not null).ToArray();
        return known.Length == 0 ? null
            : known.Length == elected.Count && known.All(item => item.Node == known[0].Node) ? known[0].Node
            : string.Join(',', known.Select(item => $"{item.Address}={item.Node}"));
    }

    /// <summary>
    /// What the annotations say. An epoch above the Service's own version cannot have been written by a manager, and counts as absent.
    /// </summary>
    public static (ImmutableDictionary<IPAddress, string> Nodes, long? Epoch) Read(ServiceView service, IEnumerable<IPAddress> addresses)
    {
        var annotations = service.Metadata.Annotations;
        if (annotations is null
            || !annotations.TryGetValue(Annotations.Node, out var text)
            || !annotations.TryGetValue(Annotations.Epoch, out var epochText)
            || !long.TryParse(epochText, NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            || !long.TryParse(service.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            || epoch > version)
        {
            return (ImmutableDictionary<IPAddress, string>.Empty, null);
        }

        var nodes = ImmutableDictionary.CreateBuilder<IPAddress, string>();
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            foreach (var address in addresses)
            {
                nodes[address] = text;
            }
        }
        else
        {
            foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0 && IPAddress.TryParse(part[..equals], out var address))
                {
                    nodes[address] = part[(equals + 1)..];
                }
            }
        }

        return (nodes.ToImmutable(), epoch);
    }
}
