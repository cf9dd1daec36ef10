using System.Collections.Immutable;

namespace PorterLB.Operator.Election;

/// <summary>
/// The addresses of one Service stand under one epoch: a new election of one of them elects the nodes of all others once more, and who
/// holds one of these by a take-over would have to give it back to a node that was elected before it.
/// </summary>
internal static class JointElection
{
    /// <summary>What becomes of elections that were decided each for itself.</summary>
    /// <param name="alone">For each address what it was decided from, and how.</param>
    public static ImmutableArray<Decision> Settle(IReadOnlyList<(Ballot Ballot, Decision Decision)> alone)
    {
        var changed = alone.Where(item => item.Decision.Node != item.Ballot.Elected).ToArray();
        var unsettled = alone.Where(IsUnsettled).ToArray();
        if (changed.Length == 0 || unsettled.Length == 0)
        {
            return [.. alone.Select(item => item.Decision)];
        }

        // Adopting who took over changes nothing on the wire: it can wait until all that is under way there has come to its end.
        if (changed.All(item => item.Decision.Verdict == Verdict.TookOver && item.Ballot.Elected is not null))
        {
            var wait = unsettled.Min(item => item.Decision.LookAgainAfter) ?? NodeElection.Settled;
            return [.. alone.Select(item => changed.Contains(item) ? new Decision(item.Ballot.Elected, Verdict.Stays, wait) : item.Decision)];
        }

        return [.. alone.Select(item => IsUnsettled(item) && Successor(item.Ballot) is { } node ? new Decision(node, Verdict.TookOver) : item.Decision)];
    }

    private static bool IsUnsettled((Ballot Ballot, Decision Decision) item) =>
        item.Decision.Verdict == Verdict.Stays
        && (item.Decision.LookAgainAfter is not null || item.Ballot.Holders.Any(holder => holder.Node != item.Ballot.Elected));

    /// <summary>Who alone holds the address by a take-over, and may.</summary>
    private static string? Successor(Ballot ballot) =>
        ballot.Holders is [{ Term: > 0 } only] && only.Node != ballot.Elected && ballot.Eligible.Contains(only.Node, StringComparer.Ordinal) ? only.Node : null;
}
