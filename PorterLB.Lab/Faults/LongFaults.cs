using PorterLB.Lab.Processes;
using static PorterLB.Lab.Faults.FaultStage;

namespace PorterLB.Lab.Faults;

/// <summary>What takes too long for every run of the tests.</summary>
internal static class LongFaults
{
    public static IReadOnlyList<FaultScenario> All { get; } =
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
            using var loops = new BusyLoops(2 * Environment.ProcessorCount);
            await WaitAsync(60, cancel);
        }) { Stays = true, SilentAtMost = TimeSpan.FromMilliseconds(500) },
    ];
}
