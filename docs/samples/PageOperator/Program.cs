// An operator in one file: a Page becomes a ConfigMap, which is put right when somebody changes it, and counted when the Page goes.
using System.Text.Json.Serialization;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PageOperator;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

var builder = Host.CreateApplicationBuilder(args);
using var connection = KubernetesConnection.Create(Environment.GetEnvironmentVariable("KUBECONFIG"), "page-operator/1.0");
builder.Services.AddSingleton(connection).AddSingleton(TimeProvider.System).AddSingleton(new Random());
builder.Services
    .AddKubernetesOperator(settings => settings.WithName("page-operator").WithLeaderElection(LeaderElectionType.Single))
    .AddInformer(V1Page.Type)
    .AddInformer(Types.ConfigMap, options => options.LabelSelector = "page")
    .AddController<V1PageController, V1Page>(options => options.Owns<V1ConfigMap>())
    .AddFinalizer<V1PageFinalizer, V1Page>("example.com/page")
    .AddValidationWebhook<V1PageValidation, V1Page>(V1Page.Type)
    .AddAdmissionServer(new() { Port = 9443, Namespace = "default", ServiceName = "page-operator", SecretName = "page-operator", ConfigurationName = "page-operator" })
    .AddHealth(":8081");
await builder.Build().RunAsync();

namespace PageOperator
{
    [KubernetesEntity(Group = "example.com", ApiVersion = "v1", Kind = "Page", PluralName = "pages")]
    [Description("A page of text.")]
    public sealed class V1Page : CustomKubernetesEntity<V1Page.PageSpec, V1Page.PageStatus>
    {
        public static readonly EntityType<V1Page> Type = new(new("Page", "v1", "example.com"), EntityScope.Namespaced, Types.Default.V1Page);

        public sealed class PageSpec
        {
            [Required, Length(1, 60), Description("What stands at the top.")]
            public string Title { get; set; } = "";
        }

        public sealed class PageStatus
        {
            [AdditionalPrinterColumn, Description("The ConfigMap with the page.")]
            public string? ConfigMap { get; set; }
        }
    }

    public sealed class V1PageController(IKubernetesClient client, EventPublisher events) : IEntityController<V1Page>
    {
        public async Task<ReconciliationResult<V1Page>> ReconcileAsync(V1Page entity, CancellationToken cancellationToken)
        {
            var name = $"page-{entity.Name()}";
            var map = new V1ConfigMap { Metadata = new() { Name = name, NamespaceProperty = entity.Namespace() } }.WithOwnerReference(entity);
            map.SetLabel("page", entity.Name());
            map.Data = new Dictionary<string, string> { ["index.html"] = $"<h1>{entity.Spec.Title}</h1>" };
            await client.SaveAsync(map, cancellationToken);
            if (entity.Status.ConfigMap != name)
            {
                entity.Status.ConfigMap = name;
                entity = await client.UpdateStatusAsync(entity, cancellationToken);
                await events(entity, "Published", $"The page is in ConfigMap {name}.", cancellationToken: cancellationToken);
            }

            return ReconciliationResult<V1Page>.Success(entity);
        }

        public Task<ReconciliationResult<V1Page>> DeletedAsync(V1Page entity, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<V1Page>.Success(entity));
    }

    public sealed class V1PageFinalizer(IKubernetesClient client) : IEntityFinalizer<V1Page>
    {
        public async Task<ReconciliationResult<V1Page>> FinalizeAsync(V1Page entity, CancellationToken cancellationToken)
        {
            await client.DeleteAsync<V1ConfigMap>($"page-{entity.Name()}", entity.Namespace(), cancellationToken);
            return ReconciliationResult<V1Page>.Success(entity);
        }
    }

    [ValidationWebhook(typeof(V1Page))]
    public sealed class V1PageValidation : ValidationWebhook<V1Page>
    {
        public override ValidationResult Create(V1Page entity, bool dryRun) =>
            entity.Spec.Title.Contains('<') ? Fail("spec.title holds a tag: write plain text.") : Success();

        public override ValidationResult Update(V1Page oldEntity, V1Page newEntity, bool dryRun) => Create(newEntity, dryRun);
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(V1Page)), JsonSerializable(typeof(V1ConfigMap))]
    internal sealed partial class Types : JsonSerializerContext
    {
        public static EntityType<V1ConfigMap> ConfigMap => new(new("ConfigMap", "v1"), EntityScope.Namespaced, Default.V1ConfigMap);
    }
}
