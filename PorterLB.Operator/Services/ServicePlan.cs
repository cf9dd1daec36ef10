using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Events;

namespace PorterLB.Operator.Services;

/// <summary>An Event to be published once the plan is written.</summary>
internal sealed record PlannedEvent(string Reason, string Message, EventType Type = EventType.Normal);

/// <summary>The outcome of the election of one address.</summary>
/// <param name="Address">The address.</param>
/// <param name="Before">The node that stands on the Service, or null.</param>
/// <param name="Decision">The outcome.</param>
internal sealed record AddressElection(IPAddress Address, string? Before, Decision Decision)
{
    /// <summary>What stands on the Service was written by no manager.</summary>
    public bool Forged { get; init; }

    /// <summary>When nobody may: each node with its reason. When a user's choice is not followed: the reason of that node.</summary>
    public string? Obstacles { get; init; }
}

/// <summary>What a Service shall look like. Pure: from what is known to what is to be written.</summary>
internal sealed record ServicePlan
{
    /// <summary>In the order of the families.</summary>
    public ImmutableArray<IPAddress> Ingress { get; init; } = [];

    /// <summary>Ours, all of them: a missing one is to be removed.</summary>
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether our finalizer shall be on it.</summary>
    public bool Finalizer { get; init; }

    /// <summary>Whether anything of this differs from what is.</summary>
    public bool Differs { get; init; }

    public ImmutableArray<PlannedEvent> Events { get; init; } = [];

    /// <summary>When to look again although nothing changed.</summary>
    public TimeSpan? LookAgainAfter { get; init; }

    /// <param name="service">As it is.</param>
    /// <param name="allocation">What it has.</param>
    /// <param name="elections">Who shall answer, for each address.</param>
    /// <param name="epoch">The epoch that holds for these elections.</param>
    public static ServicePlan Of(ServiceView service, Allocation allocation, IReadOnlyList<AddressElection> elections, long? epoch)
    {
        var key = Reconciler.Caching.EntityKey.Of(service);
        var annotations = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (!allocation.Addresses.IsEmpty)
        {
            if (ElectionAnnotation.Node([.. elections.Select(election => (election.Address, election.Decision.Node))]) is { } node && epoch is { } number)
            {
                annotations[Operator.Annotations.Node] = node;
                annotations[Operator.Annotations.Epoch] = $"{number}";
            }

            if (allocation.Origins.Any(origin => origin.Length > 0))
            {
                annotations[Operator.Annotations.Origin] = string.Join(',', allocation.Origins);
            }
        }

        var before = ServiceRequest.AddressesOf(service);
        var plan = new ServicePlan
        {
            Ingress = allocation.Addresses,
            Annotations = annotations.ToImmutable(),
            Finalizer = !allocation.Addresses.IsEmpty,
            Events = [.. EventsOf($"{key}", before, allocation, elections)],
            LookAgainAfter = elections.Select(election => election.Decision.LookAgainAfter).Where(time => time is not null).Min(),
        };
        return plan with { Differs = plan.DiffersFrom(service) };
    }

    private bool DiffersFrom(ServiceView service) =>
        !ServiceRequest.Says(service, Ingress)
        || (Finalizer && !Ownership.HasFinalizer(service))
        || Written.Any(name => Value(service, name) != Annotations.GetValueOrDefault(name));

    // A refused Service keeps its finalizer until it is released: there is nothing to release, and it is not worth a write.
    private static readonly ImmutableArray<string> Written = [Operator.Annotations.Node, Operator.Annotations.Epoch, Operator.Annotations.Origin];

    private static string? Value(ServiceView service, string name) =>
        service.Metadata.Annotations is { } annotations && annotations.TryGetValue(name, out var value) ? value : null;

