using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>Keeps the conditions of a Service: written together, when they change, and at most once a second.</summary>
internal sealed class ServiceConditions(
    Announcements announcements, ClusterState cluster, IEntityCache<V1Alpha2Speaker> speakers, ServiceWriter writer, TimeProvider time)
{
    // Kubernetes before 1.24 drops conditions of Services unless a feature gate is on. Learned from the first answer.
    private volatile bool _dropped;

    /// <summary>Writes what has to be written.</summary>
    /// <returns>When to look again, or null.</returns>
    public Task<TimeSpan?> KeepAsync(
        ServiceView service, Allocation allocation, IReadOnlyList<AddressElection> elected, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var current = service.Status.Conditions ?? [];
        var standing = current.Find(ConditionKinds.Announced.Type);
        Condition? announced = null;
        TimeSpan? again = null;
        if (!allocation.Addresses.IsEmpty)
        {
            var said = elected.SelectMany(election => announcements.Of(election.Address).Select(item => (election.Address, item))).ToLookup(pair => pair.Address, pair => pair.item);
            (announced, again) = AnnouncedCondition.Of(elected, said, Conflicts(elected, said), memory.SinceElected ?? TimeSpan.MaxValue, standing);
        }

        return WriteAsync(service, [announced, AssignedCondition.Of(allocation, current.Find(ConditionKinds.AddressAssigned.Type))], again, memory, cancellationToken);
    }

    /// <summary>Says that another program keeps writing the addresses.</summary>
    public Task<TimeSpan?> DisputedAsync(ServiceView service, string message, ServiceMemory memory, CancellationToken cancellationToken) =>
        WriteAsync(service, [ConditionKinds.Announced.For(Condition.False, "IngressOverwritten", message)], again: null, memory, cancellationToken);

    private async Task<TimeSpan?> WriteAsync(
        ServiceView service, ImmutableArray<Condition?> conditions, TimeSpan? again, ServiceMemory memory, CancellationToken cancellationToken)
    {
        ImmutableArray<Condition> wanted = [.. conditions.OfType<Condition>().Select(condition => Dated(condition, service.Status.Conditions))];
        var untimed = Untimed(wanted);
        if (_dropped || OursIn(service).SequenceEqual(wanted) || (!memory.NotTaken.IsEmpty && memory.NotTaken.SequenceEqual(untimed)))
        {
            return again;
        }

        if (memory.ConditionsDueIn is var wait && wait > TimeSpan.Zero)
        {
            return again < wait ? again : wait;
        }

        var written = OursIn(await writer.WriteAsync(service, wanted, memory, cancellationToken));
        memory.NotTaken = Untimed(written).SequenceEqual(untimed) ? [] : untimed;
        _dropped |= written.IsEmpty && !wanted.IsEmpty;
        return again;
    }

    private static ImmutableArray<Condition> OursIn(ServiceView service) =>
        [.. ((ImmutableArray<ConditionKind>)[ConditionKinds.Announced, ConditionKinds.AddressAssigned])
            .Select(kind => (service.Status.Conditions ?? []).Find(kind.Type)).OfType<Condition>()];

    private static ImmutableArray<Condition> Untimed(ImmutableArray<Condition> conditions) =>
        [.. conditions.Select(condition => condition with { LastTransitionTime = default })];

    private Condition Dated(Condition condition, IReadOnlyList<Condition>? standing)
    {
        var before = (standing ?? []).Find(condition.Type);
        return condition with { LastTransitionTime = before is not null && before.Status == condition.Status ? before.LastTransitionTime : time.GetUtcNow() };
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
}
