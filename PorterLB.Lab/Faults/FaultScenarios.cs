using System.Net.Sockets;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Processes;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>What can happen to a cluster's layer 2.</summary>
public static class FaultScenarios
{
    /// <summary>What a node's card is given in exchange for its own.</summary>
    internal const string NewMac = "02:00:63:aa:aa:01";

    private const int KubeProxyHealthPort = 10256;
    /// <summary>Nobody's answer is due to be missing: what is seen of silence is the machine's own, which runs all hosts at once.</summary>
    private static readonly TimeSpan Nothing = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The node, its cable or its processes.</summary>
    public static IReadOnlyList<FaultScenario> OfNodes { get; } =
    [
        new("cable cut, and back", async (stage, cancel) =>
        {
            await stage.Owner.Host.CutCableAsync(cancel);
            await WaitAsync(2, cancel);
            await stage.Owner.Host.PlugCableAsync(cancel);
        }),
        new("speaker killed (SIGKILL), and back", async (stage, cancel) =>
        {
            await stage.Owner.Speaker.KillAsync(cancel);
            await WaitAsync(1.5, cancel);
            stage.Owner.StartSpeaker();
        }),
        new("whole node dead, and back", async (stage, cancel) =>
        {
            await stage.Owner.Host.BlackholeAsync(cancel);
            await stage.Owner.Speaker.KillAsync(cancel);
            await WaitAsync(1.5, cancel);
            await stage.Owner.Host.ForwardAsync(cancel);
            stage.Owner.StartSpeaker();
        }),
        new("speaker frozen (SIGSTOP), then thawed", async (stage, cancel) =>
        {
            stage.Owner.Speaker.Send(UnixSignal.Stop);
            await WaitAsync(3, cancel);
            stage.Owner.Speaker.Send(UnixSignal.Continue);
        }),
        new("speaker stopped (SIGTERM), and back", async (stage, cancel) =>
        {
            await stage.Owner.Speaker.StopAsync(Patience, cancel);
            stage.Owner.StartSpeaker();
        }) { SilentAtMost = Nothing },
        new("all speakers restarted at once, API server down", async (stage, cancel) =>
        {
            await Task.WhenAll(stage.Lab.Nodes.Select(node => node.Speaker.KillAsync(cancel)));
            foreach (var node in stage.Lab.Nodes)
            {
                node.StartSpeaker();
            }
        }) { InEveryTest = true, WithoutServer = true, SilentAtMost = TimeSpan.FromSeconds(6), Aftermath = TimeSpan.FromSeconds(8) },
        new("hardware address changed", async (stage, cancel) =>
            await stage.Owner.Host.RunAsync($"ip link set {Network.Host.Interface} address {NewMac}", cancel))
        {
            InEveryTest = true,

            Repair = (stage, cancel) => stage.Owner.Host.RunAsync($"ip link set {Network.Host.Interface} address {stage.Owner.Host.Mac}", cancel),
            Afterwards = async (stage, cancel) => await AnswersAsync(stage, NewMac, cancel),
        },
        new("interface deleted, and made again", async (stage, cancel) =>
        {
            await stage.Owner.Host.RemoveCardAsync(cancel);
            await WaitAsync(1.5, cancel);
            await stage.Owner.Host.InsertCardAsync(cancel);
        }) { InEveryTest = true, Aftermath = TimeSpan.FromSeconds(3), Afterwards = (stage, cancel) => UsesInterfaceAsync(stage, stage.Owner, cancel) },
        new("interface made a bridge port, and freed", async (stage, cancel) =>
        {
            await stage.Owner.Host.RunAsync("ip link add bridge0 type bridge; ip link set eth0 master bridge0", cancel);
            await WaitAsync(1.5, cancel);
            await stage.Owner.Host.RunAsync("ip link delete bridge0", cancel);
        }) { Aftermath = TimeSpan.FromSeconds(3), Afterwards = (stage, cancel) => UsesInterfaceAsync(stage, stage.Owner, cancel) },
    ];

