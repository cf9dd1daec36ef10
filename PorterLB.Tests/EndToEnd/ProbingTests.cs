using System.Net;
using PorterLB.Lab;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Probing;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The instruments, checked against kernels whose behaviour is known: an address on a host's own interface is answered for.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class ProbingTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Probes_count_what_is_lost_and_the_observer_tells_who_answered_and_whether_two_did()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, output.WriteLine, Cancel);
        IPAddress[] addresses = [lab.Segment.IPv4(100), lab.Segment.IPv6(100)];
        var (one, two) = (lab.Nodes[0].Host, lab.Nodes[1].Host);
        async Task OnInterfaceAsync(string verb, PorterLB.Lab.Network.Host host) => await host.RunAsync(
            $"ip addr {verb} {addresses[0]}/32 dev eth0; ip -6 addr {verb} {addresses[1]}/128 dev eth0 nodad", Cancel);

        await OnInterfaceAsync("add", one);
        using (var probe = await ClientProgram.ProbeAsync(lab.Client, addresses, cancellationToken: Cancel))
        using (var held = await ClientProgram.HoldAsync(lab.Client, addresses[0], 20, cancellationToken: Cancel))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
            await one.CutCableAsync(Cancel);
            var cut = ProbeResult.Now;
            await Task.Delay(TimeSpan.FromMilliseconds(300), Cancel);
            var silence = TimeSpan.FromTicks((ProbeResult.Now - cut) / 100);
            await one.PlugCableAsync(Cancel);
            await Task.Delay(TimeSpan.FromSeconds(1.5), Cancel);
            var result = await probe.StopAsync(Cancel);
            Assert.Equal(4, result.Flows.Length);
            foreach (var flow in result.Flows)
            {
                output.WriteLine($"{flow}; longest pause {flow.LongestPause.TotalMilliseconds:0.0} ms; cut for {silence.TotalMilliseconds:0} ms");
                Assert.Equal(["n1"], flow.Answerers.Keys);
                Assert.True(flow.Lost > 0, "nothing was lost while the cable was cut");
                Assert.True(flow.LongestSilence >= silence - TimeSpan.FromMilliseconds(10), $"{flow} although the cable was cut for {silence}");
            }

            Assert.Equal(new HeldResult(20, 20), await held.StopAsync(Cancel));
        }

        using (var observer = await ClientProgram.ObserveAsync(lab.Client, addresses, cancellationToken: Cancel))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), Cancel);
            await OnInterfaceAsync("add", two);
            await Task.Delay(TimeSpan.FromMilliseconds(500), Cancel);
            await OnInterfaceAsync("del", one);
            await Task.Delay(TimeSpan.FromMilliseconds(500), Cancel);
            var log = await observer.StopAsync(Cancel);
            foreach (var address in addresses)
            {
                var said = log.For(address);
                output.WriteLine($"{address}: {said.Answers.Length} answers, two answered for {said.TwoAnswered.TotalMilliseconds:0} ms");
                Assert.Equal([one.Mac, two.Mac], said.Answerers);
                Assert.InRange(said.TwoAnswered.TotalMilliseconds, 300, 1500);
                Assert.Equal(two.Mac, said.AnswererAt(ProbeResult.Now));
            }
        }
    }
}
