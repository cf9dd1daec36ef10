using System.Text.Json;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Eips;

/// <summary>
/// Keeps an Eip's status and finalizer. The status is written at most once a second, however many Services change; the finalizer holds an
/// Eip in use until its last Service is released.
/// </summary>
internal sealed class EipController(
    PoolBook pools,
    Allocator allocator,
    IEntityCache<NodeView> nodes,
    IEntityCache<V1Alpha2Speaker> speakers,
    LeaderClient client,
    EventPublisher publish,
    TimeProvider time) : IEntityController<V1Alpha2Eip>
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, long> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Eip, string Reason), string> _told = [];

    public async Task<ReconciliationResult<V1Alpha2Eip>> ReconcileAsync(V1Alpha2Eip entity, CancellationToken cancellationToken)
    {
        pools.Refresh();
        var name = entity.Metadata.Name;

        // Before anything is counted: of a pool with ten thousand addresses that keeps the allocator for some milliseconds.
        if (_written.TryGetValue(name, out var written) && time.GetElapsedTime(written) is var since && since < Pace)
        {
            return ReconciliationResult<V1Alpha2Eip>.Success(entity, Pace - since);
        }

        if (allocator.Find(name) is not { } pool || allocator.UsageOf(name, V1Alpha2EipStatus.MaxUsed) is not { } usage)
        {
            return ReconciliationResult<V1Alpha2Eip>.Success(entity);
        }

        var status = EipStatus.Of(entity, pool, usage, HostAddresses.Of(nodes.List(), speakers.List()), time.GetUtcNow());
        await TellAsync(entity, EventReasons.EipInvalid, pool.Problem);
        await TellAsync(entity, EventReasons.EipHoldsHosts, status.Conditions.Find(ConditionKinds.EipHoldsHosts.Type) is { Status: Condition.True } hosts ? hosts.Message : null);
        if (await KeepFinalizerAsync(entity, usage.Bound > 0, cancellationToken))
        {
            // The status is a second write, and has its own second; an Eip that went has none.
            _written[name] = time.GetTimestamp();
            return ReconciliationResult<V1Alpha2Eip>.Success(entity, entity.Metadata.DeletionTimestamp is null ? Pace : null);
        }

        if (!EipStatus.Same(entity.Status, status))
        {
            await client.PatchAsync(
                V1Alpha2Eip.Type,
                EntityKey.Of(entity),
                PatchKind.Merge,
                StatusPatch(entity, status),
                subresource: "status",
                fieldManager: ServiceChange.FieldManager,
                cancellationToken: cancellationToken);
            _written[name] = time.GetTimestamp();
        }

        return ReconciliationResult<V1Alpha2Eip>.Success(entity);
    }

    public Task<ReconciliationResult<V1Alpha2Eip>> DeletedAsync(V1Alpha2Eip entity, CancellationToken cancellationToken)
    {
        pools.Refresh();
        _written.Remove(entity.Metadata.Name);
        foreach (var told in _told.Keys.Where(told => told.Eip == entity.Metadata.Name).ToArray())
        {
            _told.Remove(told);
        }

        return Task.FromResult(ReconciliationResult<V1Alpha2Eip>.Success(entity));
    }

    private async Task TellAsync(V1Alpha2Eip eip, string reason, string? message)
    {
        var key = (eip.Metadata.Name, reason);
        if (message is null)
        {
            _told.Remove(key);
        }
        else if (_told.GetValueOrDefault(key) != message)
        {
            _told[key] = message;
            await publish(eip, reason, message, EventType.Warning);
        }
    }

    private async Task<bool> KeepFinalizerAsync(V1Alpha2Eip eip, bool inUse, CancellationToken cancellationToken)
    {
        var finalizers = eip.Metadata.Finalizers ?? [];
        if (finalizers.Contains(Annotations.EipFinalizer) == inUse || (inUse && eip.Metadata.DeletionTimestamp is not null))
        {
            return false;
        }

        var body = PatchBody.Of(PatchKind.Merge, V1Alpha2Eip.Type, eip, metadata: json =>
        {
            json.WriteStartArray("finalizers");
            foreach (var finalizer in finalizers.Where(finalizer => finalizer != Annotations.EipFinalizer).Concat(inUse ? [Annotations.EipFinalizer] : []))
            {
                json.WriteStringValue(finalizer);
            }

            json.WriteEndArray();
        });
        await client.PatchAsync(
            V1Alpha2Eip.Type, EntityKey.Of(eip), PatchKind.Merge, body, fieldManager: ServiceChange.FieldManager, cancellationToken: cancellationToken);
        return true;
    }

    private static ReadOnlyMemory<byte> StatusPatch(V1Alpha2Eip eip, V1Alpha2EipStatus status) =>
        PatchBody.Of(PatchKind.Merge, V1Alpha2Eip.Type, eip, status: json =>
        {
            using var now = JsonSerializer.SerializeToDocument(status, OperatorJsonContext.Default.V1Alpha2EipStatus);
            json.WriteStartObject();
            foreach (var property in now.RootElement.EnumerateObject().Where(property => property.Name != "used"))
            {
                property.WriteTo(json);
            }

            // In a merge patch what is missing stays: who is gone from the map has to be said.
            json.WriteStartObject("used");
            foreach (var gone in (eip.Status.Used ?? new Dictionary<string, string>()).Keys.Where(address => status.Used?.ContainsKey(address) != true))
            {
                json.WriteNull(gone);
            }

            foreach (var (address, services) in status.Used ?? new Dictionary<string, string>())
            {
                json.WriteString(address, services);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
}
