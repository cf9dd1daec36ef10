using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>Planned changes: nothing is lost.</summary>
internal static class PlannedChanges
{
    private const int KubeProxyHealthPort = 10256;

    public static IReadOnlyList<FaultScenario> All { get; } =
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
        Moves("moved by hand",
            async (stage, cancel) =>
            {
                var service = await stage.ServiceAsync(cancel);
                await stage.Lab.ControlPlane.Kubectl(
                    "annotate", "--overwrite", "service", $"{service["metadata"]!["name"]}", $"layer2.porterlb.io/node={stage.Others[0].Name}").RunAsync(cancel);
            },
            (_, _) => Task.CompletedTask),
        Moves("endpoints of policy Local moved",
            async (stage, cancel) =>
            {
                // A rolling update: the new Pod is ready on another node, the old one ends.
                var (service, old, @new) = ((string)(await stage.ServiceAsync(cancel))["metadata"]!["name"]!, stage.Owner.Name, stage.Others[0].Name);
                await stage.Lab.SetEndpointsAsync(service, [new(old), new(@new)], cancel);
                await WaitAsync(0.5, cancel);
                await stage.Lab.SetEndpointsAsync(service, [new(old, Ready: false, Serving: true, Terminating: true), new(@new)], cancel);
                await WaitAsync(2.5, cancel);
                await stage.Lab.SetEndpointsAsync(service, [new(@new)], cancel);
            },
            async (stage, cancel) =>
            {
                var service = (string)(await stage.ServiceAsync(cancel))["metadata"]!["name"]!;
                await SetPolicyAsync(stage, service, "Cluster", cancel);
                await stage.Lab.SetEndpointsAsync(service, [.. stage.Lab.Nodes.Select(node => new LightLab.Endpoint(node.Name))], cancel);
            }) with
        {
            Prepare = async (stage, cancel) =>
            {
                var service = (string)(await stage.ServiceAsync(cancel))["metadata"]!["name"]!;
                await stage.Lab.SetEndpointsAsync(service, [new(stage.Owner.Name)], cancel);
                await SetPolicyAsync(stage, service, "Local", cancel);
                await ControlPlane.WaitUntilAsync(
                    $"{stage.Owner.Name} to answer for all addresses",
                    async () =>
                    {
                        foreach (var address in stage.Addresses)
                        {
                            if (await stage.OwnerOfAsync(address, cancel) != stage.Owner)
                            {
                                return false;
                            }
                        }

                        return true;
                    },
                    Patience,
                    cancel);
                await WaitAsync(1, cancel);
            },
        },
        new("kube-proxy unhealthy", async (stage, cancel) =>
        {
            using var page = HealthPage.Open(stage.Owner.Host, KubeProxyHealthPort);
            await WaitAsync(6, cancel);
            page.Status = 503;
            await WaitAsync(5, cancel);
            Require(await stage.OwnerOfAsync(stage.Addresses[0], cancel) != stage.Owner, $"{stage.Owner.Name} answers still");
            page.Status = 200;
            await WaitAsync(1.5, cancel);
        })
        {
            SilentAtMost = FaultScenario.NothingDue,
            LosesNothing = true,

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
        }) { SilentAtMost = FaultScenario.NothingDue, LosesNothing = true },
        new("manager killed", (stage, cancel) => stage.Lab.Manager.KillAsync(cancel)) { Stays = true, SilentAtMost = FaultScenario.NothingDue },
    ];

    private static FaultScenario Moves(string name, Func<FaultStage, CancellationToken, Task> happen, Func<FaultStage, CancellationToken, Task> repair) => new(name, happen)
    {
        SilentAtMost = FaultScenario.NothingDue,
        LosesNothing = true,
        Aftermath = TimeSpan.FromSeconds(3),
        Repair = repair,
        Afterwards = async (stage, cancel) =>
            Require(await stage.OwnerOfAsync(stage.Addresses[0], cancel) != stage.Owner, $"{stage.Owner.Name} answers still"),
    };

    private static Task<JsonNode> SetPolicyAsync(FaultStage stage, string service, string policy, CancellationToken cancel) => stage.Lab.ControlPlane.Api.MergeAsync(
        $"/api/v1/namespaces/default/services/{service}", new JsonObject { ["spec"] = new JsonObject { ["externalTrafficPolicy"] = policy } }, cancel);

    private static Task<JsonNode> LabelAsync(FaultStage stage, LightNode node, string label, string? value, CancellationToken cancel) =>
        stage.Lab.ControlPlane.Api.MergeAsync($"/api/v1/nodes/{node.Name}", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = value } } }, cancel);
}