    private static IEnumerable<PlannedEvent> EventsOf(
        string key, ImmutableArray<IPAddress> before, Allocation allocation, IReadOnlyList<AddressElection> elections)
    {
        foreach (var duplicate in allocation.Duplicates)
        {
            yield return new PlannedEvent(
                EventReasons.AddressTakenAway,
                $"{duplicate.Address} belongs to Service '{duplicate.Holder}' and cannot be shared with it; two managers had given it to both. "
                + $"Service '{key}' {(allocation.Addresses.IsEmpty ? "gets another as soon as there is one" : $"has {string.Join(" and ", allocation.Addresses)} now")}.",
                EventType.Warning);
        }

        var added = allocation.Addresses.Except(before).ToArray();
        if (added.Length > 0)
        {
            var origins = allocation.Addresses.Zip(allocation.Origins).Where(pair => added.Contains(pair.First)).Select(pair => pair.Second).Where(origin => origin.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
            yield return new PlannedEvent(
                EventReasons.AddressAssigned,
                $"Assigned {string.Join(" and ", added.AsEnumerable())}{(origins.Length > 0 ? $" from Eip {string.Join(" and ", origins.Select(origin => $"'{origin}'"))}" : "")}.");
        }

        var gone = before.Except(allocation.Addresses).Except(allocation.Duplicates.Select(duplicate => duplicate.Address)).ToArray();
        if (gone.Length > 0)
        {
            yield return new PlannedEvent(EventReasons.AddressReleased, $"Released {string.Join(" and ", gone.AsEnumerable())}.");
        }

        if (allocation.Refusal is { } refusal && refusal.Reason != RefusalReason.TakingOver)
        {
            yield return new PlannedEvent(EventReasons.AddressRefused, refusal.Message, allocation.IsSatisfied ? EventType.Normal : EventType.Warning);
        }

        if (allocation.Kept is { } kept)
        {
            yield return new PlannedEvent(EventReasons.AddressKept, kept.Message, EventType.Warning);
        }

        if (allocation.Tolerated is { } tolerated)
        {
            yield return new PlannedEvent(
                EventReasons.SharingTolerated, $"{tolerated}. It was shared so before, and stays so until the Service changes its address.", EventType.Warning);
        }

        foreach (var group in elections.GroupBy(election => (election.Decision.Node, election.Before, election.Decision.Verdict, election.Forged, election.Obstacles)))
        {
            var addresses = string.Join(" and ", group.Select(election => election.Address));
            var (node, old, verdict, forged, obstacles) = group.Key;
            switch (verdict)
            {
                case Verdict.Nobody:
                    yield return new PlannedEvent(EventReasons.NoEligibleNode, $"No node can answer for {addresses}: {obstacles}", EventType.Warning);
                    break;
                case Verdict.TookOver when node != old:
                    yield return new PlannedEvent(EventReasons.NodeElected, $"Node '{node}' answers for {addresses}: it took over{(old is null ? "" : $" from '{old}'")}.");
                    break;
                case Verdict.Replaced when node != old:
                    yield return new PlannedEvent(EventReasons.NodeElected, $"Node '{node}' shall answer for {addresses}{(old is null ? "" : $": '{old}' may not any more")}.");
                    break;
                case Verdict.Rebalanced:
                    yield return new PlannedEvent(EventReasons.NodeElected, $"Node '{node}' shall answer for {addresses} instead of '{old}': it is preferred more, or has fewer addresses.");
                    break;
                case Verdict.Moved:
                    yield return new PlannedEvent(EventReasons.NodeElected, $"Node '{node}' shall answer for {addresses}, as the annotation {Operator.Annotations.Node} was set to.");
                    break;
                case Verdict.New:
                    yield return new PlannedEvent(EventReasons.NodeElected, $"Node '{node}' shall answer for {addresses}.");
                    break;
                case Verdict.Stays when forged:
                    yield return new PlannedEvent(
                        EventReasons.ElectionRestored,
                        $"The annotations {Operator.Annotations.Node} and {Operator.Annotations.Epoch} were changed to what no manager wrote; '{node}' goes on answering for {addresses}.{(obstacles is null ? "" : $" It cannot be moved where they said: {obstacles}.")}",
                        EventType.Warning);
                    break;
            }
        }
    }
}
