using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;
using static PorterLB.Tests.EndToEnd.ContractLab;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What a load balancer does with Services that are changed under it, on a real API server.</summary>
[Trait("Category", "EndToEnd")]
public sealed class ServiceContractTests(ContractLab contract) : IClassFixture<ContractLab>
{
    private const string Announced = "porterlb.io/Announced";
    private const string Node = "layer2.porterlb.io/node";
    private const string SharingKey = "porterlb.io/allow-shared-ip";
    private const string Eip = "eip.openelb.kubesphere.io/v1alpha2";

    [Fact]
    public async Task A_Service_costs_one_write_for_address_and_election_and_one_for_the_condition()
    {
        SkipWithoutLab();
        await using var changes = await ObjectChanges.OfAsync(contract.Lab, "/api/v1/namespaces/default/services", "cheap");
        await contract.ServiceAsync("cheap");
        await contract.UntilAsync("cheap", service => Condition(service, Announced) == "True Announced");
        Assert.Equal(2, changes.Count);
        await contract.DeleteAndWaitAsync("cheap");
    }

    [Fact]
    public async Task What_a_user_removed_from_a_Service_is_put_back_and_its_address_stays()
    {
        SkipWithoutLab();
        var before = await contract.ServiceAsync("removed");
        var node = Annotation(before, Node);
        await contract.MergeAsync("removed", """{"metadata":{"finalizers":null,"annotations":{"layer2.porterlb.io/node":null,"layer2.porterlb.io/epoch":null,"porterlb.io/eip":null}}}""");
        var after = await contract.UntilAsync("removed", service => HasFinalizer(service) && Annotation(service, Node) is not null && Annotation(service, "porterlb.io/eip") == "lan", "have finalizer and annotations again");
        Assert.Equal(node, Annotation(after, Node));
        Assert.Equal(Addresses(before), Addresses(after));
        await contract.DeleteAndWaitAsync("removed");
    }

    [Fact]
    public async Task A_move_by_hand_is_followed_and_one_to_a_node_that_may_not_is_undone_with_the_reason()
    {
        SkipWithoutLab();
        var service = await contract.ServiceAsync("moved");
        await contract.UntilAsync("moved", service => Condition(service, Announced) == "True Announced");
        var target = contract.Lab.Nodes.Select(node => node.Name).First(name => name != Annotation(service, Node));
        await contract.MergeAsync("moved", $$"""{"metadata":{"annotations":{"{{Node}}":"{{target}}"} } }""");
        await contract.UntilAsync("moved", service => IsAnnouncedBy(service, target), $"be announced by {target}");

        await contract.MergeAsync("moved", $$"""{"metadata":{"annotations":{"{{Node}}":"nowhere"} } }""");
        await contract.UntilAsync("moved", service => Annotation(service, Node) == target, "have its node back");
        Assert.Contains("there is no Node nowhere", await contract.EventAsync("moved", "ElectionRestored"), StringComparison.Ordinal);
        await contract.DeleteAndWaitAsync("moved");
    }

    [Fact]
    public async Task A_move_to_the_elected_node_that_another_took_over_from_waits_until_that_one_is_adopted()
    {
        SkipWithoutLab();
        var elected = Annotation(await contract.ServiceAsync("returns"), Node)!;
        await contract.UntilAsync("returns", service => IsAnnouncedBy(service, elected), $"be announced by {elected}");
        var node = contract.Lab.Nodes.First(node => node.Name == elected);
        await contract.Lab.Manager.KillAsync();
        await node.Speaker.StopAsync(TimeSpan.FromSeconds(10));
        node.StartSpeaker();
        await node.WaitUntilReadyAsync(TimeSpan.FromSeconds(40));
        await UntilAsync("another node to answer", async () => JsonNode.Parse((await RunAsync("status", "-o", "json", "-n", "default")).Output)!["addresses"]!.AsArray()
            .Any(item => (string?)item!["service"] == "default/returns" && item["announcers"]!.AsArray() is [{ } only] && (string?)only["node"] != elected));

        var moving = RunAsync("move", "returns", elected, "--timeout=40s");
        await contract.StartManagerAsync();
        var moved = await moving;
        Assert.True(moved.Succeeded, moved.Text);
        Assert.StartsWith($"Node {elected} is elected, and ", moved.Output, StringComparison.Ordinal);
        Assert.EndsWith($": node {elected} answers.", moved.Output.TrimEnd(), StringComparison.Ordinal);
        await contract.DeleteAndWaitAsync("returns");
    }

