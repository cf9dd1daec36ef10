using System.Text.Json.Nodes;
using PorterLB.Lab.Lifetime;
using static PorterLB.Tests.EndToEnd.ContractLab;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What becomes of Services when their Eip is changed under them, and what the statuses say, on a real API server.</summary>
[Trait("Category", "EndToEnd")]
public sealed class PoolContractTests(ContractLab contract) : IClassFixture<ContractLab>
{
    private const string Assigned = "porterlb.io/AddressAssigned";
    private const string Eip = "eip.openelb.kubesphere.io/v1alpha2";

    private string Range(int first, int last) => $"{contract.Lab.Segment.IPv4(first)}-{contract.Lab.Segment.IPv4(last)}";

    [Fact]
    public async Task A_narrowed_disabled_or_deleted_Eip_leaves_its_Services_their_addresses_and_says_so_on_each()
    {
        SkipWithoutLab();
        await contract.EipAsync("shrinks", Range(130, 133));
        var before = Addresses(await contract.ServiceAsync("kept", annotations: (Eip, "shrinks")));

        await contract.EipAsync("shrinks", Range(132, 133));
        var kept = await contract.UntilAsync("kept", service => Condition(service, Assigned) == "True AddressInNoPool", "say that its Eip was narrowed");
        Assert.Equal(before, Addresses(kept));
        Assert.Equal($"{before} is in no Eip any more: Eip 'shrinks', which it came from, has {Range(132, 133)} now. The Service keeps it until it is released.", Message(kept, Assigned));
        Assert.Equal(Message(kept, Assigned), await contract.EventAsync("kept", "AddressKept"));

        await contract.EipAsync("shrinks", Range(130, 133));
        await contract.UntilAsync("kept", service => Condition(service, Assigned) == "", "have nothing to tell");
        await contract.Lab.ControlPlane.Kubectl("patch", "eip", "shrinks", "--type=merge", "-p", $$"""{"spec":{"excludes":["{{before}}"]} }""").RunAsync();
        await contract.UntilAsync("kept", service => Condition(service, Assigned) == "True AddressExcluded", "say that its address is excluded");
        await contract.Lab.ControlPlane.Kubectl("patch", "eip", "shrinks", "--type=merge", "-p", """{"spec":{"excludes":null,"disable":true}}""").RunAsync();
        await contract.UntilAsync("kept", service => Condition(service, Assigned) == "True PoolUnavailable", "say that its Eip is disabled");

        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "shrinks", "--wait=false").RunAsync();
        await UntilAsync("the Eip to say that it goes", async () => Condition(await contract.CustomAsync("eips", "shrinks"), "Ready") == "False Deleting");
        Assert.Equal(before, Addresses(await contract.GetAsync("kept")));
        await contract.DeleteAndWaitAsync("kept");
        await UntilAsync("the Eip to be gone", async () => await contract.CustomAsync("eips", "shrinks") is null);
    }

    [Fact]
    public async Task An_Eip_is_renamed_by_deleting_the_old_one_and_making_the_new_one_over_the_same_addresses()
    {
        SkipWithoutLab();
        await contract.EipAsync("old-name", Range(134, 135));
        var before = Addresses(await contract.ServiceAsync("renamed", annotations: (Eip, "old-name")));
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "old-name", "--wait=false").RunAsync();
        await contract.EipAsync("new-name", Range(134, 135));
        await UntilAsync("the old Eip to be gone", async () => await contract.CustomAsync("eips", "old-name") is null);
        await UntilAsync("the new Eip to have the Service", async () => (string?)(await contract.CustomAsync("eips", "new-name"))?["status"]?["used"]?[before] == "default/renamed");
        Assert.Equal(before, Addresses(await contract.GetAsync("renamed")));
        await contract.MergeAsync("renamed", """{"metadata":{"annotations":{"eip.openelb.kubesphere.io/v1alpha2":"new-name"}}}""");
        await contract.UntilAsync("renamed", service => Annotation(service, "porterlb.io/eip") == "new-name", "follow");
        Assert.Equal(before, Addresses(await contract.GetAsync("renamed")));
        await contract.DeleteAndWaitAsync("renamed");
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "new-name").RunAsync();
    }

    [Fact]
    public async Task Who_waits_is_counted_by_reason_told_on_the_Service_and_served_when_an_address_frees_up()
    {
        SkipWithoutLab();
        await contract.EipAsync("single", Range(136, 136));
        var address = Addresses(await contract.ServiceAsync("first", annotations: (Eip, "single")));
        await contract.ServiceAsync("second", waits: false, annotations: (Eip, "single"));
        var waits = await contract.UntilAsync("second", service => Condition(service, Assigned) == "False PoolExhausted", "say why it waits");
        Assert.StartsWith($"Eip 'single' has no free address for Service 'default/second': all 1 of {address} are in use.", Message(waits, Assigned), StringComparison.Ordinal);
        var metrics = await contract.ManagerMetricsAsync();
        Assert.Contains("porterlb_services_waiting{reason=\"PoolExhausted\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("porterlb_eip_addresses{eip=\"single\",family=\"IPv4\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("porterlb_eip_addresses_in_use{eip=\"single\",family=\"IPv4\"} 1", metrics, StringComparison.Ordinal);
        await UntilAsync("the Eip to be full", async () => Condition(await contract.CustomAsync("eips", "single"), "Exhausted") == "True NoFreeAddress");

        await contract.ServiceAsync("third", waits: false, annotations: (Eip, "single"));
        await contract.UntilAsync("third", service => Condition(service, Assigned) == "False PoolExhausted", "say why it waits");
        await contract.MergeAsync("third", """{"metadata":{"annotations":{"lb.kubesphere.io/v1alpha1":null}}}""");
        await contract.UntilAsync("third", service => Condition(service, Assigned) == "", "be left alone when it is not ours any more");
        await contract.DeleteAsync("third");

        await contract.DeleteAndWaitAsync("first");
        var served = await contract.UntilAsync("second", service => Addresses(service) == address, "be served");
        await contract.UntilAsync("second", service => Condition(service, Assigned) == "", "have nothing to tell");
        Assert.NotNull(served);
        await contract.DeleteAndWaitAsync("second");
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "single").RunAsync();
    }

    [Fact]
    public async Task However_many_Services_change_an_Eip_and_its_config_are_written_once_a_second_and_their_status_is_right_in_the_end()
    {
        SkipWithoutLab();
        await contract.EipAsync("busy", Range(141, 180));
        await contract.ApplyAsync("LayerTwoConfig", "busy", "eips: [busy]");
        await UntilAsync("a status of the Eip", async () => Condition(await contract.CustomAsync("eips", "busy"), "Ready") == "True Ready");
        await UntilAsync("a status of the config", async () => (int?)(await contract.CustomAsync("layertwoconfigs", "busy"))?["status"]?["eips"] == 1);
        await using var ofConfig = await ObjectChanges.OfAsync(contract.Lab, "/apis/network.kubesphere.io/v1alpha2/layertwoconfigs", "busy");
        await using var changes = await ObjectChanges.OfAsync(contract.Lab, "/apis/network.kubesphere.io/v1alpha2/eips", "busy");
        for (var i = 0; i < 30; i++)
        {
            await contract.ServiceAsync($"busy-{i}", waits: false, annotations: (Eip, "busy"));
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }

        await UntilAsync("the Eip to count them", async () => (int?)(await contract.CustomAsync("eips", "busy"))!["status"]!["usage"] == 30);
        await UntilAsync("the config to count them", async () => (int?)(await contract.CustomAsync("layertwoconfigs", "busy"))!["status"]!["addresses"] == 30);
        for (var i = 0; i < 30; i++)
        {
            await contract.DeleteAsync($"busy-{i}");
        }

        await UntilAsync("the Eip to have them back", async () => (int?)(await contract.CustomAsync("eips", "busy"))!["status"]!["usage"] == 0);
        await UntilAsync("the config to count none", async () => (int?)(await contract.CustomAsync("layertwoconfigs", "busy"))!["status"]!["addresses"] == 0);
        Assert.InRange(changes.Count, 4, int.MaxValue);
        Assert.InRange(ofConfig.Count, 4, int.MaxValue);

        // Two, when the watch tells of one late.
        Assert.InRange(changes.MostInASecond, 1, 2);
        Assert.InRange(ofConfig.MostInASecond, 1, 2);
        await contract.Lab.ControlPlane.Kubectl("delete", "layertwoconfig", "busy").RunAsync();
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "busy", "--timeout=60s").RunAsync();
    }

    [Fact]
    public async Task A_label_of_a_namespace_opens_a_fence_for_who_waits_at_it_and_takes_nothing_away_when_it_goes()
    {
        SkipWithoutLab();
        await contract.ApplyAsync("Eip", "fenced", $"addresses: [\"{Range(182, 183)}\"], namespaceSelector: {{team: red}}, enforceSelectors: true");
        await contract.ServiceAsync("inside", waits: false, annotations: (Eip, "fenced"));
        var waits = await contract.UntilAsync("inside", service => Condition(service, Assigned) == "False PoolForbidden", "say that the Eip is not for it");
        Assert.Equal(
            "Service 'default/inside' may not use Eip 'fenced': its namespaces, namespaceSelector and serviceSelector do not choose this Service, and "
            + "spec.enforceSelectors makes them a fence. Use another Eip, or let the selectors choose the Service.",
            Message(waits, Assigned));
        await contract.Lab.ControlPlane.Kubectl("label", "namespace", "default", "team=red").RunAsync();
        var address = Addresses(await contract.UntilAsync("inside", service => Addresses(service).Length > 0, "have an address"));
        await contract.UntilAsync("inside", service => Condition(service, Assigned) == "", "have nothing to tell");

        await contract.Lab.ControlPlane.Kubectl("label", "namespace", "default", "team-").RunAsync();
        await UntilAsync("a Service that comes later to be left outside", async () =>
        {
            await contract.ServiceAsync("outside", waits: false, annotations: (Eip, "fenced"));
            var refused = Condition(await contract.UntilAsync("outside", service => Condition(service, Assigned).Length > 0 || Addresses(service).Length > 0), Assigned) == "False PoolForbidden";
            await contract.DeleteAndWaitAsync("outside");
            return refused;
        });
        Assert.Equal(address, Addresses(await contract.GetAsync("inside")));
        await contract.DeleteAndWaitAsync("inside");
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "fenced", "--timeout=60s").RunAsync();
    }

    [Fact]
    public async Task A_status_that_somebody_edits_is_put_right()
    {
        SkipWithoutLab();
        var api = contract.Lab.ControlPlane.Api;
        await contract.ApplyAsync("LayerTwoConfig", "edited", "eips: [lan]");
        await UntilAsync("a status of the config", async () => Condition(await contract.CustomAsync("layertwoconfigs", "edited"), "Ready") == "True Ready");
        await api.MergeAsync("/apis/network.kubesphere.io/v1alpha2/eips/lan/status", JsonNode.Parse("""{"status":{"usage":77,"used":{"10.0.0.1":"x/y"}}}""")!);
        await api.MergeAsync("/apis/network.kubesphere.io/v1alpha2/layertwoconfigs/edited/status", JsonNode.Parse("""{"status":{"eligibleNodes":9,"conditions":[]}}""")!);
        await UntilAsync("the Eip's status to be right", async () =>
            await contract.CustomAsync("eips", "lan") is { } eip && (int?)eip["status"]!["usage"] != 77 && eip["status"]!["used"]?["10.0.0.1"] is null);
        await UntilAsync("the config's status to be right", async () =>
            await contract.CustomAsync("layertwoconfigs", "edited") is { } config && (int?)config["status"]!["eligibleNodes"] == 3 && Condition(config, "Ready") == "True Ready"
            && (int?)config["status"]!["observedGeneration"] == (int?)config["metadata"]!["generation"]);
        await contract.Lab.ControlPlane.Kubectl("delete", "layertwoconfig", "edited").RunAsync();
    }

    [Fact]
    public async Task An_Eip_over_the_addresses_of_Nodes_or_their_router_names_them()
    {
        SkipWithoutLab();
        await contract.EipAsync("over-nodes", $"{contract.Lab.Nodes[0].Host.IPv4}-{contract.Lab.Nodes[^1].Host.IPv4}");
        await UntilAsync("the Eip to say so", async () => Condition(await contract.CustomAsync("eips", "over-nodes"), "HoldsHosts") == "True NodeAddresses");
        Assert.Contains($"{contract.Lab.Nodes[0].Host.IPv4} of Node 'n1'", Message(await contract.CustomAsync("eips", "over-nodes"), "HoldsHosts"), StringComparison.Ordinal);
        await contract.EipAsync("over-router", $"{contract.Lab.Client.IPv4}");
        await UntilAsync("the Eip to name the router", async () => Condition(await contract.CustomAsync("eips", "over-router"), "HoldsHosts") == "True Gateways");
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "over-nodes", "over-router").RunAsync();
        Assert.Equal("False NoneKnown", Condition(await contract.CustomAsync("eips", "lan"), "HoldsHosts"));
    }

    [Fact]
    public async Task What_OpenElb_left_is_taken_over_and_its_marks_are_taken_off()
    {
        SkipWithoutLab();
        var address = contract.Lab.Segment.IPv4(138);
        await contract.Lab.Manager.StopAsync(TimeSpan.FromSeconds(20));
        var manifest = $"""
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata:
              name: from-openelb
              finalizers: [finalizer.ipam.kubesphere.io/v1alpha1]
            spec:
              address: {Range(137, 139)}
              protocol: layer2
              interface: eth0
            """;
        Assert.True((await contract.Lab.ApplyAsync(manifest)).Succeeded);
        await contract.ServiceAsync("from-openelb", waits: false, annotations: [("lb.kubesphere.io/v1alpha1", "openelb"), ("layer2.openelb.kubesphere.io/v1alpha1", "n1")]);
        await contract.MergeAsync("from-openelb", """{"metadata":{"labels":{"eip.openelb.kubesphere.io/v1alpha2":"from-openelb"},"finalizers":["finalizer.lb.kubesphere.io/v1alpha1"]}}""");
        await contract.MergeStatusAsync("from-openelb", $$"""{"status":{"loadBalancer":{"ingress":[{"ip":"{{address}}"}]} } }""");
        await contract.StartManagerAsync();
        var taken = await contract.UntilAsync(
            "from-openelb",
            service => service["metadata"]!["labels"]?["eip.openelb.kubesphere.io/v1alpha2"] is null && Annotation(service, "layer2.openelb.kubesphere.io/v1alpha1") is null && Annotation(service, "porterlb.io/eip") == "from-openelb",
            "be taken over");
        Assert.Equal($"{address}", Addresses(taken));
        Assert.True(HasFinalizer(taken));
        await contract.DeleteAndWaitAsync("from-openelb");
        await contract.Lab.ControlPlane.Kubectl("delete", "eip", "from-openelb", "--timeout=60s").RunAsync();
    }

    private static void SkipWithoutLab() => Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
}
