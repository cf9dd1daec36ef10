using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PorterLB.Lab.Cluster;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Integration;

[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class OperatorTests(ApiServerFixture server, ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly LeaseTimes Times = new(TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
    private readonly string _namespace = $"o{Guid.NewGuid():n}"[..12];

    [Fact]
    public async Task A_small_operator_reconciles_finalizes_says_so_and_shows_its_health_and_metrics()
    {
        await PrepareAsync();
        await using var replica = await Replica.StartAsync(server, _namespace, Times, output);
        await GreetAsync("a", "World");
        await UntilAsync("the greeting", async () => (string?)(await MapAsync("a"))?["data"]?["greeting"] == "Hello, World!");
        Assert.Equal(GreetingOperator.Finalizer, (string?)(await MapAsync("a"))!["metadata"]!["finalizers"]![0]);
        await UntilAsync("the Event", async () =>
            (await server.Plane.Api.GetAsync($"/api/v1/namespaces/{_namespace}/events", Cancel))!["items"]!.AsArray()
                .Any(item => (string?)item!["reason"] == "Greeted" && (string?)item["involvedObject"]!["name"] == "a" && (string?)item["source"]!["component"] == "greeter"));

        // kubectl replace takes off whatever the manifest does not have.
        var replaced = (await MapAsync("a"))!;
        replaced["metadata"]!.AsObject().Remove("finalizers");
        await server.Plane.Api.ReplaceAsync($"/api/v1/namespaces/{_namespace}/configmaps/a", replaced, Cancel);
        await UntilAsync("the finalizer to be put on again", async () => (string?)(await MapAsync("a"))?["metadata"]!["finalizers"]?[0] == GreetingOperator.Finalizer);

        Assert.Equal("ok", await replica.GetAsync("/healthz"));
        Assert.Equal("[+]caches ok\nreadyz check passed\n", await replica.GetAsync("/readyz?verbose"));
        var metrics = await replica.GetAsync("/metrics");
        Assert.Contains("controller_runtime_reconcile_total{controller=\"greeter\",result=\"success\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("leader_election_master_status{name=\"greeter\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("workqueue_depth{name=\"greeter\",controller=\"greeter\",priority=\"0\"} 0", metrics, StringComparison.Ordinal);
        Assert.Contains("rest_client_requests_total{code=\"200\",method=\"GET\",host=", metrics, StringComparison.Ordinal);

        await server.Plane.Api.DeleteAsync($"/api/v1/namespaces/{_namespace}/configmaps/a", Cancel);
        await UntilAsync("the object to go", async () => await MapAsync("a") is null);
        Assert.NotNull(await MapAsync("a-is-gone"));
    }

    [Fact]
    public async Task When_the_leader_is_stopped_the_other_takes_over_without_waiting_for_the_lease()
    {
        await PrepareAsync();
        await using var first = await Replica.StartAsync(server, _namespace, Times, output);
        await UntilAsync("a leader", () => Task.FromResult(first.Leadership.IsLeader));
        await using var second = await Replica.StartAsync(server, _namespace, Times, output);
        await Task.Delay(TimeSpan.FromSeconds(2), Cancel);
        Assert.False(second.Leadership.IsLeader);

        var watch = Stopwatch.StartNew();
        await first.StopAsync();
        output.WriteLine($"The leader stopped within {watch.Elapsed.TotalSeconds:0.00} s.");
        Assert.Equal("", (string?)(await LeaseAsync())["spec"]!["holderIdentity"]);
        await UntilAsync("the other to lead", () => Task.FromResult(second.Leadership.IsLeader));
        output.WriteLine($"The other led after {watch.Elapsed.TotalSeconds:0.00} s.");

        // A lease that ran out would be taken uncleanly.
        Assert.Equal(TakeOver.Clean, second.Leadership.TakeOver);
        await GreetAsync("b", "Again");
        await UntilAsync("the greeting", async () => (string?)(await MapAsync("b"))?["data"]?["greeting"] == "Hello, Again!");
        Assert.Empty(first.ExitCodes);
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_stops_to_write_then_ends_and_the_other_leads_after_it()
    {
        await PrepareAsync();
        await using var first = await Replica.StartAsync(server, _namespace, Times, output);
        await UntilAsync("a leader", () => Task.FromResult(first.Leadership.IsLeader));
        await using var second = await Replica.StartAsync(server, _namespace, Times, output);
        first.Cable!.Cut();
        var watch = Stopwatch.StartNew();
        await UntilAsync("the writes to stop", () => Task.FromResult(!first.Leadership.MayWrite));
        var stopped = watch.Elapsed;
        Assert.True(first.Leadership.IsLeader);
        Assert.False(second.Leadership.IsLeader);
        await UntilAsync("leadership to end", () => Task.FromResult(first.ExitCodes.Count > 0));
        var ended = watch.Elapsed;
        Assert.False(second.Leadership.IsLeader);
        await UntilAsync("the other to lead", () => Task.FromResult(second.Leadership.IsLeader));
        output.WriteLine($"Writes stopped after {stopped.TotalSeconds:0.00} s, leadership ended after {ended.TotalSeconds:0.00} s, the other led after {watch.Elapsed.TotalSeconds:0.00} s.");
        Assert.Equal([1], first.ExitCodes);
        Assert.Equal(TakeOver.Unclean, second.Leadership.TakeOver);
    }

    [Fact]
    public async Task What_others_put_on_the_lease_stays_there()
    {
        await PrepareAsync();
        await using var replica = await Replica.StartAsync(server, _namespace, Times, output);
        await UntilAsync("a leader", () => Task.FromResult(replica.Leadership.IsLeader));
        await server.Plane.Api.MergeAsync(LeasePath, JsonNode.Parse("""{"metadata":{"labels":{"team":"net"}}}""")!, Cancel);
        var before = (string?)(await LeaseAsync())["spec"]!["renewTime"];
        await UntilAsync("two renewals", async () => string.CompareOrdinal((string?)(await LeaseAsync())["spec"]!["renewTime"], before) > 0);
        await Task.Delay(Times.RetryPeriod * 2, Cancel);
        Assert.Equal("net", (string?)(await LeaseAsync())["metadata"]!["labels"]?["team"]);
        Assert.True(replica.Leadership.IsLeader);
        Assert.Empty(replica.ExitCodes);
    }

    [Fact]
    public async Task A_kind_that_cannot_be_listed_ends_the_start_with_one_clear_sentence()
    {
        await PrepareAsync();
        var builder = Replica.Builder(server, server.Plane.KubeconfigFor("nobody"), output);
        builder.Services.AddKubernetesOperator(settings => settings.WithSyncTimeout(TimeSpan.FromSeconds(4)))
            .AddInformer(ConfigMap.EntityType);
        using var host = builder.Build();
        var exception = await Assert.ThrowsAsync<OperatorException>(() => host.RunAsync(Cancel));
        Assert.StartsWith("Nothing can be done without these objects, and they could not be listed within 4 s: configmaps (configmaps is forbidden: User \"nobody\" cannot list resource \"configmaps\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_controller_without_an_informer_is_told_what_is_missing()
    {
        var builder = Replica.Builder(server, kubeconfig: null, output);
        builder.Services.AddKubernetesOperator().AddController<Greeter, ConfigMap>();
        using var host = builder.Build();
        var exception = await Assert.ThrowsAsync<OperatorException>(() => host.StartAsync(Cancel));
        Assert.Contains("AddInformer", exception.Message, StringComparison.Ordinal);
    }

    private string LeasePath => $"/apis/coordination.k8s.io/v1/namespaces/{_namespace}/leases/greeter";

    private async Task<JsonNode> LeaseAsync() => (await server.Plane.Api.GetAsync(LeasePath, Cancel))!;

    private Task<JsonNode?> MapAsync(string name) => server.Plane.Api.GetAsync($"/api/v1/namespaces/{_namespace}/configmaps/{name}", Cancel);

    private Task<JsonNode> GreetAsync(string name, string whom) => server.Plane.Api.CreateAsync(
        $"/api/v1/namespaces/{_namespace}/configmaps",
        new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["greet"] = whom } } },
        Cancel);

    private async Task PrepareAsync()
    {
        await UntilAsync("the API server", () => server.Plane.Api.IsReadyAsync(Cancel));
        await server.Plane.Api.CreateAsync(
            "/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = _namespace } }, Cancel);
    }

    private static Task UntilAsync(string what, Func<Task<bool>> condition) => ControlPlane.WaitUntilAsync(what, condition, Patience, Cancel);

    /// <summary>One process of the operator, as far as a test can have several in one.</summary>
    private sealed class Replica : IAsyncDisposable
    {
        private readonly IHost _host;
        private readonly HttpClient _http = new();
        private bool _stopped;

        private Replica(IHost host, List<int> exitCodes)
        {
            _host = host;
            ExitCodes = exitCodes;
        }

        public List<int> ExitCodes { get; }

        public ILeadership Leadership => _host.Services.GetRequiredService<ILeadership>();

        public CuttableClient? Cable => _host.Services.GetRequiredService<IKubernetesClient>() as CuttableClient;

        public static HostApplicationBuilder Builder(ApiServerFixture server, string? kubeconfig, ITestOutputHelper output)
        {
            var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            builder.Services.AddSingleton(TimeProvider.System);
            builder.Services.AddSingleton(new Random());
            builder.Services.AddSingleton(server.Connect(kubeconfig));
            builder.Logging.AddProvider(new TestLogs(output));
            return builder;
        }

        public static async Task<Replica> StartAsync(ApiServerFixture server, string @namespace, LeaseTimes times, ITestOutputHelper output)
        {
            var builder = Builder(server, kubeconfig: null, output);
            builder.Services.AddSingleton<IKubernetesClient>(provider => new CuttableClient(
                new KubernetesClient(
                    provider.GetRequiredService<KubernetesConnection>(),
                    TimeProvider.System,
                    provider.GetRequiredService<PorterLB.Reconciler.Metrics.OperatorMetrics>())));
            var exitCodes = new List<int>();
            builder.Services.AddGreetingOperator(@namespace, times);
            var settings = builder.Services.Single(service => service.ServiceType == typeof(OperatorSettings));
            builder.Services.Remove(settings);
            builder.Services.AddSingleton((OperatorSettings)settings.ImplementationInstance! with { Exit = exitCodes.Add });
            var host = builder.Build();
            await host.StartAsync(Cancel);
            return new Replica(host, exitCodes);
        }

        public async Task<string> GetAsync(string path)
        {
            foreach (var address in _host.Services.GetRequiredService<OperatorHost>().Addresses)
            {
                using var answer = await _http.GetAsync(new Uri(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal) + path), Cancel);
                if (answer.StatusCode != System.Net.HttpStatusCode.NotFound)
                {
                    return await answer.Content.ReadAsStringAsync(Cancel);
                }
            }

            throw new InvalidOperationException($"Nobody serves {path}.");
        }

        public async Task StopAsync()
        {
            _stopped = true;
            await _host.StopAsync(Cancel);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_stopped)
            {
                try
                {
                    await _host.StopAsync(CancellationToken.None);
                }
                catch (OperatorException)
                {
                    // A replica that lost its leadership says so once more when it is stopped.
                }
            }

            _host.Dispose();
            _http.Dispose();
        }
    }

    private sealed class TestLogs(ITestOutputHelper output) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                output.WriteLine($"{logLevel} {eventId.Id} {formatter(state, exception)}{(exception is null ? "" : $" | {exception.GetType().Name}: {exception.Message}")}");
            }
            catch (InvalidOperationException)
            {
                // The test is over.
            }
        }

        public void Dispose()
        {
        }
    }
}