    [Fact]
    public async Task A_Service_that_leaves_type_LoadBalancer_keeps_nothing_of_ours_and_gets_an_address_again_when_it_returns()
    {
        SkipWithoutLab();
        await contract.ServiceAsync("typed");
        await contract.UntilAsync("typed", service => Condition(service, Announced) == "True Announced");
        await contract.MergeAsync("typed", """{"spec":{"type":"ClusterIP","externalTrafficPolicy":null,"ports":[{"name":"tcp","port":80,"protocol":"TCP","nodePort":null},{"name":"udp","port":80,"protocol":"UDP","nodePort":null}]}}""");
        var clean = await contract.UntilAsync("typed", service => !HasFinalizer(service) && Addresses(service).Length == 0, "have no finalizer and no address");
        Assert.Null(Annotation(clean, Node));
        Assert.Equal("", Condition(clean, Announced));
        await contract.MergeAsync("typed", """{"spec":{"type":"LoadBalancer"}}""");
        await contract.UntilAsync("typed", service => Addresses(service).Length > 0, "have an address again");
        await contract.DeleteAndWaitAsync("typed");
    }

    [Fact]
    public async Task A_Service_whose_type_changes_and_changes_back_at_once_keeps_its_address()
    {
        SkipWithoutLab();
        var address = Addresses(await contract.ServiceAsync("flips"));
        for (var i = 0; i < 3; i++)
        {
            await contract.UntilAsync("flips", service => Condition(service, Announced) == "True Announced", "be announced");
            await contract.MergeAsync("flips", """{"spec":{"type":"ClusterIP","externalTrafficPolicy":null,"ports":[{"name":"tcp","port":80,"protocol":"TCP","nodePort":null},{"name":"udp","port":80,"protocol":"UDP","nodePort":null}]}}""");
            await contract.MergeAsync("flips", """{"spec":{"type":"LoadBalancer"}}""");
        }

        // Whatever the manager saw of it, a Service that is made now is looked at after that.
        await contract.ServiceAsync("after-flips");
        var after = await contract.UntilAsync("flips", service => Condition(service, Announced) == "True Announced" && Addresses(service).Length > 0 && HasFinalizer(service), "be announced again");
        Assert.Equal(address, Addresses(after));
        await contract.DeleteAndWaitAsync("flips");
        await contract.DeleteAndWaitAsync("after-flips");
    }

    [Fact]
    public async Task A_Service_that_is_not_ours_any_more_is_released_and_one_that_never_was_is_not_touched()
    {
        SkipWithoutLab();
        var never = await contract.ServiceAsync("never", waits: false, annotations: ("lb.kubesphere.io/v1alpha1", "somebody-else"));
        await contract.MergeStatusAsync("never", """{"status":{"loadBalancer":{"ingress":[{"hostname":"lb.example.com"}]}}}""");
        var version = (string?)(await contract.GetAsync("never"))["metadata"]!["resourceVersion"];

        await contract.ServiceAsync("leaves");
        await contract.UntilAsync("leaves", service => Condition(service, Announced) == "True Announced");
        await contract.MergeAsync("leaves", """{"metadata":{"annotations":{"lb.kubesphere.io/v1alpha1":null}}}""");
        await contract.UntilAsync("leaves", service => !HasFinalizer(service) && Addresses(service).Length == 0 && Annotation(service, Node) is null, "be released");

        var after = await contract.GetAsync("never");
        Assert.Equal(version, (string?)after["metadata"]!["resourceVersion"]);
        Assert.Equal("lb.example.com", Addresses(after));
        Assert.NotNull(never);
        await contract.DeleteAsync("never");
        await contract.DeleteAsync("leaves");
    }

    [Fact]
    public async Task The_second_family_comes_and_goes_without_touching_the_first()
    {
        SkipWithoutLab();
        var single = await contract.ServiceAsync("dual");
        await contract.MergeAsync("dual", """{"spec":{"ipFamilyPolicy":"PreferDualStack"}}""");
        var dual = await contract.UntilAsync("dual", service => Addresses(service).Contains(','), "have two addresses");
        Assert.Equal(Addresses(single), Addresses(dual).Split(',')[0]);
        await contract.MergeAsync("dual", """{"spec":{"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"clusterIPs":null}}""");
        var again = await contract.UntilAsync("dual", service => !Addresses(service).Contains(','), "have one address");
        Assert.Equal(Addresses(single), Addresses(again));
        await contract.DeleteAndWaitAsync("dual");
    }

