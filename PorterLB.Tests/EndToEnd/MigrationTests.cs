using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The pages docs/how-to/migrate-from-openelb.md and migrate-from-metallb.md, walked through on a real API server.</summary>
[Trait("Category", "EndToEnd")]
public sealed class MigrationTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    // Of the forms that OpenELB's and Porter's pages for layer 2 mode show: Eips by range, CIDR and single address, with status, and the
    // Services to them, in both spellings.
    private const string Published = """
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata: {name: by-range}
        spec: {address: 10.70.0.91-10.70.0.100, interface: eth0, protocol: layer2}
        ---
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata: {name: by-cidr}
        spec: {address: 10.71.0.0/24, protocol: layer2, interface: eth0, disable: false}
        status: {occupied: false, usage: 1, poolSize: 256, used: {10.71.0.1: default/test-svc}, firstIP: 10.71.0.0, lastIP: 10.71.0.255, ready: true, v4: true}
        ---
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata: {name: single, annotations: {eip.openelb.kubesphere.io/is-default-eip: "true"}}
        spec: {address: 10.72.0.228}
        ---
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata: {name: by-route}
        spec: {address: 10.73.0.2-10.73.0.9, protocol: layer2, interface: "can_reach:10.73.0.1", namespaces: [team], namespaceSelector: {owner: team}, priority: 3, usingKnownIPs: true}
        ---
        apiVersion: network.kubesphere.io/v1alpha1
        kind: Eip
        metadata: {name: of-old}
        spec: {address: 10.74.0.1-10.74.0.9, protocol: layer2, disable: false}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: of-openelb
          annotations: {lb.kubesphere.io/v1alpha1: openelb, protocol.openelb.kubesphere.io/v1alpha1: layer2, eip.openelb.kubesphere.io/v1alpha2: by-range}
        spec: {type: LoadBalancer, selector: {app: a}, ports: [{name: http, port: 80, targetPort: 8080}], externalTrafficPolicy: Cluster}
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: of-porter
          annotations: {lb.kubesphere.io/v1alpha1: porter, protocol.porter.kubesphere.io/v1alpha1: layer2, eip.porter.kubesphere.io/v1alpha2: by-range}
        spec: {type: LoadBalancer, selector: {app: b}, ports: [{name: http, port: 8088, targetPort: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: by-address, annotations: {lb.kubesphere.io/v1alpha1: openelb, eip.openelb.kubesphere.io/v1alpha1: 10.71.0.7}}
        spec: {type: LoadBalancer, selector: {app: c}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: by-field, annotations: {lb.kubesphere.io/v1alpha1: openelb}}
        spec: {type: LoadBalancer, loadBalancerIP: 10.70.0.95, selector: {app: d}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: by-default, annotations: {lb.kubesphere.io/v1alpha1: openelb}}
        spec: {type: LoadBalancer, selector: {app: e}, ports: [{name: http, port: 80}]}
        """;

    [Fact]
    public async Task Published_manifests_of_OpenELB_apply_unchanged_and_its_Services_and_MetalLBs_keep_their_addresses()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 0 }, output.WriteLine, Cancel);

        // A cluster as OpenELB leaves it when it is stopped: its kind (ours has the same name), a pool in use and one deleted in vain, Services
        // with finalizer, label and annotation, two of them on one address and one port; and one Service of MetalLB.
        await lab.InstallAsync(Cancel);
        await EipAsync(lab, "old", "10.60.0.0/28");
        await EipAsync(lab, "unused", "10.61.0.0/28");
        await lab.ControlPlane.Api.DeleteAsync("/apis/network.kubesphere.io/v1alpha2/eips/unused", Cancel);
        await OpenElbServiceAsync(lab, "one", "10.60.0.5", 80);
        await OpenElbServiceAsync(lab, "two", "10.60.0.5", 80);
        await OpenElbServiceAsync(lab, "outside", "10.99.0.9", 80);
        await ServiceAsync(lab, "metal", new JsonObject { ["metallb.io/ip-allocated-from-pool"] = "first", ["metallb.io/loadBalancerIPs"] = "10.60.0.9" }, "10.60.0.9", 80);
        await ServiceAsync(lab, "metal-a", new JsonObject { ["metallb.universe.tf/allow-shared-ip"] = "the web", ["metallb.universe.tf/address-pool"] = "old" }, "10.60.0.10", 80);
        await ServiceAsync(lab, "metal-b", new JsonObject { ["metallb.io/allow-shared-ip"] = "the web" }, "10.60.0.10", 443);

        // Step 2, of both: what Porter would still refuse, with nobody there to ask.
        await lab.ControlPlane.Api.CreateAsync("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", DeadWebhook(), Cancel);

        // Step 1, on what is there.
        var before = await lab.ControlPlane.Kubectl("get", "eips.network.kubesphere.io", "-o", "yaml").RunAsync(Cancel);
        var validated = await (new Command(Repository.Binary, "validate", "-f", "-") with { Input = before }).TryRunAsync(Cancel);
        Assert.True(validated.Succeeded, validated.Text);

        await StepAsync(lab, "migrate-from-openelb.md");

        // Step 3.
        await lab.InstallWebhooksAsync(Cancel);
        lab.StartManager();
        await lab.WaitForManagerAsync(cancellationToken: Cancel);
        await ControlPlane.WaitUntilAsync(
            "the Services of OpenELB that share an address to be taken over, with a word",
            async () => (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/events", Cancel))!.ToJsonString().Contains("SharingTolerated", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60),
            Cancel,
            lab.Manager);
        var taken = await ServicesAsync(lab);
        Assert.Equal("10.60.0.5", Address(taken["one"]));
        Assert.Equal("10.60.0.5", Address(taken["two"]));
        Assert.Equal("10.99.0.9", Address(taken["outside"]));
        Assert.Equal("10.60.0.9", Address(taken["metal"]));
        await ControlPlane.WaitUntilAsync(
            "the Eip that was deleted in vain to go", async () => await lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips/unused", Cancel) is null, TimeSpan.FromSeconds(60), Cancel);

        // MetalLB's page, steps 3 and 5: its annotations in our words, and the mark. The Service of the API server itself is of another type.
        await StepAsync(lab, "migrate-from-metallb.md");
        await lab.ControlPlane.Kubectl("annotate", "service", "--all-namespaces", "--all", "lb.kubesphere.io/v1alpha1=porterlb", "--overwrite").RunAsync(Cancel);
        await UntilAsync(lab, "the Services of MetalLB to be taken over", services => HasFinalizer(services["metal"]) && HasFinalizer(services["metal-a"]) && HasFinalizer(services["metal-b"]));
        var metal = await ServicesAsync(lab);
        Assert.Equal(("10.60.0.9", "10.60.0.10", "10.60.0.10"), (Address(metal["metal"]), Address(metal["metal-a"]), Address(metal["metal-b"])));
        Assert.Equal(("10.60.0.9", "old", "the web"), (Annotation(metal["metal"], "eip.openelb.kubesphere.io/v1alpha1"), Annotation(metal["metal-a"], "eip.openelb.kubesphere.io/v1alpha2"), Annotation(metal["metal-b"], "porterlb.io/allow-shared-ip")));

        // What OpenELB wrote goes with the Service.
        await ControlPlane.WaitUntilAsync(
            "the type to change, between two writes of the manager",
            async () => (await lab.ControlPlane.Kubectl("patch", "service", "one", "-p", """{"spec": {"type": "ClusterIP"}}""").TryRunAsync(Cancel)).Succeeded,
            TimeSpan.FromSeconds(60),
            Cancel);
        await UntilAsync(lab, "a Service of OpenELB to be released", services => !HasFinalizer(services["one"]));
        var released = (await ServicesAsync(lab))["one"]!["metadata"]!;
        Assert.Null(released["labels"]?["eip.openelb.kubesphere.io/v1alpha2"]);
        Assert.Null(released["annotations"]?["layer2.openelb.kubesphere.io/v1alpha1"]);
        await lab.ControlPlane.Kubectl("delete", "service", "two", "outside", "--timeout=10s").RunAsync(Cancel);

        // The published manifests, through the webhooks, and each Service gets what it asks for.
        var applied = await lab.ApplyAsync(Published, Cancel);
        output.WriteLine(applied.Text);
        Assert.True(applied.Succeeded, applied.Text);
        Assert.Contains("Warning: network.kubesphere.io/v1alpha1 Eip is deprecated; write network.kubesphere.io/v1alpha2, its fields are the same.", applied.Text, StringComparison.Ordinal);

        await UntilAsync(lab, "every Service of the published manifests to have its address", services =>
            Address(services["of-openelb"]) == "10.70.0.91" && Address(services["of-porter"]) == "10.70.0.92" && Address(services["by-address"]) == "10.71.0.7"
            && Address(services["by-field"]) == "10.70.0.95" && Address(services["by-default"]) == "10.72.0.228");
        await OldVersionAsync(lab);
    }

    /// <summary>Runs the commands of a page as they stand there.</summary>
    private async Task StepAsync(LightLab lab, string page)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "how-to", page), Cancel);
        var commands = string.Join('\n', text.Split("```")[1].Split('\n').Select(line => line.StartsWith("   ", StringComparison.Ordinal) ? line[3..] : line));
        Assert.StartsWith("sh\n", commands, StringComparison.Ordinal);
        var kubectl = (await KubernetesBinaries.ForApiServerAsync(output.WriteLine, Cancel)).Kubectl;
        var result = await lab.ControlPlane.KubectlOf("bash", "-euo", "pipefail", "-c", $"kubectl() {{ '{kubectl}' \"$@\"; }}\n{commands["sh\n".Length..]}").TryRunAsync(Cancel);
        output.WriteLine(result.Text);
        Assert.True(result.Succeeded, result.Text);
    }

    private static JsonObject DeadWebhook() => (JsonObject)JsonNode.Parse(
        """
        {
          "metadata": {"name": "porter-admission"},
          "webhooks": [{
            "name": "validate.eip.network.kubesphere.io", "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "porter-admission", "namespace": "porter-system", "path": "/validate-network-kubesphere-io-v1alpha2-eip"}},
            "rules": [{"apiGroups": ["network.kubesphere.io"], "apiVersions": ["v1alpha2"], "operations": ["CREATE", "UPDATE"], "resources": ["eips"]}]
          }]
        }
        """)!;

    // Who still writes Porter's v1alpha1 is judged by the same webhook, and takes away nothing that only v1alpha2's pages show.
    private static async Task OldVersionAsync(LightLab lab)
    {
        var refused = await ApplyOldAsync(lab, "address: 10.74.0.9-10.74.0.1, protocol: layer2");
        Assert.False(refused.Succeeded);
        Assert.Contains("The Eip \"of-old\" is invalid: spec.address:", refused.Text, StringComparison.Ordinal);
        refused = await ApplyOldAsync(lab, "address: 10.71.0.1-10.74.0.9, protocol: layer2");
        Assert.Contains("by-cidr", refused.Text, StringComparison.Ordinal);
        Assert.False(refused.Succeeded);

        const string Object = "/apis/network.kubesphere.io/v1alpha2/eips/of-old";
        await lab.ControlPlane.Api.MergeAsync(
            Object, new JsonObject { ["spec"] = new JsonObject { ["excludes"] = new JsonArray("10.74.0.3"), ["autoAssign"] = false } }, Cancel);
        var applied = await ApplyOldAsync(lab, "address: 10.74.0.1-10.74.0.9, protocol: layer2, disable: true");
        Assert.True(applied.Succeeded, applied.Text);
        var spec = (await lab.ControlPlane.Api.GetAsync(Object, Cancel))!["spec"]!;
        Assert.Equal(("10.74.0.3", false, true), ((string)spec["excludes"]![0]!, (bool)spec["autoAssign"]!, (bool)spec["disable"]!));

        // As a program does it that was built for the old version: all that it read goes back.
        await ControlPlane.WaitUntilAsync("the Eip to be replaced between two writes of its status", () => TryReplaceOldAsync(lab), TimeSpan.FromSeconds(15), Cancel);
        spec = (await lab.ControlPlane.Api.GetAsync(Object, Cancel))!["spec"]!;
        Assert.Equal(("10.74.0.3", false, 7), ((string)spec["excludes"]![0]!, (bool)spec["autoAssign"]!, (int)spec["priority"]!));
    }

    private static async Task<bool> TryReplaceOldAsync(LightLab lab)
    {
        const string Object = "/apis/network.kubesphere.io/v1alpha1/eips/of-old";
        var read = (await lab.ControlPlane.Api.GetAsync(Object, Cancel))!;
        Assert.Equal("network.kubesphere.io/v1alpha1", (string)read["apiVersion"]!);
        read["spec"]!["priority"] = 7;
        try
        {
            await lab.ControlPlane.Api.ReplaceAsync(Object, read, Cancel);
            return true;
        }
        catch (LabException exception) when (exception.Message.Contains("with 409", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static Task<CommandResult> ApplyOldAsync(LightLab lab, string spec) => lab.ApplyAsync(
        $$"""
        apiVersion: network.kubesphere.io/v1alpha1
        kind: Eip
        metadata: {name: of-old}
        spec: { {{spec}} }
        """,
        Cancel);

    private static async Task EipAsync(LightLab lab, string name, string address) => await lab.ControlPlane.Api.CreateAsync(
        "/apis/network.kubesphere.io/v1alpha2/eips",
        new JsonObject
        {
            ["apiVersion"] = "network.kubesphere.io/v1alpha2",
            ["kind"] = "Eip",
            ["metadata"] = new JsonObject { ["name"] = name, ["finalizers"] = new JsonArray("finalizer.ipam.kubesphere.io/v1alpha1") },
            ["spec"] = new JsonObject { ["address"] = address, ["protocol"] = "layer2", ["interface"] = "eth0" },
        },
        Cancel);

    private static async Task OpenElbServiceAsync(LightLab lab, string name, string address, int port)
    {
        await ServiceAsync(lab, name, new JsonObject { ["lb.kubesphere.io/v1alpha1"] = "openelb", ["eip.openelb.kubesphere.io/v1alpha1"] = address, ["layer2.openelb.kubesphere.io/v1alpha1"] = "node-a" }, address, port);
        await lab.ControlPlane.Api.MergeAsync(
            $"/api/v1/namespaces/default/services/{name}",
            new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray("finalizer.lb.kubesphere.io/v1alpha1"), ["labels"] = new JsonObject { ["eip.openelb.kubesphere.io/v1alpha2"] = "old" } } },
            Cancel);
    }

    private static async Task ServiceAsync(LightLab lab, string name, JsonObject annotations, string address, int port)
    {
        await lab.ControlPlane.Api.CreateAsync(
            "/api/v1/namespaces/default/services",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = annotations },
                ["spec"] = new JsonObject { ["type"] = "LoadBalancer", ["ports"] = new JsonArray(new JsonObject { ["port"] = port }) },
            },
            Cancel);
        await lab.ControlPlane.Api.MergeAsync(
            $"/api/v1/namespaces/default/services/{name}/status",
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = address }) } } },
            Cancel);
    }

    private static async Task<Dictionary<string, JsonNode>> ServicesAsync(LightLab lab) =>
        (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", Cancel))!["items"]!.AsArray().ToDictionary(item => (string)item!["metadata"]!["name"]!, item => item!, StringComparer.Ordinal);

    private static string? Address(JsonNode? service) => (string?)service?["status"]?["loadBalancer"]?["ingress"]?[0]?["ip"];

    private static string? Annotation(JsonNode? service, string name) => (string?)service?["metadata"]?["annotations"]?[name];

    private static bool HasFinalizer(JsonNode? service) =>
        service?["metadata"]?["finalizers"]?.AsArray().Any(finalizer => (string?)finalizer == "finalizer.lb.kubesphere.io/v1alpha1") == true;

    private static Task UntilAsync(LightLab lab, string what, Func<Dictionary<string, JsonNode>, bool> condition) =>
        ControlPlane.WaitUntilAsync(what, async () => condition(await ServicesAsync(lab)), TimeSpan.FromSeconds(60), Cancel, lab.Manager);
}
