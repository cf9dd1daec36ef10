using System.Net.Sockets;
using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Probing;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The promises of layer 2, with real processes, real kernels and a client that measures.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class LayerTwoTests(LayerTwoLab layerTwo, ITestOutputHelper output) : IClassFixture<LayerTwoLab>
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly TimeSpan TakeOver = TimeSpan.FromMilliseconds(500);

    private LightLab Lab => layerTwo.Lab;

    [Fact]
    public async Task A_Service_gets_an_address_of_each_family_and_exactly_one_node_answers_for_each()
    {
        SkipWithoutLab();
        var (first, last) = (Lab.Segment.IPv4(100).ToString(), Lab.Segment.IPv4(119).ToString());
        Assert.Equal([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6], layerTwo.Addresses.Select(address => address.AddressFamily).Order());
        Assert.InRange(layerTwo.V4.ToString(), first, last);
        foreach (var address in layerTwo.Addresses)
        {
            var owner = await layerTwo.Faults.OwnerAsync(address, Cancel);
            var judge = address.AddressFamily == AddressFamily.InterNetwork
                ? await Lab.Client.Command("arping", "-c3", "-w3", "-I", "eth0", $"{address}").RunAsync(Cancel)
                : await Lab.Client.Command("ndisc6", "-m", "-r1", $"{address}", "eth0").RunAsync(Cancel);
            output.WriteLine(judge);
            foreach (var node in Lab.Nodes)
            {
                Assert.Equal(node == owner, judge.Contains(node.Host.Mac, StringComparison.OrdinalIgnoreCase));
            }
        }
    }

    [Fact]
    public async Task What_a_speaker_does_is_told_by_its_object_and_its_metrics()
    {
        SkipWithoutLab();
        var owner = await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel);
        var metrics = await owner.Host.GetAsync(7472, "/metrics", Cancel) ?? "";
        output.WriteLine(string.Join('\n', metrics.Split('\n').Where(line => line.StartsWith("porterlb_", StringComparison.Ordinal))));
        Assert.Matches($"porterlb_layer2_requests_received{{ip=\"{layerTwo.V4}\"}} [1-9]", metrics);
        Assert.Matches($"porterlb_layer2_responses_sent{{ip=\"{layerTwo.V4}\"}} [1-9]", metrics);
        Assert.Matches($"porterlb_layer2_gratuitous_sent{{ip=\"{layerTwo.V4}\"}} [1-9]", metrics);
        Assert.Matches("porterlb_layer2_addresses_announced{interface=\"eth0\"} [1-9]", metrics);
        Assert.Matches("porterlb_layer2_hello_age_seconds{interface=\"eth0\",peer=\"n[1-3]\"} 0", metrics);
        Assert.Matches("porterlb_layer2_takeovers [0-9]", metrics);

        // Once a node failed, each address went to the first of its own candidates: one node may answer for both of them or not.
        var answered = await layerTwo.Faults.OwnerAsync(layerTwo.Addresses.First(address => !address.Equals(layerTwo.V4)), Cancel) == owner ? 2 : 1;

        // A speaker writes what it does into its object once a second.
        JsonNode? speaker = null;
        await ControlPlane.WaitUntilAsync(
            $"the Speaker object to tell of {answered} addresses and two peers",
            async () =>
            {
                speaker = await Lab.ControlPlane.Api.GetAsync($"/apis/network.kubesphere.io/v1alpha2/speakers/{owner.Name}", Cancel);
                return (int?)speaker?["status"]?["addresses"] == answered && (int?)speaker?["status"]?["peersAlive"] == 2;
            },
            TimeSpan.FromSeconds(60),
            Cancel);
        output.WriteLine($"{speaker?["status"]}");
        Assert.Equal(owner.Host.Mac, (string?)speaker?["status"]?["announced"]?[0]?["mac"]);
        Assert.True((long?)speaker?["status"]?["counters"]?["announcements"] >= 0);
    }

    [Fact]
    public async Task A_cut_cable_silences_an_address_for_less_than_half_a_second_and_its_return_moves_nothing()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var cut = Told(await layerTwo.Faults.CutCableAsync(Cancel));
        Assert.True(cut.Probes.LongestSilence < TakeOver, $"silent for {cut.Probes.LongestSilence}");
        var next = await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel);
        Assert.NotEqual(cut.Owner, next);

        var back = Told(await layerTwo.Faults.PlugCableAsync(cut.Owner, Cancel));
        Assert.True(back.TwoAnswered <= TimeSpan.FromSeconds(1), $"two nodes answered for {back.TwoAnswered}");
        Assert.All(back.Probes.Flows.Where(flow => flow.Protocol == "udp"), flow => Assert.Equal(0, flow.Lost));
        Assert.Equal(next, await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel));
    }

    [Fact]
    public async Task A_port_that_drops_every_frame_silences_an_address_for_less_than_half_a_second()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var lost = Told(await layerTwo.Faults.BlackholeAsync(Cancel));
        await lost.Owner.Host.ForwardAsync(Cancel);
        Assert.True(lost.Probes.LongestSilence < TakeOver, $"silent for {lost.Probes.LongestSilence}");
        Assert.NotEqual(lost.Owner, await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel));
    }

    [Fact]
    public async Task A_speaker_that_is_told_to_stop_hands_over_without_an_unanswered_probe()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var stopped = Told(await layerTwo.Faults.TerminateAsync(Cancel));
        stopped.Owner.StartSpeaker();

        // Connections under way at that very moment may end with the node that had them; a datagram every 5 ms shows any gap.
        Assert.All(stopped.Probes.Flows.Where(flow => flow.Protocol == "udp"), flow => Assert.Equal(0, flow.Lost));
        Assert.All(stopped.Answers.Addresses, address => Assert.True(address.LongestSilence < TimeSpan.FromMilliseconds(150), $"{address.Address} was not answered for {address.LongestSilence}"));
        Assert.True(stopped.TwoAnswered <= TimeSpan.FromSeconds(1), $"two nodes answered for {stopped.TwoAnswered}");
        Assert.NotEqual(stopped.Owner, await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel));
    }

    [Fact]
    public async Task When_a_speaker_is_killed_another_node_answers_within_half_a_second()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var killed = Told(await layerTwo.Faults.KillAsync(Cancel));
        killed.Owner.StartSpeaker();
        Assert.True(killed.UntilAnotherAnswers(layerTwo.V4) < TakeOver, $"after {killed.UntilAnotherAnswers(layerTwo.V4)}");
    }

    [Fact]
    public async Task When_a_speaker_is_frozen_another_node_answers_within_half_a_second_and_goes_on_after_the_thaw()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var frozen = Told(await layerTwo.Faults.SuspendAsync(Cancel));
        var next = await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel);
        frozen.Owner.Speaker.Send(UnixSignal.Continue);
        Assert.True(frozen.UntilAnotherAnswers(layerTwo.V4) < TakeOver, $"after {frozen.UntilAnotherAnswers(layerTwo.V4)}");
        await layerTwo.Faults.SettleAsync(Cancel);
        Assert.Equal(next, await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel));
    }

    [Fact]
    public async Task While_the_API_server_is_down_another_node_takes_over_all_the_same()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        await Lab.ControlPlane.KillApiServerAsync(Cancel);
        try
        {
            var cut = Told(await layerTwo.Faults.CutCableAsync(Cancel));
            await cut.Owner.Host.PlugCableAsync(Cancel);
            Assert.True(cut.Probes.LongestSilence < TakeOver, $"silent for {cut.Probes.LongestSilence}");
        }
        finally
        {
            await Lab.ControlPlane.StartApiServerAsync(Cancel);
            await Lab.WaitForLeaderAsync(Cancel);
        }
    }

    [Fact]
    public async Task An_address_of_policy_Local_follows_its_endpoints_without_an_unanswered_moment()
    {
        SkipWithoutLab();
        await Lab.CreateServiceAsync(
            "local",
            LightLab.Ours,
            new JsonObject { ["externalTrafficPolicy"] = "Local" },
            ["n1"],
            Cancel);
        var address = (await Lab.WaitForAddressesAsync("local", 1, TimeSpan.FromSeconds(30), Cancel))[0];
        var local = new OwnerFaults(Lab, [address]);
        Assert.Equal("n1", (await local.OwnerAsync(address, Cancel)).Name);

        using var observer = await ClientProgram.ObserveAsync(Lab.Client, [address], cancellationToken: Cancel);
        await Task.Delay(TimeSpan.FromSeconds(0.5), Cancel);

        // A rolling update: the new Pod is ready on another node, the old one ends.
        await Lab.SetEndpointsAsync("local", [new("n1"), new("n2")], Cancel);
        await Task.Delay(TimeSpan.FromSeconds(0.5), Cancel);
        await Lab.SetEndpointsAsync("local", [new("n1", Ready: false, Serving: true, Terminating: true), new("n2")], Cancel);
        await Task.Delay(TimeSpan.FromSeconds(2.5), Cancel);
        await Lab.SetEndpointsAsync("local", [new("n2")], Cancel);
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
        var log = await observer.StopAsync(Cancel);
        Assert.Equal("n2", (await local.OwnerAsync(address, Cancel)).Name);
        var silent = log.LongestUnanswered(log.For(address));
        Assert.True(silent < TimeSpan.FromMilliseconds(150), $"not answered for {silent.TotalMilliseconds:0} ms");
        await Lab.ControlPlane.Kubectl("delete", "service", "local", "--timeout=60s").RunAsync(Cancel);
    }

    [Fact]
    public async Task A_kernel_that_answers_for_an_address_is_told_by_an_Event_that_names_the_sysctl()
    {
        SkipWithoutLab();
        var node = Lab.Nodes[0];
        await node.Host.RunAsync("for each in all eth0; do echo 0 > /proc/sys/net/ipv4/conf/$each/arp_ignore; done", Cancel);
        try
        {
            await Lab.PublishAsync("answered-twice", Cancel);
            string? told = null;
            await PorterLB.Lab.Cluster.ControlPlane.WaitUntilAsync(
                "a Warning that names the sysctl",
                async () =>
                {
                    var events = await Lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/events", Cancel);
                    told = events?["items"]?.AsArray()
                        .Where(item => (string?)item?["involvedObject"]?["name"] == "answered-twice" && (string?)item["reason"] == "KernelAnswers")
                        .Select(item => (string?)item!["message"]).FirstOrDefault();
                    return told is not null;
                },
                TimeSpan.FromSeconds(60),
                Cancel);
            output.WriteLine(told!);
            Assert.Contains("net.ipv4.conf.all.arp_ignore=1", told, StringComparison.Ordinal);
        }
        finally
        {
            await node.Host.RunAsync("for each in all eth0; do echo 1 > /proc/sys/net/ipv4/conf/$each/arp_ignore; done", Cancel);
            await Lab.ControlPlane.Kubectl("delete", "service", "answered-twice", "--timeout=60s").RunAsync(Cancel);
        }
    }

    [Fact]
    public async Task When_a_Service_is_deleted_nobody_answers_for_its_addresses_any_more()
    {
        SkipWithoutLab();
        var addresses = await Lab.PublishAsync("short-lived", Cancel);
        foreach (var address in addresses)
        {
            await layerTwo.Faults.OwnerAsync(address, Cancel);
        }

        await Lab.ControlPlane.Kubectl("delete", "service", "short-lived", "--timeout=60s").RunAsync(Cancel);
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
        using var observer = await ClientProgram.ObserveAsync(Lab.Client, [.. addresses, .. layerTwo.Addresses], cancellationToken: Cancel);
        await Task.Delay(TimeSpan.FromSeconds(1), Cancel);
        var log = await observer.StopAsync(Cancel);
        Assert.All(addresses, address => Assert.Empty(log.For(address).Answers));
        Assert.All(layerTwo.Addresses, address => Assert.Single(log.For(address).Answerers));
    }

    private static void SkipWithoutLab() => Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");

    private FaultResult Told(FaultResult result)
    {
        output.WriteLine($"{result.Owner.Name} owned {layerTwo.V4}; another answered after {result.UntilAnotherAnswers(layerTwo.V4)?.TotalMilliseconds:0} ms; two answered for {result.TwoAnswered.TotalMilliseconds:0} ms");
        foreach (var flow in result.Probes.Flows)
        {
            output.WriteLine($"{flow}; longest pause {flow.LongestPause.TotalMilliseconds:0} ms");
        }

        return result;
    }
}
