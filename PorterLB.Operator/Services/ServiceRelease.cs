using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Events;

namespace PorterLB.Operator.Services;

/// <summary>Takes addresses back: of a Service that is deleted, or that is not ours any more.</summary>
internal sealed class ServiceRelease(
    Allocator allocator,
    ElectionBook book,
    Announcements announcements,
    ClusterState cluster,
    ServiceMemories memories,
    ServiceWriter writer,
    EventPublisher publish,
    ILogger<ServiceRelease> logger)
{
    // A speaker tells of what it announces at most once a second: what was given it less long ago may be announced unknown to us.
    private static readonly TimeSpan SpeakersSettled = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan CheckAgain = TimeSpan.FromMilliseconds(500);

    public async Task<ReconciliationResult<ServiceView>> ReleaseAsync(ServiceView service, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var key = EntityKey.Of(service);
        var held = allocator.Of(key);
        if (!Ownership.IsMarked(service))
        {
            // Never ours; or somebody took our marks off, and its addresses go the slow way, after the last speaker.
            Forget(key, silent: false);
            return Done(service);
        }

        // A Service on its way out is out of every speaker's rights already; one that only leaves us has to be taken out of them first.
        var deleted = service.Metadata.DeletionTimestamp is not null;
        var inStatus = ServiceRequest.AddressesOf(service);
        var ours = inStatus.Where(address => held.Contains(address) || IsOurs(service, address)).ToArray();
        var clear = ours.Length > 0 && ours.Length == inStatus.Length;
        if (!deleted && (clear || service.Metadata.Annotations?.ContainsKey(Annotations.Node) == true) && Ownership.HasFinalizer(service))
        {
            await writer.TakeOffAsync(service, ServiceChange.Release(service, keepFinalizer: true, clear), memory, cancellationToken);
            return ReconciliationResult<ServiceView>.Success(service, CheckAgain);
        }

        var alone = held.Concat(ours).Distinct().Where(address => allocator.UsersOf(address).All(user => user == key)).ToArray();
        if (MayBeAnnounced(alone, memory))
        {
            return ReconciliationResult<ServiceView>.Success(service, CheckAgain);
        }

        await writer.TakeOffAsync(service, ServiceChange.Release(service, keepFinalizer: false, clear && !deleted), memory, cancellationToken);
        Forget(key, silent: true);
        if (held.Length > 0)
        {
            logger.ServiceReleased(key, string.Join(',', held));
            await publish(service, EventReasons.AddressReleased, $"Released {string.Join(" and ", held)}.", cancellationToken: CancellationToken.None);
        }

        return Done(service);
    }

    /// <param name="key">The Service, which has no use for its addresses any more.</param>
    /// <param name="silent">Nobody answers for them any more.</param>
    public void Forget(EntityKey key, bool silent)
    {
        var addresses = allocator.Of(key);
        allocator.Release(key, silent);
        foreach (var address in addresses)
        {
            if (allocator.UsersOf(address).IsEmpty)
            {
                book.Remove(address);
            }
        }

        memories.Forget(key);
    }

    private static ReconciliationResult<ServiceView> Done(ServiceView service) => ReconciliationResult<ServiceView>.Success(service);

    // The annotation alone does not say so: meanwhile the Service may be another load balancer's, with its address in the status.
    private bool IsOurs(ServiceView service, IPAddress address) =>
        (ElectionAnnotation.Read(service, [address]).Nodes.ContainsKey(address)

            // Where no node ever might answer there is no election, and this is the only mark of an address that a dead manager gave.
            || (Ownership.HasFinalizer(service) && service.Metadata.Annotations?.ContainsKey(Annotations.Origin) == true))
        && allocator.PoolOf(address) is not null;

    private bool MayBeAnnounced(IPAddress[] addresses, ServiceMemory memory) =>
        cluster.HasSpeakers && (addresses.Any(announcements.IsAnnounced) || (addresses.Length > 0 && memory.SinceElected < SpeakersSettled));
}
