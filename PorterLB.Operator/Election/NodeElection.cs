using System.Collections.Immutable;

namespace PorterLB.Operator.Election;

/// <summary>A node whose speaker says that it answers for the address.</summary>
/// <param name="Node">The node.</param>
/// <param name="Epoch">Of the election under which it holds; 0 where it was elected.</param>
/// <param name="Term">0 where it was elected; more where it took over.</param>
/// <param name="For">For how long we have known of it.</param>
internal readonly record struct Holder(string Node, long Epoch, int Term, TimeSpan For);

/// <summary>What an election is decided from. Nothing else counts.</summary>
internal sealed record Ballot
{
    /// <summary>The node elected so far, or null.</summary>
    public string? Elected { get; init; }

    /// <summary>Present, allowed and able, in ordinal order.</summary>
    public ImmutableArray<string> Eligible { get; init; } = [];

    /// <summary>The elected node would be eligible, but it is dead or silent: its peers on the wire choose a successor by themselves.</summary>
    public bool ElectedIsGone { get; init; }

    /// <summary>For how long it has been gone.</summary>
    public TimeSpan GoneFor { get; init; }

    /// <summary>Living speakers that answer for the address.</summary>
    public ImmutableArray<Holder> Holders { get; init; } = [];

    /// <summary>How many addresses a node has already.</summary>
    public required Func<string, int> Load { get; init; }

    /// <summary>How much a node is preferred.</summary>
    public Func<string, int> Preference { get; init; } = static _ => 0;

    /// <summary>The node of the Service's other address: both on one node where that costs nothing.</summary>
    public string? Companion { get; init; }

    /// <summary>The node of the address below: consecutive addresses of one node are one range in every filter and status.</summary>
    public string? Neighbor { get; init; }

    /// <summary>Whether the address may be moved although its node may keep it.</summary>
    public Reconsideration Reconsideration { get; init; }
}

/// <summary>What may move an address away from a node that may keep it.</summary>
internal enum Reconsideration
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Preferences changed: to a node that is preferred more.</summary>
    Preference,

    /// <summary>A node joined, and the LayerTwoConfig rebalances then: to a node that is preferred more, or has fewer addresses.</summary>
    Balance,
}

/// <summary>Why a node is the elected one.</summary>
internal enum Verdict
{
    /// <summary>It was before.</summary>
    Stays,

    /// <summary>The address had no node.</summary>
    New,

    /// <summary>It took over on the wire, and the cluster's view follows.</summary>
    TookOver,

    /// <summary>A user wrote another node that may into the annotation: a move by hand.</summary>
    Moved,

    /// <summary>Another is preferred more, or has fewer addresses, and a LayerTwoConfig says to move then.</summary>
    Rebalanced,

    /// <summary>The former one may not any more.</summary>
    Replaced,

    /// <summary>No node may; what was elected stands for the time being.</summary>
    Nobody,
}

/// <summary>The outcome of an election.</summary>
/// <param name="Node">The elected node, or null when there never was one.</param>
/// <param name="Verdict">Why.</param>
/// <param name="LookAgainAfter">When time alone may change the outcome.</param>
internal readonly record struct Decision(string? Node, Verdict Verdict, TimeSpan? LookAgainAfter = null);

/// <summary>
/// Which node shall answer for an address: sticky, and for a new address the least loaded. Slow and global, while the speakers' own
/// succession is fast and local; this follows them and does not race them.
/// </summary>
internal static class NodeElection
{
    /// <summary>A holder that took over is adopted when it has been the only one for so long: adopted earlier, it would be moved twice.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(1.5);

    /// <summary>A dead node's successor claims within half a second and tells within another; after this long there is none.</summary>
    public static readonly TimeSpan SuccessorDue = TimeSpan.FromSeconds(3);

    // Of the load; within it a node may be given more than the least loaded one, to keep consecutive addresses together.
    private const int NeighborShare = 16;

