using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Events;

namespace PorterLB.Operator.Services;

/// <summary>Gives a Service its address and its node, keeps both right, and takes them back.</summary>
internal sealed class ServiceController(
    Ownership ownership,
    Allocator allocator,
    ServiceElections elections,
    ElectionBook book,
    IEntityCache<NamespaceView> namespaces,
    ServiceMemories memories,
    ServiceWriter writer,
    ServiceRelease release,
    ServiceConditions conditions,
    EventPublisher publish,
    ILogger<ServiceController> logger) : IEntityController<ServiceView>
{
    public async Task<ReconciliationResult<ServiceView>> ReconcileAsync(ServiceView entity, CancellationToken cancellationToken)
    {
        var memory = memories.Of(EntityKey.Of(entity), entity.Metadata.Uid);
        book.Saw(entity.Metadata.ResourceVersion);

        // Our own last write has not come back yet: deciding from what was before it would write it again.
        if (memory.AwaitsOwnWrite(entity) is var wait && wait > TimeSpan.Zero)
        {
            return ReconciliationResult<ServiceView>.Success(entity, wait);
        }

        if (!ownership.Owns(entity) || entity.Metadata.DeletionTimestamp is not null)
        {
            return await release.ReleaseAsync(entity, memory, cancellationToken);
        }

        var labels = namespaces.Get(new EntityKey(null, entity.Metadata.NamespaceProperty))?.Metadata.Labels;
        var allocation = allocator.Assign(ServiceRequest.Of(entity, labels));
        var (elected, epoch) = elections.Elect(entity, allocation);
        var plan = ServicePlan.Of(entity, allocation, elected, epoch);
        if (plan.Differs && memory.IsDisputed(entity, plan.Ingress))
        {
            return await StopAsync(entity, plan, memory, cancellationToken);
        }

        memory.Keep(plan.Events);
        var again = plan.LookAgainAfter;
        if (plan.Differs)
        {
            await WriteAsync(entity, plan, memory, cancellationToken);
            again = Sooner(again, allocation.Addresses.IsEmpty ? null : AnnouncedCondition.Patience);
        }
        else if (allocation.Tolerated is null && OpenElbMarks.AreOn(entity))
        {
            await writer.TakeOffAsync(entity, ServiceChange.TakeOffOpenElbMarks(entity), memory, cancellationToken);
        }
        else
        {
            again = Sooner(again, await conditions.KeepAsync(entity, allocation, elected, memory, cancellationToken));
        }

        await TellAsync(entity, memory);
        return ReconciliationResult<ServiceView>.Success(entity, again);
    }

    public Task<ReconciliationResult<ServiceView>> DeletedAsync(ServiceView entity, CancellationToken cancellationToken)
    {
        book.Saw(entity.Metadata.ResourceVersion);
        release.Forget(EntityKey.Of(entity), silent: false);
        return Task.FromResult(ReconciliationResult<ServiceView>.Success(entity));
    }

    private static TimeSpan? Sooner(TimeSpan? one, TimeSpan? other) => one is null ? other : other is null || one < other ? one : other;

    private async Task WriteAsync(ServiceView service, ServicePlan plan, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var key = EntityKey.Of(service);
        try
        {
            await writer.WriteAsync(service, plan, memory, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsDefinite && ServiceRequest.AddressesOf(service).IsEmpty)
        {
            // The server will not have it, now or later: the address is free for others.
            allocator.Release(key, silent: true);
            throw;
        }

        logger.ServiceWritten(key, plan.Ingress.IsEmpty ? "no address" : string.Join(',', plan.Ingress), plan.Annotations.GetValueOrDefault(Annotations.Node, "none"));
        Align(key, plan.Ingress);
    }

    // Two writers that each put theirs back would go on for ever, thousands of times a minute.
    private async Task<ReconciliationResult<ServiceView>> StopAsync(ServiceView service, ServicePlan plan, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var theirs = string.Join(", ", (service.Status.LoadBalancer?.Ingress ?? []).Select(ingress => ingress.Ip ?? ingress.Hostname));
        var message = $"Another program keeps writing status.loadBalancer.ingress ({(theirs.Length == 0 ? "nothing" : theirs)} instead of {string.Join(", ", plan.Ingress)}); "
            + $"PorterLB waits {ServiceMemory.DisputePause.TotalSeconds:0} s before it tries again. Set spec.loadBalancerClass, so that only one of the two serves this Service.";
        memory.Keep([new PlannedEvent(EventReasons.IngressOverwritten, message, EventType.Warning)]);
        await TellAsync(service, memory);
        var again = await conditions.DisputedAsync(service, message, memory, cancellationToken);
        return ReconciliationResult<ServiceView>.Success(service, Sooner(ServiceMemory.DisputePause, again));
    }

    // Of Services that share an address the highest epoch counts; the others follow, so that whichever is deleted first changes nothing.
    private void Align(EntityKey key, ImmutableArray<IPAddress> addresses)
    {
        foreach (var other in addresses.SelectMany(address => allocator.UsersOf(address)).Where(other => other != key).Distinct())
        {
            allocator.Served(other);
        }
    }

    private async Task TellAsync(ServiceView service, ServiceMemory memory)
    {
        foreach (var item in memory.Take())
        {
            logger.ServiceEvent(EntityKey.Of(service), item.Reason, item.Message);
            await publish(service, item.Reason, item.Message, item.Type, CancellationToken.None);
        }
    }
}
