using System.Text.Json;
using FluentValidation;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.LayerTwo;

/// <summary>Tells in the status what a LayerTwoConfig has come to; decides nothing. At most one write a second for each.</summary>
internal sealed class LayerTwoController(
    ManagerSettings settings,
    ClusterState cluster,
    Allocator allocator,
    IEntityCache<V1Alpha2Eip> eips,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    IEntityCache<NodeView> nodes,
    LeaderClient client,
    TimeProvider time) : IEntityController<V1Alpha2LayerTwoConfig>
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, long> _written = new(StringComparer.Ordinal);

    public async Task<ReconciliationResult<V1Alpha2LayerTwoConfig>> ReconcileAsync(V1Alpha2LayerTwoConfig entity, CancellationToken cancellationToken)
    {
        if (_written.TryGetValue(entity.Metadata.Name, out var written) && time.GetElapsedTime(written) is var since && since < Pace)
        {
            return ReconciliationResult<V1Alpha2LayerTwoConfig>.Success(entity, Pace - since);
        }

        var status = Of(entity);
        if (!Same(entity.Status, status))
        {
            await client.PatchAsync(
                V1Alpha2LayerTwoConfig.Type,
                EntityKey.Of(entity),
                PatchKind.Merge,
                PatchBody.Of(
                    PatchKind.Merge,
                    V1Alpha2LayerTwoConfig.Type,
                    entity,
                    status: json => JsonSerializer.Serialize(json, status, OperatorJsonContext.Default.V1Alpha2LayerTwoConfigStatus)),
                subresource: "status",
                fieldManager: ServiceChange.FieldManager,
                cancellationToken: cancellationToken);
            _written[entity.Metadata.Name] = time.GetTimestamp();
        }

        return ReconciliationResult<V1Alpha2LayerTwoConfig>.Success(entity);
    }

    public Task<ReconciliationResult<V1Alpha2LayerTwoConfig>> DeletedAsync(V1Alpha2LayerTwoConfig entity, CancellationToken cancellationToken)
    {
        _written.Remove(entity.Metadata.Name);
        return Task.FromResult(ReconciliationResult<V1Alpha2LayerTwoConfig>.Success(entity));
    }

    private static bool Same(V1Alpha2LayerTwoConfigStatus one, V1Alpha2LayerTwoConfigStatus other) =>
        one with { Nodes = [], Conditions = [] } == other with { Nodes = [], Conditions = [] }
        && (one.Nodes ?? []).SequenceEqual(other.Nodes ?? [], StringComparer.Ordinal)
        && (one.Conditions ?? []).SequenceEqual(other.Conditions ?? []);

    private V1Alpha2LayerTwoConfigStatus Of(V1Alpha2LayerTwoConfig config)
    {
        var problems = Judgement.ErrorsOf(new LayerTwoRules(eips.List(), nodes.List(), configs.List()).Validate(config));
        var governed = eips.List().Where(eip => LayerTwoPolicy.Governs(config, eip)).ToArray();
        var only = LayerTwoPolicy.For(null, null, [new V1Alpha2LayerTwoConfig { Metadata = new() { Name = config.Metadata.Name }, Spec = config.Spec with { Eips = [], EipSelector = null, ServiceSelector = null } }]);
        var eligible = cluster.Nodes
            .Where(node => node.Presence == Presence.Present && Eligibility.RuledOut(node.Node, only, settings.IgnoreExcludeLabel) is null)
            .Select(node => node.Name)
            .ToArray();
        var (reason, message) =
            problems.Length > 0 ? ("Invalid", string.Join(' ', problems))
            : eligible.Length == 0 ? ("NoEligibleNode", "No node with a living speaker may announce: see nodeSelector, the labels and taints of the Nodes, and the porterlb-speaker Pods.")
            : ("Ready", $"{eligible.Length} nodes may announce {governed.Length} Eips.");
        return new V1Alpha2LayerTwoConfigStatus
        {
            ObservedGeneration = config.Metadata.Generation,
            EligibleNodes = eligible.Length,
            Nodes = [.. eligible.Take(V1Alpha2LayerTwoConfigStatus.MaxNodes)],
            Eips = governed.Length,
            Addresses = governed.Sum(eip => allocator.UsageOf(eip.Metadata.Name, most: 0)?.InUse ?? 0),
            Conditions = (config.Status.Conditions ?? []).With(
                ConditionKinds.LayerTwoReady.For(reason == "Ready" ? Condition.True : Condition.False, reason, message, config.Metadata.Generation),
                time.GetUtcNow()),
        };
    }
}