    public static Decision Decide(Ballot ballot)
    {
        var electedIsEligible = ballot.Elected is not null && ballot.Eligible.Contains(ballot.Elected, StringComparer.Ordinal);
        var others = ballot.Holders.Where(holder => holder.Node != ballot.Elected).ToArray();
        var electedHolds = ballot.Holders.Length > others.Length;
        if (electedIsEligible)
        {
            if (others.Length == 0 && Better(ballot, ballot.Elected!) is { } better)
            {
                return new Decision(better, Verdict.Rebalanced);
            }

            // Two that both say they hold are settling it on the wire: an election now would only move it once more.
            if (electedHolds || others.Length != 1 || others[0].Term == 0 || !ballot.Eligible.Contains(others[0].Node, StringComparer.Ordinal))
            {
                return new Decision(ballot.Elected, Verdict.Stays);
            }

            return others[0].For >= Settled
                ? new Decision(others[0].Node, Verdict.TookOver)
                : new Decision(ballot.Elected, Verdict.Stays, Settled - others[0].For);
        }

        if (ballot.Eligible.IsEmpty)
        {
            return new Decision(ballot.Elected, Verdict.Nobody);
        }

        var successors = others.Where(holder => ballot.Eligible.Contains(holder.Node, StringComparer.Ordinal)).ToArray();
        if (ballot.ElectedIsGone)
        {
            if (successors.Length == 0)
            {
                return ballot.GoneFor >= SuccessorDue
                    ? new Decision(Best(ballot), Verdict.Replaced)
                    : new Decision(ballot.Elected, Verdict.Stays, SuccessorDue - ballot.GoneFor);
            }

            if (successors.Length > 1 || successors[0].For < Settled)
            {
                var youngest = successors.Min(holder => holder.For);
                return new Decision(ballot.Elected, Verdict.Stays, youngest < Settled ? Settled - youngest : Settled);
            }

            return new Decision(successors[0].Node, Verdict.TookOver);
        }

        if (successors.Length > 0)
        {
            // Whoever holds it already need not move: the one that the speakers themselves would leave it to.
            var first = successors.OrderByDescending(holder => holder.Epoch).ThenByDescending(holder => holder.Term).ThenBy(holder => holder.Node, StringComparer.Ordinal).First();
            return new Decision(first.Node, Verdict.TookOver);
        }

        return new Decision(Best(ballot), ballot.Elected is null ? Verdict.New : Verdict.Replaced);
    }

    private static string Best(Ballot ballot)
    {
        var preferred = MostPreferred(ballot);
        var least = preferred.Min(ballot.Load);
        var most = least + (least / NeighborShare);

        // The node of the Service's other address carries that one already: it counts no less than any other if it has just been given it.
        return ballot.Companion is { } companion && preferred.Contains(companion, StringComparer.Ordinal) && ballot.Load(companion) <= most + 1
            ? companion
            : ballot.Neighbor is { } neighbor && preferred.Contains(neighbor, StringComparer.Ordinal) && ballot.Load(neighbor) <= most
            ? neighbor
            : preferred.First(node => ballot.Load(node) == least);
    }

    // The nodes with the highest preference, in the order of the eligible ones, which is that of their names.
    private static string[] MostPreferred(Ballot ballot)
    {
        var highest = ballot.Eligible.Max(ballot.Preference);
        return [.. ballot.Eligible.Where(node => ballot.Preference(node) == highest)];
    }

    private static string? Better(Ballot ballot, string elected)
    {
        if (ballot.Reconsideration == Reconsideration.None)
        {
            return null;
        }

        var preferred = MostPreferred(ballot);
        var least = preferred.MinBy(ballot.Load)!;
        return !preferred.Contains(elected, StringComparer.Ordinal) ? least

            // Moving one must leave the two nearer to each other, or it would be moved back.
            : ballot.Reconsideration == Reconsideration.Balance && ballot.Load(elected) - ballot.Load(least) >= 2 ? least
            : null;
    }
}
