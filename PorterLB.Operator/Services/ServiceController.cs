using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>Gives a Service its address and its node, keeps both right, and takes them back.</summary>
internal sealed class ServiceController(
    Ownership ownership,
    ServerFeatures features,
    Allocator allocator,
    ServiceElections elections,
    ElectionBook book,
    Announcements announcements,
    ClusterState cluster,
    IEntityCache<NamespaceView> namespaces,
    IEntityCache<V1Alpha2Speaker> speakers,
    LeaderClient client,
    EventPublisher publish,
    TimeProvider time,
    ILogger<ServiceController> logger) : IEntityController<ServiceView>
{
    // A speaker tells of what it announces at most once a second: what was given it less long ago may be announced unknown to us.
    private static readonly TimeSpan SpeakersSettled = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan DisputePause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReleaseCheck = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<EntityKey, Memory> _memories = [];

    public async Task<ReconciliationResult<ServiceView>> ReconcileAsync(ServiceView entity, CancellationToken cancellationToken)
    {
        var key = EntityKey.Of(entity);
        var memory = _memories.AddOrUpdate(key, _ => new Memory(entity.Metadata.Uid), (_, known) => known.Uid == entity.Metadata.Uid ? known : new Memory(entity.Metadata.Uid));
        book.Saw(entity.Metadata.ResourceVersion);

        // Our own last write has not come back yet: deciding from what was before it would write it again.
        if (VersionOf(entity) < memory.Version)
        {
            return ReconciliationResult<ServiceView>.Success(entity);
        }

        if (!ownership.Owns(entity) || entity.Metadata.DeletionTimestamp is not null)
        {
            return await ReleaseAsync(entity, memory, cancellationToken);
        }

        var labels = entity.Metadata.NamespaceProperty is { } name ? namespaces.Get(new EntityKey(null, name))?.Metadata.Labels : null;
        var allocation = allocator.Assign(ServiceRequest.Of(entity, labels));
        var (elected, epoch) = elections.Elect(entity, allocation);
        var plan = ServicePlan.Of(entity, allocation, elected, epoch);
        memory.Keep(plan.Events);
        if (plan.Differs && memory.IsDisputed(ServiceRequest.AddressesOf(entity), plan.Ingress, time))
        {
            // Two writers that each put theirs back would go on for ever, thousands of times a minute.
            await publish(
                entity,
                EventReasons.IngressOverwritten,
                $"Another program keeps writing status.loadBalancer.ingress ({string.Join(", ", (entity.Status.LoadBalancer?.Ingress ?? []).Select(ingress => ingress.Ip ?? ingress.Hostname))} "
                + $"instead of {string.Join(", ", plan.Ingress)}); PorterLB waits {DisputePause.TotalSeconds:0} s before it tries again. "
                + "Set spec.loadBalancerClass, so that only one of the two serves this Service.",
                EventType.Warning,
                CancellationToken.None);
            return ReconciliationResult<ServiceView>.Success(entity, DisputePause);
        }

        if (plan.Differs)
        {
            await WriteAsync(entity, key, plan, memory, cancellationToken);
            Align(key, plan.Ingress);
        }

        await TellAsync(entity, memory);
        var again = plan.LookAgainAfter;
        if (!plan.Differs && !allocation.Addresses.IsEmpty)
        {
            again = Sooner(again, await KeepConditionAsync(entity, elected, memory, cancellationToken));
        }
        else if (plan.Differs && !allocation.Addresses.IsEmpty)
        {
            again = Sooner(again, AnnouncedCondition.Patience);
        }

        return ReconciliationResult<ServiceView>.Success(entity, again);
    }

    public Task<ReconciliationResult<ServiceView>> DeletedAsync(ServiceView entity, CancellationToken cancellationToken)
    {
        var key = EntityKey.Of(entity);
        book.Saw(entity.Metadata.ResourceVersion);
        Forget(key, silent: false);
        return Task.FromResult(ReconciliationResult<ServiceView>.Success(entity));
    }

    private static TimeSpan? Sooner(TimeSpan? one, TimeSpan? other) => one is null ? other : other is null || one < other ? one : other;

    private static long VersionOf(ServiceView service) =>
        long.TryParse(service.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : long.MaxValue;

    private async Task WriteAsync(ServiceView service, EntityKey key, ServicePlan plan, Memory memory, CancellationToken cancellationToken)
    {
        try
        {
            var written = await client.PatchAsync(
                ServiceView.Type,
                key,
                PatchKind.Apply,
                ServiceChange.Apply(service, plan, features.IpMode),
                subresource: "status",
                fieldManager: ServiceChange.FieldManager,
                force: true,
                cancellationToken: cancellationToken);
            memory.Wrote(VersionOf(written), time.GetTimestamp());
            memory.Ingress = plan.Ingress;
            book.Saw(written.Metadata.ResourceVersion);
            logger.ServiceWritten(key, string.Join(',', plan.Ingress), plan.Annotations.GetValueOrDefault(Annotations.Node));
        }
        catch (ApiException exception) when (exception.IsDefinite && ServiceRequest.AddressesOf(service).IsEmpty)
        {
            // The server will not have it, now or later: the address is free for others.
            allocator.Release(key, silent: true);
            throw;
        }
    }

    // Of Services that share an address the highest epoch counts; the others follow, so that whichever is deleted first changes nothing.
    private void Align(EntityKey key, ImmutableArray<IPAddress> addresses)
    {
        foreach (var other in addresses.SelectMany(address => allocator.UsersOf(address)).Where(other => other != key).Distinct())
        {
            allocator.Served(other);
        }
    }

    private async Task<ReconciliationResult<ServiceView>> ReleaseAsync(ServiceView service, Memory memory, CancellationToken cancellationToken)
    {
        var key = EntityKey.Of(service);
        var held = allocator.Of(key);
        if (!Ownership.IsMarked(service) && held.IsEmpty)
        {
            _memories.TryRemove(key, out _);
            return ReconciliationResult<ServiceView>.Success(service);
        }

        if (!Ownership.IsMarked(service))
        {
            // Somebody took our marks off: the addresses go the slow way, after the last speaker.
            Forget(key, silent: false);
            return ReconciliationResult<ServiceView>.Success(service);
        }

        // A Service on its way out is out of every speaker's rights already; one that only leaves us has to be taken out of them first.
        var inStatus = ServiceRequest.AddressesOf(service);
        var ours = inStatus.Where(address => held.Contains(address) || Annotated(service, address)).ToArray();
        var clear = ours.Length > 0 && ours.Length == inStatus.Length;
        if (service.Metadata.DeletionTimestamp is null && (clear || service.Metadata.Annotations?.ContainsKey(Annotations.Node) == true) && Ownership.HasFinalizer(service))
        {
            await PatchAsync(service, key, ServiceChange.Release(service, keepFinalizer: true, clear), memory, cancellationToken);
            return ReconciliationResult<ServiceView>.Success(service, ReleaseCheck);
        }

        var alone = held.Concat(ours).Distinct().Where(address => allocator.UsersOf(address).All(user => user == key)).ToArray();
        if (cluster.HasSpeakers && (alone.Any(announcements.IsAnnounced) || (alone.Length > 0 && time.GetElapsedTime(memory.WrittenAt) < SpeakersSettled)))
        {
            return ReconciliationResult<ServiceView>.Success(service, ReleaseCheck);
        }

        await PatchAsync(service, key, ServiceChange.Release(service, keepFinalizer: false, clear && service.Metadata.DeletionTimestamp is null), memory, cancellationToken);
        Forget(key, silent: true);
        if (held.Length > 0)
        {
            logger.ServiceReleased(key, string.Join(',', held));
            await publish(service, EventReasons.AddressReleased, $"Released {string.Join(" and ", held)}.", cancellationToken: CancellationToken.None);
        }

        return ReconciliationResult<ServiceView>.Success(service);
    }

    private static bool Annotated(ServiceView service, IPAddress address) => ElectionAnnotation.Read(service, [address]).Nodes.ContainsKey(address);

    private async Task PatchAsync(ServiceView service, EntityKey key, ReadOnlyMemory<byte> body, Memory memory, CancellationToken cancellationToken)
    {
        try
        {
            var written = await client.PatchAsync(
                ServiceView.Type, key, PatchKind.Merge, body, subresource: "status", fieldManager: ServiceChange.FieldManager, cancellationToken: cancellationToken);
            memory.Wrote(VersionOf(written), memory.WrittenAt);
            book.Saw(written.Metadata.ResourceVersion);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            // Gone meanwhile: that was all that was wanted.
        }

        _ = service;
    }

    private void Forget(EntityKey key, bool silent)
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

        _memories.TryRemove(key, out _);
    }

    private async Task TellAsync(ServiceView service, Memory memory)
    {
        foreach (var item in memory.Take())
        {
            logger.ServiceEvent(EntityKey.Of(service), item.Reason, item.Message);
            await publish(service, item.Reason, item.Message, item.Type, CancellationToken.None);
        }
    }

    private async Task<TimeSpan?> KeepConditionAsync(
        ServiceView service, IReadOnlyList<AddressElection> elected, Memory memory, CancellationToken cancellationToken)
    {
        var said = elected.SelectMany(election => announcements.Of(election.Address).Select(item => (election.Address, item))).ToLookup(pair => pair.Address, pair => pair.item);
        var current = (service.Status.Conditions ?? []).Find(Annotations.AnnouncedCondition);
        var since = memory.WrittenAt == 0 ? AnnouncedCondition.Patience : time.GetElapsedTime(memory.WrittenAt);
        var condition = AnnouncedCondition.Of(elected, said, Conflicts(elected, said), since, current, time.GetUtcNow());
        if (condition is null || condition with { LastTransitionTime = default } == memory.Condition)
        {
            return condition is null && since < AnnouncedCondition.Patience ? AnnouncedCondition.Patience - since : null;
        }

        var written = await client.PatchAsync(
            ServiceView.Type,
            EntityKey.Of(service),
            PatchKind.Apply,
            ServiceChange.Apply(service, condition),
            subresource: "status",
            fieldManager: ServiceChange.ConditionFieldManager,
            force: true,
            cancellationToken: cancellationToken);

        // Servers without the field drop it: it is not sent again and again.
        memory.Condition = (written.Status.Conditions ?? []).Find(Annotations.AnnouncedCondition) is null ? condition with { LastTransitionTime = default } : null;
        memory.Wrote(VersionOf(written), memory.WrittenAt);
        book.Saw(written.Metadata.ResourceVersion);
        return null;
    }

    private Dictionary<IPAddress, string> Conflicts(IReadOnlyList<AddressElection> elected, ILookup<IPAddress, Announcement> said)
    {
        var result = new Dictionary<IPAddress, string>();
        foreach (var address in elected.Select(election => election.Address).Where(address => !said[address].Any()))
        {
            var text = $"{address}";
            foreach (var speaker in speakers.List().Where(speaker => cluster.IsPresent(speaker.Metadata.Name)))
            {
                if (speaker.Status.Conflicts.FirstOrDefault(conflict => conflict.Address == text && !conflict.Announced) is { } conflict)
                {
                    result[address] = $"node {speaker.Metadata.Name} found that another machine, {conflict.Mac}, answers for it on {conflict.Interface}";
                    break;
                }
            }
        }

        return result;
    }

    /// <summary>What is remembered of a Service between two looks at it.</summary>
    private sealed class Memory(string? uid)
    {
        private const int PutBackMost = 3;

        private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
        private readonly List<PlannedEvent> _pending = [];
        private readonly Queue<long> _overwritten = [];

        public string? Uid => uid;

        public long Version { get; private set; }

        public long WrittenAt { get; private set; }

        public Condition? Condition { get; set; }

        /// <summary>What was written last.</summary>
        public ImmutableArray<IPAddress>? Ingress { get; set; }

        // Once may be a restore or a hand edit, and is put back.
        public bool IsDisputed(ImmutableArray<IPAddress> present, ImmutableArray<IPAddress> wanted, TimeProvider time)
        {
            if (Ingress is not { } ours || !ours.SequenceEqual(wanted) || present.SequenceEqual(wanted))
            {
                return false;
            }

            while (_overwritten.TryPeek(out var first) && time.GetElapsedTime(first) >= DisputePause)
            {
                _overwritten.Dequeue();
            }

            _overwritten.Enqueue(time.GetTimestamp());
            return _overwritten.Count > PutBackMost;
        }

        public void Wrote(long version, long at)
        {
            Version = version;
            WrittenAt = at;
        }

        // Kept until the write has succeeded: a conflict must not swallow them.
        public void Keep(ImmutableArray<PlannedEvent> events)
        {
            foreach (var item in events)
            {
                _pending.RemoveAll(other => other.Reason == item.Reason);
                _pending.Add(item);
            }

            foreach (var reason in _told.Keys.Where(reason => !events.Any(item => item.Reason == reason)).ToArray())
            {
                _told.Remove(reason);
            }
        }

        public PlannedEvent[] Take()
        {
            var events = _pending.Where(item => _told.GetValueOrDefault(item.Reason) != item.Message).ToArray();
            foreach (var item in _pending)
            {
                _told[item.Reason] = item.Message;
            }

            _pending.Clear();
            return events;
        }
    }
}
