using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Ownership;

/// <summary>
/// Who takes over first (protocol section 3, candidates and slot): eligible, alive, active and hearing nodes, best first. Each waits 30 ms
/// for each one ahead of it.
/// </summary>
internal static class Candidates
{
    /// <summary>What the order of two candidates for an address depends on.</summary>
    internal readonly record struct Candidate(string Node, bool Healthy, bool Steady, bool Fresh, bool Elected);

    /// <summary>How many of the others come before the first one.</summary>
    /// <param name="address">The address.</param>
    /// <param name="self">Who asks; not steady when it is mute.</param>
    /// <param name="eligible">Names of all eligible nodes.</param>
    /// <param name="elected">The elected node, if any.</param>
    /// <param name="standingOf">What an eligible node that is alive said of itself, or null for one that is dead or unknown.</param>
    public static int Place(
        IPAddress address, Candidate self, ImmutableArray<string> eligible, string? elected, Func<string, Standing?> standingOf)
    {
        var place = 0;
        foreach (var node in eligible)
        {
            if (node != self.Node && standingOf(node) is { State: SpeakerState.Active, Deaf: false } standing
                && Precedes(address, new Candidate(node, standing.Healthy, standing.Steady, standing.Fresh, node == elected), self))
            {
                place++;
            }
        }

        return place;
    }

    /// <summary>The time from a candidate's reason to take over to its turn.</summary>
    public static TimeSpan Slot(int place, bool mute) => (place * Timers.Slot) + (mute ? Timers.MutePenalty : TimeSpan.Zero);

    /// <summary>Whether a candidate comes before another; a strict total order over different nodes.</summary>
    public static bool Precedes(IPAddress address, Candidate candidate, Candidate other)
    {
        if (candidate.Healthy != other.Healthy)
        {
            return candidate.Healthy;
        }

        if (candidate.Steady != other.Steady)
        {
            return candidate.Steady;
        }

        if (candidate.Fresh != other.Fresh)
        {
            return candidate.Fresh;
        }

        if (candidate.Elected != other.Elected)
        {
            return candidate.Elected;
        }

        var byScore = RendezvousScore.Of(address, candidate.Node).CompareTo(RendezvousScore.Of(address, other.Node));
        return byScore != 0 ? byScore > 0 : string.CompareOrdinal(candidate.Node, other.Node) > 0;
    }
}
