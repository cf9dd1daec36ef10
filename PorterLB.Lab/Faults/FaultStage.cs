using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>Where a scenario plays.</summary>
/// <param name="lab">The cluster.</param>
/// <param name="addresses">The addresses that are watched; the first one's owner is the hero.</param>
/// <param name="owner">The node that answers for the first address at the beginning.</param>
public sealed class FaultStage(LightLab lab, IReadOnlyList<IPAddress> addresses, LightNode owner)
{
    /// <summary>For what takes long on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public LightLab Lab => lab;

    public IReadOnlyList<IPAddress> Addresses => addresses;

    public LightNode Owner => owner;

    /// <summary>The other nodes.</summary>
    public IReadOnlyList<LightNode> Others { get; } = [.. lab.Nodes.Where(node => node != owner)];

    /// <summary>When it began to happen: nanoseconds, monotonic, as in the answers.</summary>
    public long Happened { get; set; }

    /// <summary>A machine on the segment that is no node, and not the client.</summary>
    public Network.Host Stranger => lab.ManagerHost(1);

    public IPAddress V4 => addresses.First(address => address.AddressFamily == AddressFamily.InterNetwork);

    public IPAddress V6 => addresses.First(address => address.AddressFamily == AddressFamily.InterNetworkV6);

    public static Task WaitAsync(double seconds, CancellationToken cancellationToken) => Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);

    public static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new LabException(otherwise);
        }
    }

    /// <summary>The node that alone answers for an address, once there is one.</summary>
    public Task<LightNode> OwnerOfAsync(IPAddress address, CancellationToken cancellationToken) => new OwnerFaults(lab, addresses).OwnerAsync(address, cancellationToken);

    /// <summary>Only this hardware address answers for the first address.</summary>
    public async Task AnsweredByAsync(string mac, CancellationToken cancellationToken)
    {
        // The other addresses may be on another node.
        var answerers = await AnswerersAsync(addresses[0], 0.5, cancellationToken);
        Require(answerers is [var only] && only == mac, $"{addresses[0]} is answered by {string.Join(" and ", answerers)}, not by {mac} alone");
    }

    /// <summary>Whoever answers for an address within a while.</summary>
    public async Task<IReadOnlyList<string>> AnswerersAsync(IPAddress address, double seconds, CancellationToken cancellationToken)
    {
        using var observer = await ClientProgram.ObserveAsync(lab.Client, [address], cancellationToken: cancellationToken);
        await WaitAsync(seconds, cancellationToken);
        return (await observer.StopAsync(cancellationToken)).For(address).Answerers;
    }

    /// <summary>The node's speaker says that it listens again, and hears the others.</summary>
    public Task UsesInterfaceAsync(LightNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        return ControlPlane.WaitUntilAsync(
            $"the speaker on {node.Name} to use its interface again",
            async () =>
            {
                var status = (await lab.ControlPlane.Api.GetAsync($"/apis/network.kubesphere.io/v1alpha2/speakers/{node.Name}", cancellationToken))?["status"];
                return (int?)status?["peersAlive"] == lab.Nodes.Count - 1
                    && status?["interfaces"]?.AsArray().Any(item => (string?)item?["name"] == Network.Host.Interface && (bool?)item?["up"] == true && item?["skipped"] is null) == true;
            },
            Patience,
            cancellationToken,
            node.Speaker);
    }

    /// <summary>The Service that has the first address.</summary>
    public async Task<JsonNode> ServiceAsync(CancellationToken cancellationToken) =>
        (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", cancellationToken))!["items"]!.AsArray()
            .First(item => (item!["status"]?["loadBalancer"]?["ingress"]?.AsArray() ?? []).Any(ingress => (string?)ingress?["ip"] == $"{addresses[0]}"))!;
}
