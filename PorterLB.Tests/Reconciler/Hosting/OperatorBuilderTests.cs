using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Tests.Reconciler.Hosting;

/// <summary>What registrations in KubeOps' words come to.</summary>
public sealed class OperatorBuilderTests : IDisposable
{
    private readonly FakeApiServer _server = new();
    private readonly KubernetesConnection _connection;
    private readonly ServiceCollection _services = [];

    public OperatorBuilderTests()
    {
        _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);
        _services.AddSingleton(_connection).AddSingleton<TimeProvider>(new FakeTimeProvider()).AddSingleton(new Random(1));
        _services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task Selectors_and_the_namespace_of_the_settings_narrow_what_is_asked_of_the_server()
    {
        _services.AddKubernetesOperator(settings => settings.WithNamespace("ours"))
            .AddInformer(ConfigMap.EntityType, options => options.LabelSelector = "app")
            .AddControllerWithLabelSelector<Selected, ConfigMap, Blue>()
            .AddControllerWithFieldSelector<Named, ConfigMap, OnlyA>(options => options.Name = "named");
        await using var provider = _services.BuildServiceProvider();
        using var stop = new CancellationTokenSource();
        var running = provider.GetRequiredService<Informer<ConfigMap>>().RunAsync(stop.Token);
        var list = await _server.NextAsync();
        Assert.Equal("/api/v1/namespaces/ours/configmaps", list.Path);
        Assert.Contains("labelSelector=app,color=blue", list.Query, StringComparison.Ordinal);
        Assert.Contains("fieldSelector=metadata.name=a", list.Query, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void Two_choices_of_one_kind_are_refused()
    {
        var builder = _services.AddKubernetesOperator().AddControllerWithLabelSelector<Selected, ConfigMap, Blue>();
        var refused = Assert.Throws<OperatorException>(() =>
            builder.AddControllerWithLabelSelector<Selected, ConfigMap, Red>(options => options.Name = "red"));
        Assert.Contains("Red and by Blue", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_selector_that_is_only_an_attribute_is_not_passed_over()
    {
        var refused = Assert.Throws<OperatorException>(() => _services.AddKubernetesOperator().AddController<Selected, ConfigMap>());
        Assert.Contains("AddControllerWithLabelSelector", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_finds_the_kind_by_the_type_and_says_what_is_missing()
    {
        _services.AddKubernetesOperator().AddEntity(ConfigMap.EntityType);
        await using var provider = _services.BuildServiceProvider();
        var client = provider.GetRequiredService<IKubernetesClient>();
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a", "7", "x")));
        Assert.Equal("7", (await client.GetAsync<ConfigMap>("a", "default"))!.Metadata.ResourceVersion);

        var missing = Assert.Throws<InvalidOperationException>(client.TypeOf<PageOperator.V1Page>);
        Assert.Contains("AddEntity", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_creates_what_is_not_there_and_replaces_what_is_whatever_its_version()
    {
        _services.AddKubernetesOperator().AddEntity(ConfigMap.EntityType);
        await using var provider = _services.BuildServiceProvider();
        var client = provider.GetRequiredService<IKubernetesClient>();
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "configmaps 'a' not found");
        _server.Answer(HttpStatusCode.Created, FakeApiServer.Json(ConfigMap.Named("a", "1", "x")));
        await client.SaveAsync(ConfigMap.Named("a", version: null, "x"));
        await _server.NextAsync();
        Assert.Equal("POST", (await _server.NextAsync()).Method);

        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a", "9", "x")));
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a", "10", "y")));
        await client.SaveAsync(ConfigMap.Named("a", "1", "y"));
        await _server.NextAsync();
        var put = await _server.NextAsync();
        Assert.Equal("PUT", put.Method);
        Assert.Contains("\"resourceVersion\":\"9\"", put.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ReconcileStrategy.ByGeneration, false)]
    [InlineData(ReconcileStrategy.ByResourceVersion, true)]
    public async Task The_strategy_of_the_settings_holds_for_a_controller_without_a_predicate(ReconcileStrategy strategy, bool passes)
    {
        ControllerOptions<ConfigMap>? options = null;
        _services.AddKubernetesOperator(settings => settings.WithReconcileStrategy(strategy).WithParallelReconciliation(new() { MaxParallelReconciliations = 7 }))
            .AddInformer(ConfigMap.EntityType)
            .AddController<Plain, ConfigMap>(given => options = given);
        await using var provider = _services.BuildServiceProvider();
        using var controller = provider.GetRequiredService<Controller<ConfigMap>>();
        Assert.Equal(7, options!.MaxConcurrentReconciles);
        var labelled = new Delta<ConfigMap>(ConfigMap.Named("a", "1"), ConfigMap.Named("a", "2"));
        Assert.Equal(passes, options.Predicate?.Invoke(labelled) ?? true);
    }

    [LabelSelector(typeof(Blue))]
    private sealed class Selected : Plain;

    private sealed class Named : Plain;

    private class Plain : IEntityController<ConfigMap>
    {
        public Task<ReconciliationResult<ConfigMap>> ReconcileAsync(ConfigMap entity, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<ConfigMap>.Success(entity));

        public Task<ReconciliationResult<ConfigMap>> DeletedAsync(ConfigMap entity, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<ConfigMap>.Success(entity));
    }

    private sealed class Blue : IEntityLabelSelector<ConfigMap>
    {
        public ValueTask<string?> GetLabelSelectorAsync(CancellationToken cancellationToken) => new("color=blue");
    }

    private sealed class Red : IEntityLabelSelector<ConfigMap>
    {
        public ValueTask<string?> GetLabelSelectorAsync(CancellationToken cancellationToken) => new("color=red");
    }

    private sealed class OnlyA : IEntityFieldSelector<ConfigMap>
    {
        public ValueTask<string?> GetFieldSelectorAsync(CancellationToken cancellationToken) => new("metadata.name=a");
    }
}
