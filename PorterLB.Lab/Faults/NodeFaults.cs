using PorterLB.Lab.Processes;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>What happens to a node, to its cable or to its processes.</summary>
internal static class NodeFaults
{
    /// <summary>What a node's card is given in exchange for its own.</summary>
    public const string NewMac = "02:00:63:aa:aa:01";

    public static IReadOnlyList<FaultScenario> All { get; } =
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
        }) { SilentAtMost = FaultScenario.NothingDue, LosesNothing = true },
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
            Afterwards = async (stage, cancel) => await stage.AnsweredByAsync(NewMac, cancel),
        },
        new("interface deleted, and made again", async (stage, cancel) =>
        {
            await stage.Owner.Host.RemoveCardAsync(cancel);
            await WaitAsync(1.5, cancel);
            await stage.Owner.Host.InsertCardAsync(cancel);
        }) { InEveryTest = true, Aftermath = TimeSpan.FromSeconds(3), Afterwards = (stage, cancel) => stage.UsesInterfaceAsync(stage.Owner, cancel) },
        new("interface made a bridge port, and freed", async (stage, cancel) =>
        {
            await stage.Owner.Host.RunAsync("ip link add bridge0 type bridge; ip link set eth0 master bridge0", cancel);
            await WaitAsync(1.5, cancel);
            await stage.Owner.Host.RunAsync("ip link delete bridge0", cancel);
        }) { Aftermath = TimeSpan.FromSeconds(3), Afterwards = (stage, cancel) => stage.UsesInterfaceAsync(stage.Owner, cancel) },
    ];

    /// <summary>Where there is no third node to ask.</summary>
    public static IReadOnlyList<FaultScenario> OfTwo { get; } =
    [
        new("one of two nodes dead, their gateway mute", async (stage, cancel) =>
        {
            await stage.Owner.Host.BlackholeAsync(cancel);
            await stage.Owner.Speaker.KillAsync(cancel);
        })
        {
            Prepare = async (stage, cancel) =>
            {
                foreach (var node in stage.Lab.Nodes)
                {
                    await node.Host.RunAsync($"ip route replace default via {stage.Lab.Segment.IPv4(253)}; ip -6 route replace default via {stage.Lab.Segment.IPv6(253)}", cancel);
                }

                await WaitAsync(3, cancel);
            },
            Repair = async (stage, cancel) =>
            {
                await stage.Owner.Host.ForwardAsync(cancel);
                stage.Owner.StartSpeaker();
                foreach (var node in stage.Lab.Nodes)
                {
                    await node.Host.RunAsync("ip route delete default; ip -6 route delete default", cancel);
                }
            },
        },
    ];
}
