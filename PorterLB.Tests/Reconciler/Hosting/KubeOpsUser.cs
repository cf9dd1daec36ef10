// What a user of KubeOps 13 has written, as it stands in that user's own files: only the usings are others. It compiles, or
// docs/reference/reconciler.md is wrong. What is ours alone (the EntityType and its JSON) is in KubeOpsUserTests.
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Finalizers;

namespace PorterLB.Tests.Reconciler.Hosting;

[KubernetesEntity(Group = "garden.example.com", ApiVersion = "v1", Kind = "Tree", PluralName = "trees")]
[EntityScope(EntityScope.Namespaced)]
[KubernetesEntityShortNames("tr")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Planted", "date")]
[ScaleSubresource(".spec.branches", ".status.branches", ".status.selector")]
[Description("A tree, and the branches that it should have.")]
public partial class V1Tree : CustomKubernetesEntity<V1Tree.V1TreeSpec, V1Tree.V1TreeStatus>
{
    public class V1TreeSpec
    {
        [Required]
        [Description("Of which kind it is.")]
        [Length(3, 50)]
        [Pattern("^[a-z]+$")]
        public string Kind { get; set; } = string.Empty;

        [DefaultValue(1)]
        [RangeMinimum(1)]
        [RangeMaximum(10)]
        [MultipleOf(1)]
        public int Branches { get; set; } = 1;

        [EnumValues("spring", "autumn")]
        [Title("Season")]
        public string? Season { get; set; }

        [Format("uri")]
        [Example("https://example.com/trees")]
        [ExternalDocs("https://example.com", "More of them.")]
        public string? Picture { get; set; }

        [Items(0, 5)]
        [XListType(XListType.Set)]
        public IList<string> Birds { get; set; } = [];

        [PropertyLimits(0, 3)]
        public IDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

        [Ignore]
        public int Secret { get; set; }
    }

    public class V1TreeStatus
    {
        [AdditionalPrinterColumn]
        public int Branches { get; set; }

        [AdditionalPrinterColumn(PrinterColumnPriority.WideView, "Chosen")]
        public string? Selector { get; set; }

        public DateTime? LastSeen { get; set; }
    }
}

[EntityRbac(typeof(V1Tree), Verbs = RbacVerb.All)]
[GenericRbac(Groups = [""], Resources = ["configmaps"], Verbs = RbacVerb.Get | RbacVerb.List | RbacVerb.Create)]
public class V1TreeController(
    ILogger<V1TreeController> logger,
    IKubernetesClient client,
    EventPublisher eventPublisher,
    EntityQueue<V1Tree> queue,
    EntityFinalizerAttacher<V1TreeFinalizer, V1Tree> finalizer) : IEntityController<V1Tree>
{
    public async Task<ReconciliationResult<V1Tree>> ReconcileAsync(V1Tree entity, CancellationToken cancellationToken)
    {
        entity = await finalizer(entity, cancellationToken);
        try
        {
            var map = await client.GetAsync<ConfigMap>(entity.Name(), entity.Namespace(), cancellationToken);
            if (map == null)
            {
                await client.CreateAsync(
                    new ConfigMap
                    {
                        Metadata = new V1ObjectMeta { Name = entity.Name(), NamespaceProperty = entity.Namespace() },
                        Data = new Dictionary<string, string> { ["kind"] = entity.Spec.Kind },
                    }.WithOwnerReference(entity),
                    cancellationToken);
            }

            var all = await client.ListAsync<ConfigMap>(entity.Namespace(), "app=tree", cancellationToken);
            await client.SaveAsync(all.FirstOrDefault() ?? map ?? new ConfigMap { Metadata = new() { Name = "first", NamespaceProperty = entity.Namespace() } }, cancellationToken);
            entity.Status.Branches = entity.Spec.Branches;
            await client.UpdateStatusAsync(entity, cancellationToken);
            await eventPublisher(entity, "Grown", $"It has {entity.Spec.Branches} branches.", EventType.Normal, cancellationToken);
            await eventPublisher(entity, "Grown", "It has what it should have.", cancellationToken: cancellationToken);
            if (!await queue(entity, ReconciliationType.Modified, ReconciliationTriggerSource.Operator, TimeSpan.FromSeconds(30), retryCount: 0, cancellationToken))
            {
                return ReconciliationResult<V1Tree>.Failure(entity, "It cannot be looked at again", requeueAfter: TimeSpan.FromMinutes(1));
            }

            var result = ReconciliationResult<V1Tree>.Success(entity, TimeSpan.FromMinutes(5));
            result.RequeueAfter = TimeSpan.FromMinutes(2);
            return result.IsSuccess && result.Entity == entity ? result : ReconciliationResult<V1Tree>.Success(entity);
        }
        catch (Exception ex)
        {
            logger.LogError(ex, "Failed to reconcile {Name}", entity.Name());
            return ReconciliationResult<V1Tree>.Failure(entity, $"Failed: {ex.Message}", ex);
        }
    }

    public Task<ReconciliationResult<V1Tree>> DeletedAsync(V1Tree entity, CancellationToken cancellationToken)
    {
        logger.LogInformation("{Name} is gone.", entity.Name());
        return Task.FromResult(ReconciliationResult<V1Tree>.Success(entity));
    }
}

public class V1TreeFinalizer(IKubernetesClient client) : IEntityFinalizer<V1Tree>
{
    public async Task<ReconciliationResult<V1Tree>> FinalizeAsync(V1Tree entity, CancellationToken cancellationToken)
    {
        await client.DeleteAsync<ConfigMap>(entity.Name(), entity.Namespace(), cancellationToken);
        var left = await client.GetAsync<ConfigMap>("last", entity.Namespace(), cancellationToken);
        if (left != null)
        {
            await client.DeleteAsync(left, cancellationToken);
        }

        return ReconciliationResult<V1Tree>.Success(entity);
    }
}

[ValidationWebhook(typeof(V1Tree))]
public class V1TreeValidation : ValidationWebhook<V1Tree>
{
    public override ValidationResult Create(V1Tree entity, bool dryRun)
    {
        if (entity.Spec.Kind == "weed")
        {
            return Fail("A weed is no tree.", 422);
        }

        return entity.Spec.Branches > 5 ? Success("Many branches need much water.", "And light.") : Success();
    }

    public override Task<ValidationResult> UpdateAsync(V1Tree oldEntity, V1Tree newEntity, bool dryRun, CancellationToken cancellationToken) =>
        Task.FromResult(oldEntity.Spec.Kind == newEntity.Spec.Kind ? Success() : Fail("A tree stays of its kind."));

    public override ValidationResult Delete(V1Tree entity, bool dryRun) => dryRun ? Fail() : Success();
}

public class V1TreeLabels : IEntityLabelSelector<V1Tree>
{
    public ValueTask<string?> GetLabelSelectorAsync(CancellationToken cancellationToken) => ValueTask.FromResult<string?>("garden=front");
}

public class V1TreeFields : IEntityFieldSelector<V1Tree>
{
    public ValueTask<string?> GetFieldSelectorAsync(CancellationToken cancellationToken) => ValueTask.FromResult<string?>("metadata.name!=stump");
}
