using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Tests.House;
using PorterLB.Tests.Reconciler;

namespace PorterLB.Tests.Operator.Entities;

/// <summary>A server that is upgraded under a running process, with what Kubernetes 1.36 answered (recorded in the folder beside this file).</summary>
public sealed class ServerFollowerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly FakeApiServer _server = new();
    private readonly ObservedTime _time = new();
    private readonly KubernetesConnection _connection;
    private readonly KubernetesClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];

    public ServerFollowerTests()
    {
        _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);
        _client = new KubernetesClient(_connection, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _connection.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_server_that_is_upgraded_behind_watches_that_end_in_good_order_is_asked_what_it_is_now()
    {
        var features = new ServerFeatures(new KubernetesVersion(20, 2));
        Assert.NotNull(features.ServiceSilenceCheck);
        var services = Start(ServiceView.Type);
        _tasks.Add(new ServerFollower(features, _client, services, _time, NullLogger<ServerFollower>.Instance).RunAsync(_stop.Token));
        var lost = 0;
        using var losses = services.SubscribeConnected(connected => lost += connected ? 0 : 1);

        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"10"},"items":[]}""");
        var watch = _server.Watch();
        _server.Answer(HttpStatusCode.OK, """{"minor":"20","gitVersion":"v1.20.2"}""");
        await AskedForAsync("/api/v1/services", "/api/v1/services", "/version");

        // It stops: each watch ends as if its time were up. The next one is another server's.
        await watch.BookmarkAsync("11");
        _server.Watch();
        _server.Answer(HttpStatusCode.OK, Recorded("version.json"));
        watch.End();
        await AskedForAsync("/api/v1/services", "/version");
        await UntilAsync(() => features.Version == new KubernetesVersion(36, 2));
        Assert.True(features.IpMode);
        Assert.Null(features.ServiceSilenceCheck);
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task Endpoints_are_read_in_the_better_form_as_soon_as_the_server_has_it()
    {
        var endpoints = Start(EndpointsView.SliceV1, EndpointsView.Configure);
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"10"},"items":[]}""");
        var watch = _server.Watch();
        await AskedForAsync("/apis/discovery.k8s.io/v1/endpointslices", "/apis/discovery.k8s.io/v1beta1/endpointslices", "/apis/discovery.k8s.io/v1beta1/endpointslices");

        await watch.BookmarkAsync("11");
        _server.Answer(HttpStatusCode.OK, Recorded("discovery-v1-resources.json"));
        _server.Answer(HttpStatusCode.OK, Recorded("endpointslices.json"));
        _server.Watch();
        watch.End();
        await AskedForAsync("/apis/discovery.k8s.io/v1", "/apis/discovery.k8s.io/v1/endpointslices", "/apis/discovery.k8s.io/v1/endpointslices");
        await UntilAsync(() => endpoints.ByIndex(EndpointsView.ByService, "default/plain").Any(slice => slice.Places.Any(place => place.NodeName is not null)));
    }

    /// <summary>Recorded with <c>sendInitialEvents</c>, which is not asked for here: bookmarks with annotations, and a spec without fields.</summary>
    [Fact]
    public async Task A_watch_of_a_newer_server_is_read_to_its_last_bookmark_and_without_managed_fields()
    {
        var services = Start(ServiceView.Type);
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"10"},"items":[]}""");
        var watch = _server.Watch();
        await AskedForAsync("/api/v1/services", "/api/v1/services");
        await watch.SayAsync(Recorded("watch-list.jsonl"));
        await UntilAsync(() => services.List().Count == 3);
        Assert.All(services.List(), service => Assert.Null(service.Metadata.ManagedFields));
        Assert.Equal("VIP", services.Get(new EntityKey("default", "classed"))!.Status.LoadBalancer!.Ingress![0].IpMode);

        // The bookmark carries the version to go on from.
        _server.Watch();
        watch.End();
        var next = await _server.NextAsync();
        Assert.Contains("resourceVersion=220", next.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api-v1-resources.json", "", "v1", "services", "nodes", "namespaces", "events", "secrets", "services/status")]
    [InlineData("discovery-v1-resources.json", "discovery.k8s.io", "v1", "endpointslices")]
    [InlineData("coordination-v1-resources.json", "coordination.k8s.io", "v1", "leases")]
    [InlineData("admissionregistration-v1-resources.json", "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "validatingadmissionpolicies")]
    public async Task What_is_read_and_written_is_found_in_its_lists(string file, string group, string version, params string[] plurals)
    {
        foreach (var plural in plurals)
        {
            _server.Answer(HttpStatusCode.OK, Recorded(file));
            Assert.True(await _client.ServesAsync(new("Any", version, group, plural)));
        }
    }

    private static string Recorded(string file) =>
        File.ReadAllText(Path.Combine(Repository.Root, "PorterLB.Tests", "Operator", "Entities", "kubernetes-1.36", file));

    private Informer<TEntity> Start<TEntity>(PorterLB.Reconciler.Entities.EntityType<TEntity> type, Action<InformerOptions<TEntity>>? configure = null)
        where TEntity : class, k8s.IKubernetesObject<k8s.Models.V1ObjectMeta>
    {
        var options = new InformerOptions<TEntity>();
        configure?.Invoke(options);
        var informer = new Informer<TEntity>(_client, type, options, _time, new Random(1), NullLogger<Informer<TEntity>>.Instance);
        _tasks.Add(informer.RunAsync(_stop.Token));
        return informer;
    }

    private async Task AskedForAsync(params string[] paths)
    {
        foreach (var path in paths)
        {
            Assert.Equal(path, (await _server.NextAsync()).Path);
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
