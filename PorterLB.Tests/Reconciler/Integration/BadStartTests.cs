using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PorterLB.Lab.Cluster;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>What is missing or wrong when an operator starts is said once, in readiness and in the log, and the rest goes on.</summary>
[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class BadStartTests(ApiServerFixture server) : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly string _group = $"g{Guid.NewGuid():n}"[..8] + ".example.com";
    private readonly ConcurrentQueue<string> _warnings = new();
    private readonly HttpClient _http = new();
    private IHost? _host;

    private EntityType<Anything> Things => new(new EntityMetadata("Thing", "v1", _group), EntityScope.Cluster, AnythingJsonContext.Default.Anything);

    public async ValueTask InitializeAsync() => await ControlPlane.WaitUntilAsync(
        "the API server", () => server.Plane.Api.IsReadyAsync(Cancel), TimeSpan.FromSeconds(60), Cancel);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync(CancellationToken.None);
            _host.Dispose();
        }

        _http.Dispose();
    }

    [Fact]
    public async Task A_definition_that_is_missing_or_of_another_release_is_named_and_waited_for()
    {
        await StartAsync(kubeconfig: null, builder => builder.AddInformer(ConfigMap.EntityType).AddInformer(Things));
        await UntilReadinessSaysAsync($"things.{_group}: the API server has no things in {_group}/v1; is its CustomResourceDefinition applied?");
        await UntilAsync("the others to be cached", () => _host!.Services.GetRequiredService<Informer<ConfigMap>>().HasSynced);

        await DefineAsync("v1alpha1");
        await UntilReadinessSaysAsync($"only in v1alpha1: the CustomResourceDefinition is of another release; apply that of this one");

        await server.Plane.Api.MergeAsync(DefinitionPath, new JsonObject { ["spec"] = new JsonObject { ["versions"] = Versions("v1alpha1", "v1") } }, Cancel);
        await UntilReadinessSaysAsync("readyz check passed");
        Assert.Equal(2, _warnings.Count);
    }

    [Fact]
    public async Task An_object_that_does_not_fit_its_type_is_named_once_and_hides_no_other()
    {
        await DefineAsync("v1");
        await CreateAsync("""{"metadata":{"name":"wrong"},"spec":{"size":"large"}}""");
        await CreateAsync("""{"metadata":{"name":"unknown"},"spec":{"size":1,"colour":{"red":[1,null,true]}},"more":"fields"}""");
        await CreateAsync(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = $"long.{new string('x', 240)}" },
            ["spec"] = new JsonObject { ["size"] = 3, ["filling"] = new string('y', 900_000) },
        });
        await StartAsync(kubeconfig: null, builder => builder.AddInformer(Things));
        await UntilReadinessSaysAsync("readyz check passed");
        var things = _host!.Services.GetRequiredService<Informer<Anything>>();

        // The first list may come from the server's cache, which is a moment behind what was just created.
        await ControlPlane.WaitUntilAsync("what fits to be cached", () => Task.FromResult(things.List().Count > 1), TimeSpan.FromSeconds(10), Cancel);
        Assert.Equal([1, 3], things.List().Select(thing => thing.Spec?.Size ?? 0).Order());
        var warning = Assert.Single(_warnings);
        Assert.StartsWith($"wrong of things.{_group} cannot be read", warning, StringComparison.Ordinal);
        Assert.Contains("$.spec.size", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_right_that_is_lacking_is_named_with_verb_and_resource_until_it_is_granted()
    {
        var role = $"read-secrets-{_group}";
        await StartAsync(server.Plane.KubeconfigFor("nobody"), builder => builder.AddInformer(ConfigMap.EntityType, options => options.Namespace = "kube-system"));
        await UntilReadinessSaysAsync("User \"nobody\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"kube-system\"");
        const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system";
        await server.Plane.Api.CreateAsync($"{Roles}/roles", JsonNode.Parse(
            $$"""{"metadata":{"name":"{{role}}"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["list","watch"]}]}""")!, Cancel);
        await server.Plane.Api.CreateAsync($"{Roles}/rolebindings", JsonNode.Parse(
            $$"""{"metadata":{"name":"{{role}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"{{role}}"},"subjects":[{"kind":"User","name":"nobody","apiGroup":"rbac.authorization.k8s.io"}]}""")!, Cancel);
        await UntilReadinessSaysAsync("readyz check passed");
        Assert.Single(_warnings);
    }

    [Fact]
    public async Task A_token_that_has_expired_is_told_once_until_there_is_a_new_one()
    {
        var folder = Directory.CreateTempSubdirectory("porterlb-token-");
        try
        {
            var token = Path.Combine(folder.FullName, "token");
            var original = await File.ReadAllTextAsync(server.Plane.AdminKubeconfig, Cancel);
            var given = Regex.Match(original, @"token: (?<token>\S+)", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
            var kubeconfig = Path.Combine(folder.FullName, "kubeconfig");
            await File.WriteAllTextAsync(kubeconfig, original.Replace(given.Value, $"tokenFile: {token}", StringComparison.Ordinal), Cancel);
            await File.WriteAllTextAsync(token, "of yesterday", Cancel);
            await StartAsync(kubeconfig, builder => builder.AddInformer(ConfigMap.EntityType));
            await UntilReadinessSaysAsync("may have expired");

            await File.WriteAllTextAsync(token, given.Groups["token"].Value, Cancel);
            await UntilReadinessSaysAsync("readyz check passed");
            Assert.Contains("may have expired", Assert.Single(_warnings), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private string DefinitionPath => $"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.{_group}";

    private async Task DefineAsync(string version)
    {
        await server.Plane.Api.CreateAsync(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = $"things.{_group}" },
                ["spec"] = new JsonObject
                {
                    ["group"] = _group,
                    ["scope"] = "Cluster",
                    ["names"] = new JsonObject { ["kind"] = "Thing", ["plural"] = "things" },
                    ["versions"] = Versions(version),
                },
            },
            Cancel);
        await server.Plane.Kubectl("wait", "--for=condition=Established", "--timeout=20s", $"crd/things.{_group}").RunAsync(Cancel);
    }

    private static JsonArray Versions(params string[] versions) => [.. versions.Select((version, i) => new JsonObject
    {
        ["name"] = version,
        ["served"] = true,
        ["storage"] = i == 0,
        ["schema"] = JsonNode.Parse("""{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}"""),
    })];

    private Task CreateAsync(string thing) => CreateAsync(JsonNode.Parse(thing)!.AsObject());

    private async Task CreateAsync(JsonObject thing)
    {
        thing["apiVersion"] = $"{_group}/v1";
        thing["kind"] = "Thing";

        // A definition is established a little before its objects are served.
        await ControlPlane.WaitUntilAsync(
            "the definition to be served",
            async () => await server.Plane.Api.GetAsync($"/apis/{_group}/v1/things", Cancel) is not null,
            TimeSpan.FromSeconds(20),
            Cancel);
        await server.Plane.Api.CreateAsync($"/apis/{_group}/v1/things", thing, Cancel);
    }

    private async Task StartAsync(string? kubeconfig, Action<IOperatorBuilder> compose)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new Random());
        builder.Services.AddSingleton(server.Connect(kubeconfig));
        builder.Logging.AddProvider(new Warnings(_warnings));
        var operatorBuilder = builder.Services.AddKubernetesOperator().AddHealth("127.0.0.1:0");
        compose(operatorBuilder);
        _host = builder.Build();
        await _host.StartAsync(Cancel);
    }

    private async Task UntilReadinessSaysAsync(string text)
    {
        var address = _host!.Services.GetRequiredService<OperatorHost>().Addresses.Single();
        var said = "";
        try
        {
            await ControlPlane.WaitUntilAsync(
                "readiness",
                async () =>
                {
                    using var answer = await _http.GetAsync(new Uri($"{address}/readyz?verbose"), Cancel);
                    said = await answer.Content.ReadAsStringAsync(Cancel);
                    return said.Contains(text, StringComparison.Ordinal);
                },
                TimeSpan.FromSeconds(30),
                Cancel);
        }
        catch (PorterLB.Lab.LabException exception)
        {
            throw new Xunit.Sdk.XunitException($"Readiness says: {said}", exception);
        }
    }

    private static Task UntilAsync(string what, Func<bool> condition) =>
        ControlPlane.WaitUntilAsync(what, () => Task.FromResult(condition()), TimeSpan.FromSeconds(30), Cancel);

    private sealed class Warnings(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>A kind of the tests' own, whose definition allows anything.</summary>
public sealed class Anything : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public AnythingSpec? Spec { get; set; }
}

public sealed record AnythingSpec
{
    [JsonPropertyName("size")]
    public int Size { get; init; }
}

[JsonSerializable(typeof(Anything))]
internal sealed partial class AnythingJsonContext : JsonSerializerContext;
