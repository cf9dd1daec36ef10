using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Ownership;

/// <summary>
/// The total order of claims for one address: (epoch, term, steady, fresh, elected, score, node). Everybody must come to the same result
/// from the claims alone, so the hearer's own rights never enter.
/// </summary>
internal static class RankOrder
{
    /// <summary>Positive when the first claim outranks the second; 0 only for the same rank of the same node.</summary>
    public static int Compare(IPAddress address, ClaimRank rank, string node, ClaimRank otherRank, string otherNode)
    {
        var byRank = Compare(rank, otherRank);
        if (byRank != 0 || node == otherNode)
        {
            return byRank;
        }

        var byScore = RendezvousScore.Of(address, node).CompareTo(RendezvousScore.Of(address, otherNode));
        return byScore != 0 ? byScore : string.CompareOrdinal(node, otherNode);
    }

    private static int Compare(ClaimRank rank, ClaimRank other)
    {
        var byEpoch = rank.Epoch.CompareTo(other.Epoch);
        if (byEpoch != 0)
        {
            return byEpoch;
        }

        var byTerm = rank.Term.CompareTo(other.Term);
        if (byTerm != 0)
        {
            return byTerm;
        }

        var bySteady = rank.Steady.CompareTo(other.Steady);
        if (bySteady != 0)
        {
            return bySteady;
        }

        var byFresh = rank.Fresh.CompareTo(other.Fresh);
        return byFresh != 0 ? byFresh : rank.Elected.CompareTo(other.Elected);
    }
}
