using System.Diagnostics;
using System.Text;
using PorterLB.Lab.Cluster;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Integration;

[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class ApiServerTests(ApiServerFixture server, ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly string _namespace = $"t{Guid.NewGuid():n}"[..12];

    [Fact]
    public async Task What_is_created_updated_patched_and_deleted_is_so_on_the_server()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        var key = new EntityKey(_namespace, "a");
        var created = await client.CreateAsync(ConfigMap.EntityType, Map("a", "1"), cancellationToken: Cancel);
        created.Data!["value"] = "2";
        var updated = await client.UpdateAsync(ConfigMap.EntityType, created, cancellationToken: Cancel);

        // The version of the first write is no longer the server's.
        created.Metadata.ResourceVersion = "1";
        Assert.True((await Assert.ThrowsAsync<ApiException>(() => client.UpdateAsync(ConfigMap.EntityType, created, cancellationToken: Cancel))).IsConflict);
        Assert.True((await Assert.ThrowsAsync<ApiException>(() => client.CreateAsync(ConfigMap.EntityType, Map("a", "1"), cancellationToken: Cancel))).IsAlreadyExists);

        var merged = await client.PatchAsync(
            ConfigMap.EntityType, key, PatchKind.Merge, """{"data":{"other":"3"}}"""u8.ToArray(), timeout: TimeSpan.FromSeconds(5), cancellationToken: Cancel);
        Assert.Equal(("2", "3"), (merged.Data!["value"], merged.Data["other"]));
        Assert.Null(merged.Metadata.ManagedFields);
        var applied = await client.PatchAsync(
            ConfigMap.EntityType, key, PatchKind.Apply, Encoding.UTF8.GetBytes("""{"apiVersion":"v1","kind":"ConfigMap","data":{"applied":"4"}}"""), fieldManager: "tests", force: true, cancellationToken: Cancel);
        Assert.Equal(("2", "4"), (applied.Data!["value"], applied.Data["applied"]));

        await Assert.ThrowsAsync<ApiException>(() => client.DeleteAsync(ConfigMap.EntityType, key, new Preconditions(Uid: "another"), cancellationToken: Cancel));
        await client.DeleteAsync(ConfigMap.EntityType, key, new Preconditions(updated.Metadata.Uid), cancellationToken: Cancel);
        Assert.Null(await client.GetAsync(ConfigMap.EntityType, key, Cancel));
        await client.DeleteAsync(ConfigMap.EntityType, key, cancellationToken: Cancel);
    }

    [Fact]
    public async Task A_list_of_more_than_a_page_is_whole()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        for (var i = 0; i < 25; i++)
        {
            await client.CreateAsync(ConfigMap.EntityType, Map($"m{i}", "x"), cancellationToken: Cancel);
        }

        var paged = await client.ListAsync(ConfigMap.EntityType, new ListOptions { Namespace = _namespace, PageSize = 10 }, Cancel);
        Assert.Equal(25, paged.Items.Select(item => item.Metadata.Name).Distinct().Count());
        var cached = await client.ListAsync(ConfigMap.EntityType, new ListOptions { Namespace = _namespace, ResourceVersion = paged.ResourceVersion }, Cancel);
        Assert.Equal(25, cached.Items.Count);
    }

    [Fact]
    public async Task Who_may_not_is_told_verb_and_resource()
    {
        using var admin = server.Connect();
        await ClientAsync(admin);
        using var connection = server.Connect(server.Plane.KubeconfigFor("nobody"));
        var client = new KubernetesClient(connection, TimeProvider.System);
        var exception = await Assert.ThrowsAsync<ApiException>(() => client.ListAsync(ConfigMap.EntityType, cancellationToken: Cancel));
        Assert.True(exception.IsForbidden);
        Assert.Contains("cannot list resource \"configmaps\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_from_the_future_is_told_apart_from_one_that_is_gone()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        var future = await Assert.ThrowsAsync<ApiException>(() => client.ListAsync(
            ConfigMap.EntityType, new ListOptions { Namespace = _namespace, ResourceVersion = "999999999" }, Cancel));
        Assert.True(future.IsTooLargeResourceVersion);
        Assert.False(future.IsGone);
    }

    [Fact]
    public async Task An_informer_follows_what_happens_and_reports_the_last_state_of_what_is_gone()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        await client.CreateAsync(ConfigMap.EntityType, Map("before", "1"), cancellationToken: Cancel);
        await using var recording = new RecordingInformer(client, TimeProvider.System, _namespace);
        var first = await recording.NextAsync();
        Assert.Equal((true, null, "before"), (first.IsReplay, first.Old, first.New?.Metadata.Name));
        await recording.UntilConnectedAsync(true);

        var created = await client.CreateAsync(ConfigMap.EntityType, Map("a", "1"), cancellationToken: Cancel);
        Assert.Equal((null, "1"), Values(await recording.NextChangeAsync()));
        created.Data!["value"] = "2";
        await client.UpdateAsync(ConfigMap.EntityType, created, cancellationToken: Cancel);
        Assert.Equal(("1", "2"), Values(await recording.NextChangeAsync()));
        await client.DeleteAsync(ConfigMap.EntityType, EntityKey.Of(created), cancellationToken: Cancel);
        Assert.Equal(("2", null), Values(await recording.NextChangeAsync()));
        Assert.Equal(["before"], recording.Informer.List().Select(item => item.Metadata.Name));
    }

    [Fact]
    public async Task A_frozen_API_server_is_noticed_by_its_silence_and_a_killed_one_at_once()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        await using var recording = new RecordingInformer(client, TimeProvider.System, _namespace);
        await recording.UntilConnectedAsync(true);

        server.Plane.SuspendApiServer();
        var frozen = Stopwatch.StartNew();
        try
        {
            await recording.UntilConnectedAsync(false);
            output.WriteLine($"A frozen API server was noticed after {frozen.Elapsed.TotalSeconds:0.00} s.");

            // 4 s (A_half_open_connection holds it to that); by TCP alone minutes.
            Assert.InRange(frozen.Elapsed.TotalSeconds, 0, 25);
        }
        finally
        {
            server.Plane.ResumeApiServer();
        }

        await recording.UntilConnectedAsync(true);
        await server.Plane.KillApiServerAsync(Cancel);
        var killed = Stopwatch.StartNew();
        await recording.UntilConnectedAsync(false);
        output.WriteLine($"A killed API server was noticed after {killed.Elapsed.TotalSeconds:0.00} s.");
        await server.Plane.StartApiServerAsync(Cancel);
        var back = Stopwatch.StartNew();
        await recording.UntilConnectedAsync(true);
        output.WriteLine($"Once it was back, the watch was there after {back.Elapsed.TotalSeconds:0.00} s.");
        await client.CreateAsync(ConfigMap.EntityType, Map("after", "1"), cancellationToken: Cancel);
        Assert.Equal("after", (await recording.NextChangeAsync()).New?.Metadata.Name);

        // A server remembers from its start on.
        await using var stream = await client.WatchAsync(
            ConfigMap.EntityType, new ListOptions { Namespace = _namespace, ResourceVersion = "1" }, TimeSpan.FromSeconds(300), Cancel);
        Assert.True((await Assert.ThrowsAsync<ApiException>(async () => await stream.ReadAsync(Cancel))).IsGone);
    }

    [Fact]
    public async Task Two_field_managers_of_one_Service_do_not_undo_each_other_in_either_order()
    {
        using var connection = server.Connect();
        var client = await ClientAsync(connection);
        await server.Plane.Api.CreateAsync(
            $"/api/v1/namespaces/{_namespace}/services",
            System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{"name":"web"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""")!,
            Cancel);
        var services = new EntityType<ConfigMap>(new EntityMetadata("Service", "v1", null, "services"), EntityScope.Namespaced, TestJsonContext.Default.ConfigMap);
        var key = new EntityKey(_namespace, "web");
        var placed = """{"apiVersion":"v1","kind":"Service","metadata":{"finalizers":["example.com/address"],"annotations":{"example.com/node":"n1"}},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}""";
        var announced = """{"apiVersion":"v1","kind":"Service","status":{"conditions":[{"type":"example.com/Announced","status":"True","reason":"Announced","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""";
        foreach (var order in new[] { (placed, "one", announced, "two"), (announced, "two", placed, "one"), (placed, "one", announced, "two") })
        {
            await ApplyAsync(order.Item1, order.Item2);
            await ApplyAsync(order.Item3, order.Item4);
            var stored = (await server.Plane.Api.GetAsync($"/api/v1/namespaces/{_namespace}/services/web", Cancel))!;
            Assert.Equal("example.com/address", (string?)stored["metadata"]!["finalizers"]![0]);
            Assert.Equal("n1", (string?)stored["metadata"]!["annotations"]!["example.com/node"]);
            Assert.Equal("192.0.2.1", (string?)stored["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
            Assert.Equal("True", (string?)stored["status"]!["conditions"]![0]!["status"]);
            Assert.Equal("LoadBalancer", (string?)stored["spec"]!["type"]);
        }

        // The finalizer comes off by the same way, and nothing else with it.
        await ApplyAsync("""{"apiVersion":"v1","kind":"Service","status":{"loadBalancer":{}}}""", "one");
        var released = (await server.Plane.Api.GetAsync($"/api/v1/namespaces/{_namespace}/services/web", Cancel))!;
        Assert.Null(released["metadata"]!["finalizers"]);
        Assert.Null(released["status"]!["loadBalancer"]!["ingress"]);
        Assert.NotNull(released["status"]!["conditions"]);

        Task<ConfigMap> ApplyAsync(string body, string manager) => client.PatchAsync(
            services, key, PatchKind.Apply, Encoding.UTF8.GetBytes(body), "status", manager, force: true, TimeSpan.FromSeconds(5), Cancel);
    }

    private static (string? Old, string? New) Values(Delta<ConfigMap> delta) => (delta.Old?.Data?["value"], delta.New?.Data?["value"]);

    private ConfigMap Map(string name, string value) => new()
    {
        Metadata = new k8s.Models.V1ObjectMeta { Name = name, NamespaceProperty = _namespace },
        Data = new() { ["value"] = value },
    };

    private async Task<KubernetesClient> ClientAsync(KubernetesConnection connection)
    {
        await ControlPlane.WaitUntilAsync(
            "the API server", () => server.Plane.Api.IsReadyAsync(Cancel), TimeSpan.FromSeconds(60), Cancel);
        await server.Plane.Api.CreateAsync(
            "/api/v1/namespaces", new System.Text.Json.Nodes.JsonObject { ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = _namespace } }, Cancel);
        return new KubernetesClient(connection, TimeProvider.System);
    }
}
