using System.Diagnostics;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class LabRemainsTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_killed_lab_left_is_swept_by_the_next_and_a_live_lab_is_let_be()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        using var live = LabSession.Open("tests", output.WriteLine);
        var neighbour = await (await Segment.CreateAsync(live, Cancel)).AddHostAsync("a", 11, Cancel);
        var neighbours = live.Start("sleep", neighbour.Command("sleep", "60"));

        using var killed = LabSession.Open("tests", output.WriteLine);
        var host = await (await Segment.CreateAsync(killed, Cancel)).AddHostAsync("a", 11, Cancel);
        var left = killed.Start("sleep", host.Command("sleep", "60"));
        await IsInsideAsync(left);
        await IsInsideAsync(neighbours);
        PretendOwnerIsGone(killed);

        using var next = LabSession.Open("tests", output.WriteLine);
        Assert.False(File.Exists(host.Namespace.File));
        Assert.False(Directory.Exists(killed.Folder) && killed.Folder != next.Folder);
        await left.WaitForExitAsync(Cancel);
        Assert.True(File.Exists(neighbour.Namespace.File));
        Assert.False(neighbours.HasExited);
    }

    [Fact]
    public async Task Names_that_a_stranger_took_are_refused_in_one_sentence()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        using var session = LabSession.Open("tests", output.WriteLine);
        var name = session.Prefix + "sw";
        await new Command("ip", "netns", "add", name).RunAsync(Cancel);
        var refused = await Assert.ThrowsAsync<PorterLB.Lab.LabException>(() => Segment.CreateAsync(session, Cancel));
        Assert.Contains($"ip netns delete {name}", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A process that has been started only just is still on its way into its namespace.</summary>
    private static Task IsInsideAsync(LabProcess process) => ControlPlane.WaitUntilAsync(
        $"process {process.Id} to enter its network namespace",
        () => Task.FromResult(new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget is { } space && space != new FileInfo("/proc/self/ns/net").LinkTarget),
        TimeSpan.FromSeconds(60),
        Cancel);

    private static void PretendOwnerIsGone(LabSession session)
    {
        using var ended = Process.Start("true");
        ended.WaitForExit();
        var file = $"/run/porterlb-lab/{session.Slot}.json";
        var record = LabRecord.Read(file)!;
        (record with { Owner = new ProcessIdentity(ended.Id, record.Owner.StartTicks) }).Write(file);
    }
}
