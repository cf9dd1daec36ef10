using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>The condition of a Service that says who answers for its addresses, on which interface, with which MAC.</summary>
internal static class AnnouncedCondition
{
    /// <summary>After an election it takes a moment until the speakers tell; saying "nobody" meanwhile would be a write for nothing.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The condition as it should be, and when to look again.</summary>
    /// <param name="elections">The Service's addresses and their elections.</param>
    /// <param name="announcements">Who says to answer for them.</param>
    /// <param name="conflicts">Which of them strangers answer for: node, interface, MAC.</param>
    /// <param name="sinceElection">How long ago the last election was written.</param>
    /// <param name="standing">The condition on the Service: it stays while it is too early to say more.</param>
    public static (Condition? Condition, TimeSpan? LookAgainAfter) Of(
        IReadOnlyList<AddressElection> elections,
        ILookup<IPAddress, Announcement> announcements,
        IReadOnlyDictionary<IPAddress, string> conflicts,
        TimeSpan sinceElection,
        Condition? standing)
    {
        var silent = elections.Where(election => !announcements[election.Address].Any()).ToArray();
        if (silent.Length == 0)
        {
            return (Says(Condition.True, "Announced", string.Join("; ", elections.Select(election => Sentence(election.Address, [.. announcements[election.Address]]))) + "."), null);
        }

        if (silent.FirstOrDefault(election => conflicts.ContainsKey(election.Address)) is { } conflict)
        {
            return (Says(Condition.False, "AddressConflict", $"{conflict.Address} is not announced: {conflicts[conflict.Address]}."), null);
        }

        if (sinceElection < Patience)
        {
            return (standing, Patience - sinceElection);
        }

        return silent.FirstOrDefault(election => election.Decision.Verdict == Verdict.Nobody) is { } nobody
            ? (Says(Condition.False, "NoEligibleNode", $"{nobody.Address} is not announced, no node may: {nobody.Obstacles}"), null)
            : (Says(Condition.False, "NotAnnounced", $"{string.Join(" and ", silent.Select(election => $"{election.Address}"))} is not announced by any node; elected: {silent[0].Decision.Node}."), null);
    }

    private static Condition Says(string status, string reason, string message) => ConditionKinds.Announced.For(status, reason, message);

    private static string Sentence(IPAddress address, ImmutableArray<Announcement> announcements) =>
        $"{address} on {string.Join(" and ", announcements.OrderBy(item => item.Node, StringComparer.Ordinal).Select(item => $"node {item.Node}, interface {item.Interface}{(item.Mac is null ? "" : $", {item.Mac}")}"))}";
}
