using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Election;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>The condition of a Service that says who answers for its addresses, on which interface, with which MAC.</summary>
internal static class AnnouncedCondition
{
    /// <summary>After an election it takes a moment until the speakers tell; saying "nobody" meanwhile would be a write for nothing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The condition as it should be, or null to leave it as it is for now.</summary>
    /// <param name="elections">The Service's addresses and their elections.</param>
    /// <param name="announcements">Who says to answer for them.</param>
    /// <param name="conflicts">Which of them strangers answer for: address, node, interface, MAC.</param>
    /// <param name="sinceElection">How long ago the last election was written.</param>
    /// <param name="current">The condition that stands on the Service.</param>
    /// <param name="now">For the transition time.</param>
    public static Condition? Of(
        IReadOnlyList<AddressElection> elections,
        ILookup<IPAddress, Announcement> announcements,
        IReadOnlyDictionary<IPAddress, string> conflicts,
        TimeSpan sinceElection,
        Condition? current,
        DateTimeOffset now)
    {
        var silent = elections.Where(election => !announcements[election.Address].Any()).ToArray();
        if (silent.Length > 0 && sinceElection < Patience && !silent.Any(election => conflicts.ContainsKey(election.Address)))
        {
            return null;
        }

        var conflict = silent.FirstOrDefault(election => conflicts.ContainsKey(election.Address));
        var nobody = silent.FirstOrDefault(election => election.Decision.Verdict == Verdict.Nobody);
        var (status, reason, message) =
            conflict is not null ? (Condition.False, "AddressConflict", $"{conflict.Address} is not announced: {conflicts[conflict.Address]}.")
            : nobody is not null ? (Condition.False, "NoEligibleNode", $"{nobody.Address} is not announced, no node may: {nobody.Obstacles}")
            : silent.Length > 0
            ? (Condition.False, "NotAnnounced", $"{string.Join(" and ", silent.Select(election => $"{election.Address}"))} is not announced by any node; elected: {silent[0].Decision.Node}.")
            : (Condition.True, "Announced", string.Join("; ", elections.Select(election => Sentence(election.Address, [.. announcements[election.Address]]))) + ".");
        var condition = new Condition
        {
            Type = Operator.Annotations.AnnouncedCondition,
            Status = status,
            Reason = reason,
            Message = message,
            LastTransitionTime = current?.Status == status ? current.LastTransitionTime : now,
        };
        return condition with { ObservedGeneration = current?.ObservedGeneration } == current ? null : condition;
    }

    private static string Sentence(IPAddress address, ImmutableArray<Announcement> announcements) =>
        $"{address} on {string.Join(" and ", announcements.OrderBy(item => item.Node, StringComparer.Ordinal).Select(item => $"node {item.Node}, interface {item.Interface}{(item.Mac is null ? "" : $", {item.Mac}")}"))}";
}
