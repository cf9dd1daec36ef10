using System.Net;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;

namespace PorterLB.Lab.Faults;

/// <summary>How large a cluster is on which scenarios are played.</summary>
/// <param name="Nodes">How many nodes.</param>
/// <param name="Addresses">How many addresses of each family; five of each are watched.</param>
/// <param name="Scenarios">What is played.</param>
/// <param name="Circumstance">What else is special, for the heading of the table.</param>
public sealed record FaultCluster(int Nodes, int Addresses, IReadOnlyList<FaultScenario> Scenarios, string Circumstance = "")
{
    private const int Watched = 5;
    private const int AtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What <c>make bench WHAT=faults</c> writes down.</summary>
    public static IReadOnlyList<FaultCluster> All { get; } =
    [
        new(3, 1, FaultScenarios.All, ", API server up"),
        new(3, 1, FaultScenarios.WithoutServer, ", API server down"),
        new(3, 1, FaultScenarios.LongOnes, ", what takes longer"),
        new(2, 1, FaultScenarios.OfTwoNodes),
        new(10, 1, FaultScenarios.OfAnySize),
        new(3, 500, FaultScenarios.OfAnySize),
    ];

    /// <summary>For the heading of a table.</summary>
    public string Title => $"{Nodes} nodes, {Addresses} address{(Addresses == 1 ? "" : "es")} of each family{Circumstance}";

    /// <summary>Starts such a cluster, every address announced.</summary>
    /// <returns>The lab, and the addresses to watch.</returns>
    public async Task<(LightLab Lab, IReadOnlyList<IPAddress> Watched)> StartAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "faults", Nodes = Nodes }, say, cancellationToken);
        try
        {
            await lab.StartPorterLBAsync(cancellationToken);
            return (lab, await PublishAsync(lab, Addresses, cancellationToken));
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates dual-stack Services, and waits until each address is answered for.</summary>
    public static async Task<IReadOnlyList<IPAddress>> PublishAsync(LightLab lab, int services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (services <= Watched)
        {
            await lab.CreatePoolAsync(cancellationToken: cancellationToken);
        }
        else
        {
            // A segment of the lab has no room for so many.
            await lab.Client.RunAsync("ip route add 10.98.0.0/16 dev eth0; ip -6 route add fd98::/112 dev eth0", cancellationToken);
            await lab.ApplyAsync(
                """
                apiVersion: network.kubesphere.io/v1alpha2
                kind: Eip
                metadata:
                  name: many
                spec:
                  addresses: [10.98.0.0/16, "fd98::/112"]
                  interface: eth0
                """,
                cancellationToken);
        }

        await Parallel.ForEachAsync(
            Enumerable.Range(0, services),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (number, cancel) => await lab.CreateServiceAsync(
                $"web-{number}",
                LightLab.Ours,
                new JsonObject { ["ipFamilyPolicy"] = "RequireDualStack" },
                cancellationToken: cancel));
        List<IPAddress> watched = [];
        for (var i = 0; i < Math.Min(services, Watched); i++)
        {
            watched.AddRange(await lab.WaitForAddressesAsync($"web-{i}", 2, Patience, cancellationToken));
        }

        await ControlPlane.WaitUntilAsync(
            $"{2 * services} addresses to be announced",
            async () => (await lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/speakers", cancellationToken))!["items"]!.AsArray()
                .Sum(speaker => (int?)speaker!["status"]?["addresses"] ?? 0) == 2 * services,
            Patience,
            cancellationToken);
        return watched;
    }
}