    [Fact]
    public async Task Sharing_is_judged_again_when_ports_key_policy_or_selector_change_and_who_changed_moves()
    {
        SkipWithoutLab();
        static JsonObject Spec(int port, string app = "same") => new()
        {
            ["selector"] = new JsonObject { ["app"] = app },
            ["ports"] = new JsonArray(new JsonObject { ["port"] = port, ["protocol"] = "TCP" }),
        };
        var one = await contract.ServiceAsync("share-1", Spec(80), annotations: (SharingKey, "web"));
        var address = Addresses(one);
        Assert.Equal(address, Addresses(await contract.ServiceAsync("share-2", Spec(81), annotations: (SharingKey, "web"))));

        async Task MovesAndReturnsAsync(string breaks, string mends)
        {
            await contract.MergeAsync("share-2", breaks);
            await contract.UntilAsync("share-2", service => Addresses(service) != address && Addresses(service).Length > 0, $"move after {breaks}");
            Assert.Equal(address, Addresses(await contract.GetAsync("share-1")));
            await contract.DeleteAndWaitAsync("share-2");
            await contract.ServiceAsync("share-2", Spec(81), annotations: (SharingKey, "web"));
            await contract.UntilAsync("share-2", service => Addresses(service) == address, $"share again ({mends})");
        }

        await MovesAndReturnsAsync("""{"spec":{"ports":[{"port":80,"protocol":"TCP"}]}}""", "other ports");
        await MovesAndReturnsAsync("""{"metadata":{"annotations":{"porterlb.io/allow-shared-ip":"other"}}}""", "same key");
        await MovesAndReturnsAsync("""{"spec":{"externalTrafficPolicy":"Local","selector":{"app":"different"}}}""", "policy Cluster");
        await contract.DeleteAndWaitAsync("share-1");
        await contract.DeleteAndWaitAsync("share-2");
    }

    [Fact]
    public async Task The_spec_is_never_written_neither_node_ports_nor_the_health_check_port()
    {
        SkipWithoutLab();
        await contract.ServiceAsync("no-ports", new JsonObject { ["allocateLoadBalancerNodePorts"] = false });
        Assert.All((await contract.GetAsync("no-ports"))["spec"]!["ports"]!.AsArray(), port => Assert.Null(port!["nodePort"]));

        var created = await contract.Lab.CreateServiceAsync(
            "local-spec", new Dictionary<string, string> { ["lb.kubesphere.io/v1alpha1"] = "porterlb" }, new JsonObject { ["externalTrafficPolicy"] = "Local" });
        var after = await contract.UntilAsync("local-spec", service => Condition(service, Announced) == "True Announced");
        Assert.True(JsonNode.DeepEquals(created["spec"], after["spec"]), after["spec"]!.ToJsonString());
        Assert.NotNull(after["spec"]!["healthCheckNodePort"]);
        await contract.DeleteAndWaitAsync("no-ports");
        await contract.DeleteAndWaitAsync("local-spec");
    }

    [Fact]
    public async Task When_another_program_keeps_writing_the_addresses_we_put_ours_back_three_times_then_stop_and_say_so()
    {
        SkipWithoutLab();
        var ours = Addresses(await contract.ServiceAsync("fought"));
        for (var i = 0; i < 3; i++)
        {
            await contract.MergeStatusAsync("fought", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.7"}]}}}""");
            await contract.UntilAsync("fought", service => Addresses(service) == ours, "have our address back");
        }

        await contract.MergeStatusAsync("fought", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.7"}]}}}""");
        var left = await contract.UntilAsync("fought", service => Condition(service, Announced) == "False IngressOverwritten", "say that it is fought over");
        Assert.Equal("203.0.113.7", Addresses(left));
        Assert.Contains("Set spec.loadBalancerClass", await contract.EventAsync("fought", "IngressOverwritten"), StringComparison.Ordinal);
        await contract.DeleteAndWaitAsync("fought");
    }

