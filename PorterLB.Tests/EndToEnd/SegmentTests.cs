using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;

namespace PorterLB.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class SegmentTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    /// <summary>Seconds. Linux tells a bridge of its ports' carriers once a second at most (linkwatch): a cable just plugged carries nothing yet.</summary>
    private const int Patience = 10;

    [Fact]
    public async Task Hosts_reach_each_other_until_a_cable_is_cut_or_its_port_drops_everything()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        using var session = LabSession.Open("tests", output.WriteLine);
        var segment = await Segment.CreateAsync(session, Cancel);
        var left = await segment.AddHostAsync("a", 11, Cancel);
        var right = await segment.AddHostAsync("b", 12, Cancel);

        Assert.True(await ReachesAsync(left, right, Patience));
        await right.CutCableAsync(Cancel);
        Assert.False(await ReachesAsync(left, right, seconds: 1));
        Assert.False(await HasCarrierAsync(right));
        await right.PlugCableAsync(Cancel);
        Assert.True(await ReachesAsync(left, right, Patience));

        await right.BlackholeAsync(Cancel);
        Assert.False(await ReachesAsync(left, right, seconds: 1));
        Assert.True(await HasCarrierAsync(right));
        await right.ForwardAsync(Cancel);
        Assert.True(await ReachesAsync(left, right, Patience));
    }

    [Fact]
    public async Task Two_labs_have_the_same_hosts_and_never_meet()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        using var one = LabSession.Open("tests", output.WriteLine);
        using var other = LabSession.Open("tests", output.WriteLine);
        var first = await (await Segment.CreateAsync(one, Cancel)).AddHostAsync("a", 11, Cancel);
        var second = await (await Segment.CreateAsync(other, Cancel)).AddHostAsync("a", 11, Cancel);

        Assert.NotEqual(first.IPv4, second.IPv4);
        Assert.NotEqual(first.Namespace, second.Namespace);
        one.Dispose();
        Assert.False(File.Exists(first.Namespace.File));
        Assert.True(File.Exists(second.Namespace.File));
    }

    private static async Task<bool> ReachesAsync(Host from, Host to, int seconds)
    {
        var v4 = await from.Command("arping", "-f", $"-w{seconds}", "-I", Host.Interface, $"{to.IPv4}").TryRunAsync(Cancel);
        var v6 = await from.Command("ndisc6", "-1", "-q", $"-r{2 * seconds}", "-w400", $"{to.IPv6}", Host.Interface).TryRunAsync(Cancel);
        Assert.Equal(v4.Succeeded, v6.Succeeded);
        return v4.Succeeded;
    }

    private static async Task<bool> HasCarrierAsync(Host host) =>
        !(await host.Command("ip", "link", "show", Host.Interface).RunAsync(Cancel)).Contains("NO-CARRIER", StringComparison.Ordinal);
}
