using System.Net;
using PorterLB.Lab;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The promises of a single address, through a real API server and a real wire, one fault after the other.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class TakeOverTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_address_is_answered_by_one_node_whatever_happens_to_that_node_and_by_nobody_once_released()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, output.WriteLine, Cancel);
        await lab.StartPorterLBAsync(Cancel);
        await lab.CreatePoolAsync(cancellationToken: Cancel);
        var addresses = await lab.PublishAsync("web", Cancel);
        Assert.Equal([lab.Segment.IPv4(100), lab.Segment.IPv6(100)], addresses);
        var faults = new OwnerFaults(lab, addresses);

        await faults.SettleAsync(Cancel);
        var cut = await faults.CutCableAsync(Cancel);
        Tell("cable cut", cut);
        Assert.True(cut.Probes.LongestSilence < TimeSpan.FromMilliseconds(500), $"silent for {cut.Probes.LongestSilence.TotalMilliseconds:0} ms");

        var successor = await faults.OwnerAsync(addresses[0], Cancel);
        Assert.NotSame(cut.Owner, successor);
        var back = await faults.PlugCableAsync(cut.Owner, Cancel);
        Tell("cable back", back);
        Assert.True(back.TwoAnswered <= TimeSpan.FromSeconds(1), $"two nodes answered for {back.TwoAnswered.TotalMilliseconds:0} ms");
        Assert.Same(successor, await faults.OwnerAsync(addresses[0], Cancel));

        await faults.SettleAsync(Cancel);
        var stopped = await faults.TerminateAsync(Cancel);
        Tell("SIGTERM", stopped);

        // Connections under way at that very moment may end with the node that had them; a datagram every 5 ms shows any gap.
        Assert.All(stopped.Probes.Flows.Where(flow => flow.Protocol == "udp"), flow => Assert.Equal(0, flow.Lost));
        stopped.Owner.StartSpeaker();

        await faults.SettleAsync(Cancel);
        var killed = await faults.KillAsync(Cancel);
        Tell("kill -9", killed);
        AssertTakenOver(killed, addresses[0]);
        killed.Owner.StartSpeaker();

        await faults.SettleAsync(Cancel);
        var frozen = await faults.SuspendAsync(Cancel);
        Tell("SIGSTOP", frozen);
        AssertTakenOver(frozen, addresses[0]);
        frozen.Owner.Speaker.Send(UnixSignal.Continue);

        await lab.ControlPlane.Kubectl("delete", "service", "web", "--timeout=20s").RunAsync(Cancel);
        var silent = await lab.Client.Command("arping", "-c2", "-w2", "-I", "eth0", $"{addresses[0]}").TryRunAsync(Cancel);
        Assert.False(silent.Succeeded, silent.Text);
        var silentV6 = await lab.Client.Command("ndisc6", "-m", "-r2", "-w300", $"{addresses[1]}", "eth0").TryRunAsync(Cancel);
        Assert.False(silentV6.Succeeded, silentV6.Text);
    }

    private static void AssertTakenOver(FaultResult result, IPAddress address)
    {
        var took = result.UntilAnotherAnswers(address);
        Assert.NotNull(took);
        Assert.True(took < TimeSpan.FromMilliseconds(500), $"another node answered after {took.Value.TotalMilliseconds:0} ms");
    }

    private void Tell(string fault, FaultResult result) => output.WriteLine(
        $"{fault} of {result.Owner.Name}: {string.Join("; ", result.Probes.Flows)}; two answered for {result.TwoAnswered.TotalMilliseconds:0} ms");
}
