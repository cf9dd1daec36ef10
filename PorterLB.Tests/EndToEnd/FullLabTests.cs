using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class FullLabTests(ITestOutputHelper output)
{
    private const string Web = """
        {"apiVersion": "v1", "kind": "List", "items": [
          {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
              "terminationGracePeriodSeconds": 1,
              "containers": [{"name": "web", "image": "lab/echo:1", "imagePullPolicy": "Never"}]}}}},
          {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {
            "type": "LoadBalancer", "ipFamilyPolicy": "RequireDualStack", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}}]}
        """;

    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_lab_runs_real_Pods_behind_real_kube_proxies_in_both_families()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await FullLab.StartAsync(new FullLabOptions { Nodes = 2, Kind = "tests" }, output.WriteLine, Cancel);
        await (lab.ControlPlane.Kubectl("apply", "-f", "-") with { Input = Web }).RunAsync(Cancel);
        await lab.ControlPlane.Kubectl("rollout", "status", "--timeout=60s", "daemonset/web").RunAsync(Cancel);

        // What PorterLB will do, by hand: an address in the status, and a client that asks one node for it.
        var (v4, v6) = (lab.Segment.IPv4(100), lab.Segment.IPv6(100));
        await lab.ControlPlane.Api.MergeAsync(
            "/api/v1/namespaces/default/services/web/status",
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = $"{v4}" }, new JsonObject { ["ip"] = $"{v6}" }) } } },
            Cancel);
        await lab.Client.RunAsync($"for each in {v4} {v6}; do ip neigh replace $each lladdr {lab.Nodes[0].Host.Mac} dev eth0 nud permanent; done", Cancel);
        foreach (var url in (string[])[$"http://{v4}/", $"http://[{v6}]/"])
        {
            var pods = new HashSet<string>(StringComparer.Ordinal);
            await ControlPlane.WaitUntilAsync(
                $"both Pods to answer on {url}",
                async () =>
                {
                    var answer = await lab.Client.Command("curl", "-sgm2", url).TryRunAsync(Cancel);
                    if (answer.Succeeded)
                    {
                        pods.Add(answer.Output.Trim());
                    }

                    return pods.Count == 2;
                },
                TimeSpan.FromSeconds(20),
                Cancel);
        }
    }
}