    [Fact]
    public async Task While_the_manager_is_down_Services_are_deleted_and_preferences_change_and_the_next_one_follows_and_writes_to_no_other()
    {
        SkipWithoutLab();
        await contract.ServiceAsync("stays");
        var stays = await contract.UntilAsync("stays", service => Condition(service, Announced) == "True Announced");
        await contract.ServiceAsync("goes");
        await contract.UntilAsync("goes", service => Condition(service, Announced) == "True Announced");
        await contract.EipAsync("drawing", $"{contract.Lab.Segment.IPv4(140)}");
        var drawn = await contract.ServiceAsync("drawn", annotations: (Eip, "drawing"));
        var target = contract.Lab.Nodes.Select(node => node.Name).First(name => name != Annotation(drawn, Node));
        await contract.Lab.Manager.KillAsync();
        await contract.DeleteAsync("goes");
        Assert.False(await contract.IsGoneAsync("goes"));
        await contract.ApplyAsync("LayerTwoConfig", "drawing", $"eips: [drawing], preferredNodes: [{{weight: 10, selector: {{matchLabels: {{kubernetes.io/hostname: {target}}}}}}}]");
        await contract.StartManagerAsync();
        await UntilAsync("Service goes to be gone", () => contract.IsGoneAsync("goes"));
        await contract.UntilAsync("drawn", service => IsAnnouncedBy(service, target), $"be announced by {target}");
        Assert.Equal((string?)stays["metadata"]!["resourceVersion"], (string?)(await contract.GetAsync("stays"))["metadata"]!["resourceVersion"]);
        await contract.DeleteAndWaitAsync("stays");
        await contract.DeleteAndWaitAsync("drawn");
        await contract.Lab.ControlPlane.Kubectl("delete", "layertwoconfig/drawing", "eip/drawing").RunAsync();
    }

    [Fact]
    public async Task Policy_Local_follows_ready_endpoints_then_serving_ones_and_without_any_each_node_has_its_reason()
    {
        SkipWithoutLab();
        await contract.ServiceAsync("local", new JsonObject { ["externalTrafficPolicy"] = "Local" });
        await contract.Lab.SetEndpointsAsync("local", [new LightLab.Endpoint("n2")]);
        await contract.UntilAsync("local", service => IsAnnouncedBy(service, "n2"), "be announced by n2");
        await contract.Lab.SetEndpointsAsync("local", [new LightLab.Endpoint("n3", Ready: false, Serving: true, Terminating: true), new LightLab.Endpoint("n1", Ready: false)]);
        await contract.UntilAsync("local", service => IsAnnouncedBy(service, "n3"), "be announced by n3");
        await contract.Lab.SetEndpointsAsync("local", []);
        var none = await contract.UntilAsync("local", service => Condition(service, Announced) == "False NoEligibleNode", "have no eligible node");
        Assert.Contains("nodes n1, n2, n3: has no endpoint of the Service (externalTrafficPolicy Local)", Message(none, Announced), StringComparison.Ordinal);
        await contract.DeleteAndWaitAsync("local");
    }

    [Fact]
    public async Task Preferred_nodes_count_when_the_spec_changes_and_a_node_that_joins_gets_its_share_where_that_is_said()
    {
        SkipWithoutLab();
        var range = $"{contract.Lab.Segment.IPv4(120)}-{contract.Lab.Segment.IPv4(129)}";
        await contract.EipAsync("edge", range);
        var service = await contract.ServiceAsync("preferred", annotations: (Eip, "edge"));
        await contract.UntilAsync("preferred", service => Condition(service, Announced) == "True Announced");
        var target = contract.Lab.Nodes.Select(node => node.Name).First(name => name != Annotation(service, Node));
        await contract.ApplyAsync("LayerTwoConfig", "edge", $"eips: [edge], rebalance: OnNodeJoin, preferredNodes: [{{weight: 10, selector: {{matchLabels: {{kubernetes.io/hostname: {target}}}}}}}]");
        await contract.UntilAsync("preferred", service => IsAnnouncedBy(service, target), $"be announced by {target}");

        // Its node goes and comes back: with rebalance the address returns to the preferred node.
        var node = contract.Lab.Nodes.First(node => node.Name == target);
        await node.Speaker.StopAsync(TimeSpan.FromSeconds(10));
        await contract.UntilAsync("preferred", service => Annotation(service, Node) != target && Condition(service, Announced) == "True Announced" && !IsAnnouncedBy(service, target), "be announced elsewhere");
        node.StartSpeaker();
        await contract.UntilAsync("preferred", service => IsAnnouncedBy(service, target), $"be announced by {target} again");
        await contract.DeleteAndWaitAsync("preferred");
        await contract.Lab.ControlPlane.Kubectl("delete", "layertwoconfig/edge", "eip/edge").RunAsync();
    }

    private Task<CommandResult> RunAsync(params string[] arguments) =>
        contract.Lab.ControlPlane.Host.Command(Repository.Binary, [.. arguments, $"--kubeconfig={contract.Lab.ControlPlane.AdminKubeconfig}"]).TryRunAsync();

    private static void SkipWithoutLab() => Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
}
