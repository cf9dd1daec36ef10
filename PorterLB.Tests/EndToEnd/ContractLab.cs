using System.Net;
using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

/// <summary>A light lab with PorterLB in it, whose manager a test can stop and start; and short words for what tests ask the API server.</summary>
public sealed class ContractLab : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly CancellationToken Cancel = CancellationToken.None;
    private LightLab? _lab;

    public LightLab Lab => _lab ?? throw new InvalidOperationException("The lab was not started.");

    private ApiClient Api => Lab.ControlPlane.Api;

    public async ValueTask InitializeAsync()
    {
        if (Privileges.Lacking is not null)
        {
            return;
        }

        _lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, _ => { });
        try
        {
            await _lab.InstallAsync();
            await StartManagerAsync();
            await _lab.Nodes[0].Host.RunAsync($"ip route add default via {_lab.Client.IPv4}");
            foreach (var node in _lab.Nodes)
            {
                node.StartSpeaker();
                await node.WaitUntilReadyAsync(TimeSpan.FromSeconds(90));
            }

            await EipAsync("lan", Lab.PoolRanges.V4, Lab.PoolRanges.V6);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is { } lab)
        {
            _lab = null;
            await lab.DisposeAsync();
        }
    }

    public async Task StartManagerAsync()
    {
        // Quick to take over, so that a test of a crash need not wait for the default lease; long enough to be renewed beside another lab.
        Lab.StartManager(0, "--lease-duration=6s", "--renew-deadline=5s", "--retry-period=500ms");
        await UntilAsync("the manager to be ready", async () => await PorterLB.Lab.Network.HostHttp.GetAsync(Lab.ManagerHost(), 8081, "/readyz", Cancel) is not null);
    }

    public Task<string?> ManagerMetricsAsync() => PorterLB.Lab.Network.HostHttp.GetAsync(Lab.ManagerHost(), 8080, "/metrics", Cancel);

    public static Task UntilAsync(string what, Func<Task<bool>> condition) => ControlPlane.WaitUntilAsync(what, condition, Patience, Cancel);

    public Task EipAsync(string name, params string[] ranges) => ApplyAsync("Eip", name, $"addresses: [{string.Join(", ", ranges.Select(range => $"\"{range}\""))}]");

    public async Task ApplyAsync(string kind, string name, string spec)
    {
        // kubectl takes for JSON what begins with a brace.
        var applied = await Lab.ApplyAsync($"apiVersion: network.kubesphere.io/v1alpha2\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}", Cancel);
        Assert.True(applied.Succeeded, applied.Text);
    }

    /// <summary>Creates a Service that is ours, and waits for its address unless it is to have none.</summary>
    public async Task<JsonNode> ServiceAsync(string name, JsonObject? spec = null, bool waits = true, params (string Name, string Value)[] annotations)
    {
        var all = annotations.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal);
        all.TryAdd("lb.kubesphere.io/v1alpha1", "porterlb");
        await Lab.CreateServiceAsync(name, all, spec ?? [], cancellationToken: Cancel);
        return waits ? await UntilAsync(name, service => Addresses(service).Length > 0) : await GetAsync(name);
    }

    public async Task<JsonNode> GetAsync(string name) =>
        await Api.GetAsync(Path(name), Cancel) ?? throw new InvalidOperationException($"There is no Service {name}.");

    public async Task<bool> IsGoneAsync(string name) => await Api.GetAsync(Path(name), Cancel) is null;

    /// <summary>The Service, once it is so.</summary>
    public async Task<JsonNode> UntilAsync(string name, Func<JsonNode, bool> condition, string what = "be as expected")
    {
        JsonNode? last = null;
        try
        {
            await UntilAsync($"Service {name} to {what}", async () => condition(last = await GetAsync(name)));
        }
        catch (LabException exception)
        {
            throw new LabException(
                $"{exception.Message} It is: {last?.ToJsonString()}\nThe manager {(Lab.Manager.HasExited ? "ended" : "runs")}; its last words:\n{Lab.Manager.LastLines()}", exception);
        }

        return last!;
    }

    public Task<JsonNode> MergeAsync(string name, string json) => Api.MergeAsync(Path(name), JsonNode.Parse(json)!, Cancel);

    public Task<JsonNode> MergeStatusAsync(string name, string json) => Api.MergeAsync($"{Path(name)}/status", JsonNode.Parse(json)!, Cancel);

    public Task DeleteAsync(string name) => Api.DeleteAsync(Path(name), Cancel);

    public async Task DeleteAndWaitAsync(string name)
    {
        await DeleteAsync(name);
        await UntilAsync($"Service {name} to be gone", () => IsGoneAsync(name));
    }

    public Task<JsonNode?> CustomAsync(string plural, string name) => Api.GetAsync($"/apis/network.kubesphere.io/v1alpha2/{plural}/{name}", Cancel);

    /// <summary>The messages of the Events of that reason about a Service.</summary>
    public async Task<string[]> EventsAsync(string name, string reason)
    {
        var events = await Api.GetAsync("/api/v1/namespaces/default/events", Cancel);
        return
        [
            .. events!["items"]!.AsArray()
                .Where(item => (string?)item!["involvedObject"]?["name"] == name && (string?)item["reason"] == reason)
                .Select(item => (string?)item!["message"] ?? ""),
        ];
    }

    public async Task<string> EventAsync(string name, string reason)
    {
        string[] found = [];
        await UntilAsync($"an Event {reason} about {name}", async () => (found = await EventsAsync(name, reason)).Length > 0);
        return found[^1];
    }

    public static string Addresses(JsonNode service) =>
        string.Join(',', (service["status"]?["loadBalancer"]?["ingress"]?.AsArray() ?? []).Select(item => (string?)item!["ip"] ?? (string?)item["hostname"]));

    public static IPAddress First(JsonNode service) => IPAddress.Parse(Addresses(service).Split(',')[0]);

    public static string? Annotation(JsonNode service, string name) => (string?)service["metadata"]?["annotations"]?[name];

    public static bool HasFinalizer(JsonNode service) =>
        (service["metadata"]?["finalizers"]?.AsArray() ?? []).Any(item => (string?)item == "finalizer.lb.kubesphere.io/v1alpha1");

    /// <summary>"status reason" of a condition, or "".</summary>
    public static string Condition(JsonNode? entity, string type) =>
        (entity?["status"]?["conditions"]?.AsArray() ?? []).FirstOrDefault(item => (string?)item!["type"] == type) is { } condition ? $"{condition["status"]} {condition["reason"]}" : "";

    public static string Message(JsonNode? entity, string type) =>
        (string?)(entity?["status"]?["conditions"]?.AsArray() ?? []).FirstOrDefault(item => (string?)item!["type"] == type)?["message"] ?? "";

    /// <summary>The address announced by this node, in the condition's words.</summary>
    public static bool IsAnnouncedBy(JsonNode service, string node) =>
        Condition(service, "porterlb.io/Announced") == "True Announced" && Message(service, "porterlb.io/Announced").Contains($"node {node},", StringComparison.Ordinal);

    private static string Path(string name) => $"/api/v1/namespaces/default/services/{name}";
}
