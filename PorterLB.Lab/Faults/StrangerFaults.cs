using PorterLB.Lab.Cluster;
using PorterLB.Lab.Probing;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>Strangers that claim, ask or lie.</summary>
internal static class StrangerFaults
{
    /// <summary>Of the lab's pool, and asked for by no Service but one.</summary>
    private const int TakenNumber = 118;

    public static IReadOnlyList<FaultScenario> All { get; } =
    [
        new("a stranger takes the address and claims it", async (stage, cancel) =>
        {
            var address = stage.V4;
            await stage.Stranger.RunAsync($"ip addr add {address}/32 dev eth0; arping -q -U -c 3 -i 0.2 -I eth0 {address} || true; ip addr del {address}/32 dev eth0", cancel);
        }) { Stays = true, SilentAtMost = FaultScenario.NothingDue },
        new("a stranger's duplicate address detection", async (stage, cancel) =>
        {
            var address = stage.V6;
            await stage.Stranger.RunAsync($"ip -6 addr add {address}/128 dev eth0", cancel);
            await WaitAsync(2, cancel);
        })
        {
            InEveryTest = true,
            Stays = true,
            SilentAtMost = FaultScenario.NothingDue,
            Afterwards = async (stage, cancel) => Require(
                (await stage.Stranger.RunAsync("ip -6 addr show dev eth0 dadfailed", cancel)).Contains("dadfailed", StringComparison.Ordinal), "the stranger's kernel did not notice that the address is taken"),
            Repair = (stage, cancel) => stage.Stranger.RunAsync(
                $"ip -6 addr del {stage.V6}/128 dev eth0", cancel),
        },
        new("hellos replayed, forged and from behind a router", async (stage, cancel) =>
        {
            using var replay = stage.Stranger.Command(ClientProgram.Path, "replay").Start();
            await WaitAsync(3, cancel);
            replay.StandardInput.Close();
            await replay.WaitForExitAsync(cancel);
        }) { InEveryTest = true, Stays = true, SilentAtMost = FaultScenario.NothingDue },
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
            SilentAtMost = FaultScenario.NothingDue,
            Afterwards = async (stage, cancel) =>
            {
                foreach (var address in stage.Addresses)
                {
                    var entry = await stage.Lab.Client.RunAsync($"ip neigh show {address} dev eth0", cancel);
                    Require(entry.Contains("REACHABLE", StringComparison.Ordinal), $"a unicast probe for {address} was not answered: {entry.Trim()}");
                }
            },
        },
        new("a stranger has an address before it is given out, and lets it go", async (stage, cancel) =>
        {
            var address = stage.Lab.Segment.IPv4(TakenNumber);
            await stage.Lab.CreateServiceAsync(
                "taken",
                new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["lb.kubesphere.io/v1alpha1"] = "porterlb",
                    ["eip.openelb.kubesphere.io/v1alpha1"] = $"{address}",
                },
                cancellationToken: cancel);
            await stage.Lab.WaitForAddressesAsync("taken", 1, Patience, cancel);
            var answerers = await stage.AnswerersAsync(address, 3, cancel);
            Require(answerers is [var only] && only == stage.Stranger.Mac, $"{address} is the stranger's, and answered by {string.Join(" and ", answerers)}");
            await ControlPlane.WaitUntilAsync(
                $"the Service to say that another machine has {address}",
                async () => (await stage.Lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services/taken", cancel))?["status"]?["conditions"]?.AsArray()
                    .Any(condition => (string?)condition?["reason"] == "AddressConflict" && ((string?)condition["message"])!.Contains(stage.Stranger.Mac, StringComparison.Ordinal)) == true,
                Patience,
                cancel);
            await stage.Stranger.RunAsync($"ip addr del {address}/32 dev eth0", cancel);
            await stage.OwnerOfAsync(address, cancel);
        })
        {
            NeedsServer = true,
            Stays = true,
            SilentAtMost = FaultScenario.NothingDue,
            Prepare = (stage, cancel) => stage.Stranger.RunAsync($"ip addr add {stage.Lab.Segment.IPv4(TakenNumber)}/32 dev eth0", cancel),
            Repair = async (stage, cancel) =>
            {
                await stage.Stranger.RunAsync($"ip addr del {stage.Lab.Segment.IPv4(TakenNumber)}/32 dev eth0 2>/dev/null || true", cancel);
                await stage.Lab.ControlPlane.Kubectl("delete", "service", "taken", "--timeout=20s").TryRunAsync(cancel);
            },
        },
    ];
}