    /// <summary>The segment between the nodes.</summary>
    public static IReadOnlyList<FaultScenario> OfSegments { get; } =
    [
        new("owner hears nothing (one-way loss)", async (stage, cancel) =>
        {
            await stage.Owner.Host.DeafenAsync(cancel);
            await WaitAsync(3, cancel);
            await stage.Lab.Segment.LoseNothingAsync(cancel);
        }) { Repair = (stage, cancel) => stage.Lab.Segment.LoseNothingAsync(cancel) },
        new("owner is not heard (one-way loss)", async (stage, cancel) =>
        {
            await stage.Owner.Host.MuteAsync(cancel);
            await WaitAsync(3, cancel);
            await stage.Lab.Segment.LoseNothingAsync(cancel);
        }) { InEveryTest = true, Repair = (stage, cancel) => stage.Lab.Segment.LoseNothingAsync(cancel) },
        new("two nodes do not hear each other, all others do", async (stage, cancel) =>
        {
            await stage.Owner.Host.IgnoreAsync(stage.Others[0].Host, cancel);
            await stage.Others[0].Host.IgnoreAsync(stage.Owner.Host, cancel);
            await WaitAsync(3, cancel);
            await stage.Lab.Segment.LoseNothingAsync(cancel);
        }) { Stays = true, SilentAtMost = Nothing, Repair = (stage, cancel) => stage.Lab.Segment.LoseNothingAsync(cancel) },
        new("segment divided, the owner on the far side, and united", async (stage, cancel) =>
        {
            await stage.Lab.Segment.DivideAsync([stage.Owner.Host], cancel);
            await WaitAsync(3, cancel);
            await stage.Lab.Segment.UniteAsync([stage.Owner.Host], cancel);
        }) { InEveryTest = true },
        new("segment divided, the owner on the client's side, and united", async (stage, cancel) =>
        {
            await stage.Lab.Segment.DivideAsync([.. stage.Others.Select(node => node.Host)], cancel);
            await WaitAsync(3, cancel);
            await stage.Lab.Segment.UniteAsync([.. stage.Others.Select(node => node.Host)], cancel);
        }),
        new("switch forgets its table", (stage, cancel) => stage.Lab.Segment.OnSwitch(new Command("bridge", "fdb", "flush", "dev", "br0")).TryRunAsync(cancel))
        {
            Stays = true, SilentAtMost = Nothing,
        },
        new("10,000 requests a second for other addresses", async (stage, cancel) =>
        {
            using var flood = stage.Stranger.Command(ClientTool, "flood", "--rate", "10000", $"{stage.Lab.Segment.IPv4(250)}").Start();
            await WaitAsync(3, cancel);
            flood.StandardInput.Close();
            await flood.WaitForExitAsync(cancel);
        }) { Stays = true, SilentAtMost = Nothing },
    ];

    /// <summary>Strangers that claim, ask or lie.</summary>
    public static IReadOnlyList<FaultScenario> OfStrangers { get; } =
    [
        new("a stranger takes the address and claims it", async (stage, cancel) =>
        {
            var address = V4Of(stage);
            await stage.Stranger.RunAsync($"ip addr add {address}/32 dev eth0; arping -q -U -c 3 -i 0.2 -I eth0 {address} || true; ip addr del {address}/32 dev eth0", cancel);
        }) { Stays = true, SilentAtMost = Nothing },
        new("a stranger's duplicate address detection", async (stage, cancel) =>
        {
            var address = stage.Addresses.First(address => address.AddressFamily == AddressFamily.InterNetworkV6);
            await stage.Stranger.RunAsync($"ip -6 addr add {address}/128 dev eth0", cancel);
            await WaitAsync(2, cancel);
        })
        {
            InEveryTest = true,
            Stays = true,
            SilentAtMost = Nothing,
            Afterwards = async (stage, cancel) => Require(
                (await stage.Stranger.RunAsync("ip -6 addr show dev eth0 dadfailed", cancel)).Contains("dadfailed", StringComparison.Ordinal), "the stranger's kernel did not notice that the address is taken"),
            Repair = (stage, cancel) => stage.Stranger.RunAsync(
                $"ip -6 addr del {stage.Addresses.First(address => address.AddressFamily == AddressFamily.InterNetworkV6)}/128 dev eth0", cancel),
        },
        new("hellos replayed, forged and from behind a router", async (stage, cancel) =>
        {
            using var replay = stage.Stranger.Command(ClientTool, "replay").Start();
            await WaitAsync(3, cancel);
            replay.StandardInput.Close();
            await replay.WaitForExitAsync(cancel);
        }) { InEveryTest = true, Stays = true, SilentAtMost = Nothing },
        new("a neighbour with a stale entry asks straight", async (stage, cancel) =>
        {
            foreach (var address in stage.Addresses)
            {
                await stage.Lab.Client.RunAsync($"ip neigh replace {address} lladdr {stage.Owner.Host.Mac} dev eth0 nud probe", cancel);
            }

            await WaitAsync(1.5, cancel);
        })
        {
            InEveryTest = true,
            Stays = true,
            SilentAtMost = Nothing,
            Afterwards = async (stage, cancel) =>
            {
                foreach (var address in stage.Addresses)
                {
                    var entry = await stage.Lab.Client.RunAsync($"ip neigh show {address} dev eth0", cancel);
                    Require(entry.Contains("REACHABLE", StringComparison.Ordinal), $"a unicast probe for {address} was not answered: {entry.Trim()}");
                }
            },
        },
    ];

