using System.Text.Json.Nodes;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>What happens to the API server and its store.</summary>
internal static class ServerFaults
{
    public static IReadOnlyList<FaultScenario> All { get; } =
    [
        // A leader that cannot renew its lease ends after 10 s, as it must: addresses live on without any.
        new("API server down for 20 s, the owner's cable cut meanwhile", async (stage, cancel) =>
        {
            await stage.Lab.ControlPlane.KillApiServerAsync(cancel);
            await WaitAsync(14, cancel);
            await stage.Owner.Host.CutCableAsync(cancel);
            await WaitAsync(2, cancel);
            await stage.Owner.Host.PlugCableAsync(cancel);
            await WaitAsync(4, cancel);
            await stage.Lab.ControlPlane.StartApiServerAsync(cancel);
        })
        {
            Aftermath = TimeSpan.FromSeconds(8),
            Afterwards = NewServiceIsAnsweredAsync,
            Repair = RepairAsync,
        },
        new("etcd back as it was before the last move", (stage, cancel) => stage.Lab.ControlPlane.RestoreStoreAsync(cancel))
        {
            Prepare = async (stage, cancel) =>
            {
                await stage.Lab.ControlPlane.BackUpStoreAsync(cancel);
                var service = await stage.ServiceAsync(cancel);
                var to = stage.Others[0];
                await stage.Lab.ControlPlane.Api.MergeAsync(
                    $"/api/v1/namespaces/default/services/{service["metadata"]!["name"]}",
                    new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["layer2.porterlb.io/node"] = to.Name } } },
                    cancel);
                await Cluster.ControlPlane.WaitUntilAsync($"{to.Name} to answer alone", async () => await stage.OwnerOfAsync(stage.Addresses[0], cancel) == to, Patience, cancel);
            },
            Aftermath = TimeSpan.FromSeconds(8),
            Afterwards = NewServiceIsAnsweredAsync,
            Repair = RepairAsync,
        },
    ];

    /// <summary>All that it takes works again: allocation, election, announcement.</summary>
    private static async Task NewServiceIsAnsweredAsync(FaultStage stage, CancellationToken cancellationToken)
    {
        var addresses = await stage.Lab.PublishAsync("afterwards", cancellationToken);
        foreach (var address in addresses)
        {
            await stage.OwnerOfAsync(address, cancellationToken);
        }
    }

    private static async Task RepairAsync(FaultStage stage, CancellationToken cancellationToken) =>
        await stage.Lab.ControlPlane.Kubectl("delete", "service", "afterwards", "--timeout=20s").TryRunAsync(cancellationToken);
}
