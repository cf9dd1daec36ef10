using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Generation;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Hosting;

/// <summary>What a user of KubeOps has (KubeOpsUser.cs) is registered, called and generated from, as docs/reference/reconciler.md says.</summary>
public sealed class KubeOpsUserTests : IDisposable
{
    private static readonly EntityType<V1Tree> Trees = new(new("Tree", "v1", "garden.example.com", "trees"), EntityScope.Namespaced, GardenJson.Default.V1Tree);
    private readonly FakeApiServer _server = new();
    private readonly KubernetesConnection _connection;

    public KubeOpsUserTests() => _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task Controller_finalizer_and_webhook_are_registered_in_its_words_and_called()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(_connection).AddSingleton<TimeProvider>(new FakeTimeProvider()).AddSingleton(new Random(1));
        IOperatorBuilder builder = services.AddKubernetesOperator(settings => settings
            .WithName("gardener")
            .WithNamespace("default")
            .WithLeaderElection(LeaderElectionType.None)
            .WithLeaderElectionTimings(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2))
            .WithAutoAttachFinalizers(false)
            .WithAutoDetachFinalizers()
            .WithReconcileStrategy(ReconcileStrategy.ByGeneration)
            .WithParallelReconciliation(new ParallelReconciliationOptions { MaxParallelReconciliations = 4 }));
        builder
            .AddInformer(Trees)
            .AddEntity(ConfigMap.EntityType)
            .AddController<V1TreeController, V1Tree>()
            .AddFinalizer<V1TreeFinalizer, V1Tree>("garden.example.com/fell")
            .AddValidationWebhook<V1TreeValidation, V1Tree>(Trees);
        await using var provider = services.BuildServiceProvider();
        await using var scope = provider.CreateAsyncScope();
        var controller = ActivatorUtilities.CreateInstance<V1TreeController>(scope.ServiceProvider);
        var tree = new V1Tree { Metadata = new() { Name = "oak", NamespaceProperty = "default", Uid = "u1", ResourceVersion = "5" }, Spec = new() { Kind = "oak", Branches = 3 } };

        // The finalizer is put on, the ConfigMap looked for and made, all listed, the first saved, the status written.
        _server.Answer(HttpStatusCode.OK, Json(tree));
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "no such ConfigMap");
        _server.Answer(HttpStatusCode.Created, FakeApiServer.Json(ConfigMap.Named("oak", "6", "oak")));
        _server.List("7", ConfigMap.Named("oak", "6", "oak"));
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("oak", "6", "oak")));
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("oak", "8", "oak")));
        _server.Answer(HttpStatusCode.OK, Json(tree));
        var result = await controller.ReconcileAsync(tree, CancellationToken.None);

        // The queue takes nothing as long as no controller works, and the user's code says so.
        Assert.Equal((false, "It cannot be looked at again", TimeSpan.FromMinutes(1)), (result.IsSuccess, result.ErrorMessage, result.RequeueAfter));
        Assert.Equal(
            ["PATCH trees/oak", "GET configmaps/oak", "POST configmaps", "GET configmaps?labelSelector=app=tree", "GET configmaps/oak", "PUT configmaps/oak", "PUT trees/oak/status"],
            await AskedAsync(7));

        _server.Answer(HttpStatusCode.OK, "{}");
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "no such ConfigMap");
        Assert.True((await ActivatorUtilities.CreateInstance<V1TreeFinalizer>(scope.ServiceProvider).FinalizeAsync(tree, CancellationToken.None)).IsSuccess);
        Assert.Equal(["DELETE configmaps/oak", "GET configmaps/last"], await AskedAsync(2));

        var reviewer = provider.GetServices<IAdmissionReviewer>().Single();
        tree.Spec.Kind = "weed";
        var answer = await reviewer.ReviewAsync(
            new AdmissionRequest { Uid = "1", Operation = "CREATE", Object = JsonSerializer.SerializeToElement(tree, Trees.Json) }, CancellationToken.None);
        Assert.Equal((false, 422, "A weed is no tree."), (answer.Allowed, answer.Status!.Code, answer.Status.Message));
        tree.Spec = new() { Kind = "oak", Branches = 7 };
        answer = await reviewer.ReviewAsync(
            new AdmissionRequest { Uid = "2", Operation = "CREATE", Object = JsonSerializer.SerializeToElement(tree, Trees.Json) }, CancellationToken.None);
        Assert.True(answer.Allowed);
        Assert.Equal(["Many branches need much water.", "And light."], answer.Warnings!);
    }

    [Fact]
    public void Selectors_are_registered_in_its_words()
    {
        var byLabels = new ServiceCollection();
        byLabels.AddKubernetesOperator().AddInformer(Trees).AddControllerWithLabelSelector<V1TreeController, V1Tree, V1TreeLabels>();
        Assert.Contains(byLabels, service => service.ServiceType == typeof(IEntityLabelSelector<V1Tree>));
        var byFields = new ServiceCollection();
        byFields.AddKubernetesOperator().AddInformer(Trees).AddControllerWithFieldSelector<V1TreeController, V1Tree, V1TreeFields>();
        Assert.Contains(byFields, service => service.ServiceType == typeof(IEntityFieldSelector<V1Tree>));
    }

    [Fact]
    public void Its_attributes_become_a_definition()
    {
        var version = CustomResourceDefinition.Of([typeof(V1Tree)], new JsonObject())["spec"]!["versions"]![0]!;
        var spec = version["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!;
        Assert.Equal("""["kind"]""", spec["required"]!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"type":"integer","format":"int32","default":1,"minimum":1,"maximum":10,"multipleOf":1}"""), spec["properties"]!["branches"]));
        Assert.Equal("set", (string?)spec["properties"]!["birds"]!["x-kubernetes-list-type"]);
        Assert.Null(spec["properties"]!["secret"]);
        Assert.Equal(".status.selector", (string?)version["subresources"]!["scale"]!["labelSelectorPath"]);
        Assert.Equal(["Planted", "branches", "Chosen"], version["additionalPrinterColumns"]!.AsArray().Select(column => (string?)column!["name"]));
    }

    private static string Json(V1Tree tree) => JsonSerializer.Serialize(tree, Trees.Json);

    private async Task<IReadOnlyList<string>> AskedAsync(int count)
    {
        var asked = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var request = await _server.NextAsync();
            var selector = request.Query.Contains("labelSelector", StringComparison.Ordinal) ? $"?{request.Query[request.Query.IndexOf("labelSelector", StringComparison.Ordinal)..]}" : "";
            asked.Add($"{request.Method} {request.Path[(request.Path.IndexOf("/default/", StringComparison.Ordinal) + "/default/".Length)..]}{selector}");
        }

        return asked;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(V1Tree))]
internal sealed partial class GardenJson : JsonSerializerContext;
