using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>Leaving: nothing stays behind that holds anything, whatever was done before.</summary>
[Trait("Category", "EndToEnd")]
public sealed class LeavingTests(ITestOutputHelper output)
{
    private const int Services = 50;
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Uninstall_leaves_no_mark_and_repairs_what_a_delete_in_the_wrong_order_left_hanging()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 0 }, output.WriteLine, Cancel);

        // 1. In order: 50 Services, the identity and the rights of the Job of config/uninstall.
        await StartAsync(lab);
        await CreateAsync(lab, Services);
        var running = await UninstallAsync(lab, "--yes", "--keep-namespace");
        Assert.False(running.Succeeded);
        Assert.StartsWith("porterlb uninstall: A manager still runs: ", running.Error, StringComparison.Ordinal);
        await lab.Manager.StopAsync(TimeSpan.FromSeconds(20), Cancel);
        var plan = await UninstallAsync(lab, "--keep-namespace");
        output.WriteLine(plan.Text);
        Assert.Contains($"off {Services} Services: default/web-0, ", plan.Output, StringComparison.Ordinal);
        await lab.ControlPlane.Kubectl("apply", "-k", Repository.Config("uninstall")).RunAsync(Cancel);
        var job = await UninstallAsync(lab, lab.ControlPlane.KubeconfigFor(LightLab.UninstallUser), "--yes", "--keep-namespace");
        output.WriteLine(job.Text);
        Assert.True(job.Succeeded, job.Text);
        Assert.Contains($"Services: {Services} released.", job.Output, StringComparison.Ordinal);
        await NothingIsLeftAsync(lab, addresses: false);
        Assert.True((await UninstallAsync(lab, "--yes", "--keep-namespace")).Succeeded, "a second time there is nothing to do");

        // 2. The manager dead (its lease still names it), one Service held by another's finalizer too, one already being deleted, and everything deleted in the wrong order.
        await StartAsync(lab);
        foreach (var service in await ListAsync(lab))
        {
            // Whatever version the manager has made of it meanwhile: kubectl annotate would end in a conflict with it now and then.
            await lab.ControlPlane.Api.MergeAsync(
                $"/api/v1/namespaces/default/services/{service!["metadata"]!["name"]}",
                new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["lb.kubesphere.io/v1alpha1"] = "porterlb" } } },
                Cancel);
        }

        await AddressedAsync(lab, 20);
        await ControlPlane.WaitUntilAsync(
            "the Eip to be held",
            async () => (await lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips/lan", Cancel))!["metadata"]!["finalizers"] is not null,
            TimeSpan.FromSeconds(60),
            Cancel);
        await lab.Manager.KillAsync(Cancel);
        var hanging = (await ListAsync(lab)).First(service => HasFinalizer(service!) && (string?)service!["metadata"]!["name"] != "web-0")!["metadata"]!["name"]!.GetValue<string>();
        await lab.ControlPlane.Kubectl("delete", "service", hanging, "--wait=false").RunAsync(Cancel);
        await lab.ControlPlane.Kubectl("delete", "-k", Repository.Config("default"), "--wait=false", "--ignore-not-found").RunAsync(Cancel);
        Assert.NotNull(await lab.ControlPlane.Api.GetAsync($"/api/v1/namespaces/default/services/{hanging}", Cancel));
        Assert.NotNull(await lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips/lan", Cancel));

        var repaired = await UninstallAsync(lab, "--yes");
        output.WriteLine(repaired.Text);
        Assert.True(repaired.Succeeded, repaired.Text);
        await NothingIsLeftAsync(lab, addresses: false);
        Assert.Null(await lab.ControlPlane.Api.GetAsync($"/api/v1/namespaces/default/services/{hanging}", Cancel));
    }

    private static async Task StartAsync(LightLab lab)
    {
        await lab.InstallAsync(Cancel);
        lab.StartManager();
        await lab.WaitForManagerAsync(cancellationToken: Cancel);
        var pool = await lab.ApplyAsync(
            $"""
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata:
              name: lan
            spec:
              address: {lab.Segment.IPv4(100)}-{lab.Segment.IPv4(100 + Services - 1)}
            """,
            Cancel);
        Assert.True(pool.Succeeded, pool.Text);
    }

    private static async Task CreateAsync(LightLab lab, int count)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, count), Cancel, async (i, token) => await lab.ControlPlane.Api.CreateAsync(
            "/api/v1/namespaces/default/services",
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = $"web-{i}",
                    ["annotations"] = new JsonObject { ["lb.kubesphere.io/v1alpha1"] = "porterlb" },
                    ["finalizers"] = i == 0 ? new JsonArray("example.com/of-another") : new JsonArray(),
                },
                ["spec"] = new JsonObject { ["type"] = "LoadBalancer", ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
            },
            token));
        await AddressedAsync(lab, count);
    }

    private static Task AddressedAsync(LightLab lab, int count) => ControlPlane.WaitUntilAsync(
        $"{count} Services to have addresses",
        async () => (await ListAsync(lab)).Count(service => service!["status"]!["loadBalancer"]!["ingress"] is not null && HasFinalizer(service)) >= count,
        TimeSpan.FromSeconds(60),
        Cancel);

    private static bool HasFinalizer(JsonNode service) =>
        service["metadata"]!["finalizers"] is JsonArray finalizers && finalizers.Any(finalizer => (string?)finalizer == "finalizer.lb.kubesphere.io/v1alpha1");

    private static async Task<JsonArray> ListAsync(LightLab lab) =>
        (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", Cancel))!["items"]!.AsArray();

    private static Task<CommandResult> UninstallAsync(LightLab lab, params string[] arguments) =>
        arguments[0].StartsWith('-')
            ? UninstallAsync(lab, lab.ControlPlane.AdminKubeconfig, arguments)
            : UninstallAsync(lab, arguments[0], arguments[1..]);

    private static Task<CommandResult> UninstallAsync(LightLab lab, string kubeconfig, string[] arguments) =>
        lab.ControlPlane.Host.Command(Repository.Binary, ["uninstall", $"--kubeconfig={kubeconfig}", .. arguments]).TryRunAsync(Cancel);

    private static async Task NothingIsLeftAsync(LightLab lab, bool addresses)
    {
        foreach (var service in await ListAsync(lab))
        {
            var text = service!.ToJsonString();
            Assert.DoesNotContain("porterlb.io/", text.Replace("\"lb.kubesphere.io/v1alpha1\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.False(HasFinalizer(service), text);
            Assert.Equal(addresses, service["status"]!["loadBalancer"]!["ingress"] is not null);
        }

        var other = (await ListAsync(lab)).FirstOrDefault(service => (string?)service!["metadata"]!["name"] == "web-0");
        Assert.Equal("example.com/of-another", (string?)other?["metadata"]!["finalizers"]![0]);
        foreach (var path in (string[])
        [
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/porterlb",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/eips.network.kubesphere.io",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/speakers.network.kubesphere.io",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/porterlb-manager",
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/porterlb-speaker",
        ])
        {
            Assert.Null(await lab.ControlPlane.Api.GetAsync(path, Cancel));
        }
    }
}
