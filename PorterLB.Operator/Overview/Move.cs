using System.Buffers;
using System.Net;
using System.Text.Json;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Overview;

/// <summary>A move by hand: the user's wish is written into the Service, the manager elects, and the speakers hand over on the wire.</summary>
internal static class Move
{
    /// <summary>Why addresses cannot move to a node, or null.</summary>
    public static string? Obstacle(ClusterPicture picture, ServiceView service, IReadOnlyCollection<IPAddress> addresses, string node, IReadOnlyCollection<EndpointPlace> endpoints)
    {
        if (picture.Nodes.FirstOrDefault(item => item.Name == node) is not { } view)
        {
            return $"There is no Node '{node}'. The speakers run on {string.Join(", ", picture.Speakers.Select(speaker => speaker.Metadata.Name).Order(StringComparer.Ordinal))}.";
        }

        if (picture.Leader is null)
        {
            return "No manager leads that would move anything. Look at the Pods of porterlb-manager.";
        }

        foreach (var address in addresses)
        {
            if (picture.ObstacleOf(view, service, address, endpoints) is { } why)
            {
                var others = picture.Nodes.Where(other => picture.ObstacleOf(other, service, address, endpoints) is null).Select(other => other.Name).ToArray();
                return $"Node '{node}' cannot answer for {address}: it {why}. {(others.Length == 0 ? "No node can." : $"These can: {string.Join(", ", others)}.")}";
            }
        }

        return null;
    }

    /// <summary>Whether the Service says already that the node shall answer for these addresses: to write it once more would change nothing.</summary>
    public static bool IsElected(ServiceView service, IReadOnlyCollection<IPAddress> addresses, string node)
    {
        var nodes = ElectionAnnotation.Read(service, addresses).Nodes;
        return addresses.All(address => nodes.GetValueOrDefault(address) == node);
    }

    /// <summary>Writes the wish. A Service that changed meanwhile is a conflict: look again.</summary>
    public static Task<ServiceView> WriteAsync(
        IKubernetesClient client, ServiceView service, IReadOnlyCollection<IPAddress> addresses, string node, CancellationToken cancellationToken)
    {
        var all = ServiceRequest.AddressesOf(service);
        var before = ElectionAnnotation.Read(service, all).Nodes;
        var wish = ElectionAnnotation.Node([.. all.Select(address => (address, addresses.Contains(address) ? node : before.GetValueOrDefault(address)))]);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteString("resourceVersion", service.Metadata.ResourceVersion);
            json.WriteStartObject("annotations");
            json.WriteString(Annotations.Node, wish);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return client.PatchAsync(
            ServiceView.Type, EntityKey.Of(service), PatchKind.Merge, buffer.WrittenMemory, fieldManager: "porterlb-move", cancellationToken: cancellationToken);
    }
}
