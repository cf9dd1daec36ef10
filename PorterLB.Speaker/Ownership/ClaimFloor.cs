using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Ownership;

/// <summary>
/// The highest (epoch, term) ever seen claimed for an address, by whomever, dead holders included: who takes over goes above it, so that
/// a returning node that still remembers an earlier claim yields.
/// </summary>
internal readonly record struct ClaimFloor(long Epoch, int Term)
{
    /// <summary>No claim was seen.</summary>
    public static ClaimFloor None { get; } = new(long.MinValue, 0);

    /// <summary>The floor after a claim of this rank was seen.</summary>
    public ClaimFloor Raise(ClaimRank rank) =>
        rank.Epoch > Epoch || (rank.Epoch == Epoch && rank.Term > Term) ? new(rank.Epoch, rank.Term) : this;

    /// <summary>The term with which to take over at an epoch: one above the highest seen there, at least 1.</summary>
    public int TermAbove(long epoch) => epoch == Epoch ? Math.Min(Term, ClaimRank.Released - 2) + 1 : 1;
}