    /// <summary>Planned changes: nothing is lost.</summary>
    public static IReadOnlyList<FaultScenario> Planned { get; } =
    [
        Moves("node excluded by its label",
            (stage, cancel) => LabelAsync(stage, stage.Owner, "node.kubernetes.io/exclude-from-external-load-balancers", "", cancel),
            (stage, cancel) => LabelAsync(stage, stage.Owner, "node.kubernetes.io/exclude-from-external-load-balancers", null, cancel)),
        Moves("nodeSelector changed",
            async (stage, cancel) =>
            {
                var applied = await stage.Lab.ApplyAsync(
                    $$"""
                    apiVersion: network.kubesphere.io/v1alpha2
                    kind: LayerTwoConfig
                    metadata: {name: fault}
                    spec:
                      nodeSelector: {matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: ["{{stage.Owner.Name}}"]}]}
                    """,
                    cancel);
                Require(applied.Succeeded, applied.Text);
            },
            (stage, cancel) => stage.Lab.ControlPlane.Kubectl("delete", "layertwoconfig", "fault").RunAsync(cancel)) with { InEveryTest = true },
        new("kube-proxy unhealthy", async (stage, cancel) =>
        {
            using var page = HealthPage.Open(stage.Owner.Host, KubeProxyHealthPort);
            await WaitAsync(6, cancel);
            page.Status = 503;
            await WaitAsync(5, cancel);
            Require(await new OwnerFaults(stage.Lab, stage.Addresses).OwnerAsync(stage.Addresses[0], cancel) != stage.Owner, $"{stage.Owner.Name} answers still");
            page.Status = 200;
            await WaitAsync(1.5, cancel);
        })
        {
            SilentAtMost = Nothing,

            // Or it would be unhealthy from now on: the page that once was good is gone.
            Repair = async (stage, cancel) =>
            {
                await stage.Owner.Speaker.StopAsync(Patience, cancel);
                stage.Owner.StartSpeaker();
            },
        },
        Moves("node said to be out of service",
            (stage, cancel) => stage.Lab.ControlPlane.Kubectl("taint", "node", stage.Owner.Name, "node.kubernetes.io/out-of-service=yes:NoExecute").RunAsync(cancel),
            (stage, cancel) => stage.Lab.ControlPlane.Kubectl("taint", "node", stage.Owner.Name, "node.kubernetes.io/out-of-service-").RunAsync(cancel)),
        new("all speakers restarted, one after the other", async (stage, cancel) =>
        {
            foreach (var node in stage.Lab.Nodes)
            {
                await node.Speaker.StopAsync(Patience, cancel);
                node.StartSpeaker();
                await node.WaitUntilReadyAsync(Patience, cancel);
                await WaitAsync(1, cancel);
            }
        }) { SilentAtMost = Nothing },
        new("manager killed", (stage, cancel) => stage.Lab.Manager.KillAsync(cancel)) { Stays = true, SilentAtMost = Nothing },
    ];

