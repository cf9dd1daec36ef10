using PorterLB.Lab.Probing;
using PorterLB.Lab.Processes;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>What happens to the segment between the nodes.</summary>
internal static class SegmentFaults
{
    public static IReadOnlyList<FaultScenario> All { get; } =
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
        }) { Stays = true, SilentAtMost = FaultScenario.NothingDue, Repair = (stage, cancel) => stage.Lab.Segment.LoseNothingAsync(cancel) },
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
            Stays = true, SilentAtMost = FaultScenario.NothingDue,
        },
        new("10,000 requests a second for other addresses", async (stage, cancel) =>
        {
            using var flood = stage.Stranger.Command(ClientProgram.Path, "flood", "--rate", "10000", $"{stage.Lab.Segment.IPv4(250)}").Start();
            await WaitAsync(3, cancel);
            flood.StandardInput.Close();
            await flood.WaitForExitAsync(cancel);
        }) { Stays = true, SilentAtMost = FaultScenario.NothingDue },
    ];
}
