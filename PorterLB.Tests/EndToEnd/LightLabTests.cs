using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

[Trait("Category", "EndToEnd")]
public sealed class LightLabTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_light_lab_has_a_real_API_server_nodes_that_answer_and_a_client_that_reaches_them()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, output.WriteLine, Cancel);
        var nodes = await lab.ControlPlane.Kubectl("get", "nodes", "-o", "name").RunAsync(Cancel);
        Assert.Equal("node/n1\nnode/n2\nnode/n3\n", nodes);

        await lab.CreateServiceAsync("web", cancellationToken: Cancel);
        await lab.ControlPlane.Api.MergeAsync(
            "/api/v1/namespaces/default/services/web/status",
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = $"{lab.Segment.IPv4(100)}" }, new JsonObject { ["ip"] = $"{lab.Segment.IPv6(100)}" }) } } },
            Cancel);
        var addresses = await lab.WaitForAddressesAsync("web", 2, TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal([lab.Segment.IPv4(100), lab.Segment.IPv6(100)], addresses);

        // Nobody announces it yet; a neighbour entry by hand shows that the workload behind it answers from the address asked.
        var silent = await lab.Client.Command("arping", "-c2", "-w1", "-I", "eth0", $"{addresses[0]}").TryRunAsync(Cancel);
        Assert.False(silent.Succeeded, silent.Text);
        foreach (var address in addresses)
        {
            await lab.Client.RunAsync($"ip neigh replace {address} lladdr {lab.Nodes[1].Host.Mac} dev eth0 nud permanent", Cancel);
            var url = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"http://[{address}]/" : $"http://{address}/";
            Assert.Equal("n2\n", await lab.Client.Command("curl", "-sgm2", url).RunAsync(Cancel));
        }

        var asSpeaker = await lab.ControlPlane.KubectlAs(lab.ControlPlane.KubeconfigFor(LightLab.SpeakerUser), "get", "nodes").TryRunAsync(Cancel);
        Assert.Contains("system:serviceaccount:porterlb-system:porterlb-speaker", asSpeaker.Error, StringComparison.Ordinal);
    }
}