    /// <summary>Too long for every run of the tests.</summary>
    public static IReadOnlyList<FaultScenario> Long { get; } =
    [
        new("cable flaps every 2 s for a minute", async (stage, cancel) =>
        {
            for (var i = 0; i < 15; i++)
            {
                await stage.Owner.Host.CutCableAsync(cancel);
                await WaitAsync(2, cancel);
                await stage.Owner.Host.PlugCableAsync(cancel);
                await WaitAsync(2, cancel);
            }
        }),
        new("speaker frozen for 10 s", async (stage, cancel) =>
        {
            stage.Owner.Speaker.Send(UnixSignal.Stop);
            await WaitAsync(10, cancel);
            stage.Owner.Speaker.Send(UnixSignal.Continue);
        }),
        new("two busy loops per core for a minute", async (stage, cancel) =>
        {
            var loops = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => new Command("sh", "-c", "while :; do :; done").Start()).ToList();
            await WaitAsync(60, cancel);
            loops.ForEach(loop =>
            {
                loop.Kill();
                loop.Dispose();
            });
        }) { Stays = true, SilentAtMost = TimeSpan.FromMilliseconds(500) },
    ];

    /// <summary>The same, with the API server down all the while.</summary>
    public static IEnumerable<FaultScenario> WithoutServer(IEnumerable<FaultScenario> scenarios) =>
        scenarios.Where(scenario => !scenario.WithoutServer).Select(scenario => scenario with { Name = $"{scenario.Name}; API server down", WithoutServer = true });

    private static string ClientTool => Path.Combine(AppContext.BaseDirectory, "porterlb-lab");

    /// <summary>All of them but the <see cref="Long"/> ones.</summary>
    public static IReadOnlyList<FaultScenario> All => [.. OfNodes, .. OfSegments, .. OfStrangers, .. Planned];

    private static FaultScenario Moves(string name, Func<FaultStage, CancellationToken, Task> happen, Func<FaultStage, CancellationToken, Task> repair) => new(name, happen)
    {
        SilentAtMost = Nothing,
        Aftermath = TimeSpan.FromSeconds(3),
        Repair = repair,
        Afterwards = async (stage, cancel) =>
            Require(await new OwnerFaults(stage.Lab, stage.Addresses).OwnerAsync(stage.Addresses[0], cancel) != stage.Owner, $"{stage.Owner.Name} answers still"),
    };

    private static System.Net.IPAddress V4Of(FaultStage stage) => stage.Addresses.First(address => address.AddressFamily == AddressFamily.InterNetwork);

    private static Task<JsonNode> LabelAsync(FaultStage stage, LightNode node, string label, string? value, CancellationToken cancel) =>
        stage.Lab.ControlPlane.Api.MergeAsync($"/api/v1/nodes/{node.Name}", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = value } } }, cancel);

    private static async Task AnswersAsync(FaultStage stage, string mac, CancellationToken cancel)
    {
        using var observer = await Probing.ClientProgram.ObserveAsync(stage.Lab.Client, stage.Addresses, cancellationToken: cancel);
        await WaitAsync(0.5, cancel);
        var log = await observer.StopAsync(cancel);

        // The other addresses may be on another node.
        var first = log.For(stage.Addresses[0]);
        Require(first.Answerers is [var only] && only == mac, $"{first.Address} is answered by {string.Join(" and ", first.Answerers)}, not by {mac} alone");
    }

    /// <summary>The node's speaker says that it listens again, and hears the others.</summary>
    private static Task UsesInterfaceAsync(FaultStage stage, LightNode node, CancellationToken cancel) => ControlPlane.WaitUntilAsync(
        $"the speaker on {node.Name} to use its interface again",
        async () =>
        {
            var status = (await stage.Lab.ControlPlane.Api.GetAsync($"/apis/network.kubesphere.io/v1alpha2/speakers/{node.Name}", cancel))?["status"];
            return (int?)status?["peersAlive"] == stage.Lab.Nodes.Count - 1
                && status?["interfaces"]?.AsArray().Any(item => (string?)item?["name"] == Network.Host.Interface && (bool?)item?["up"] == true && item?["skipped"] is null) == true;
        },
        Patience,
        cancel,
        node.Speaker);

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new LabException(otherwise);
        }
    }
}
