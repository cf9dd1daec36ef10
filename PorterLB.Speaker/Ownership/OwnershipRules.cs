using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Ownership;

/// <summary>
/// The rules of ownership for one address, as numbered in the protocol, section 4. A pure function: waits, slots and questions are the
/// caller's. Rules 1, 2, 15 and 16 answer what is heard and stand where it is heard.
/// </summary>
internal static class OwnershipRules
{
    /// <summary>What the situation asks for.</summary>
    public static Decision Decide(in Situation s) => s.Held ? Holding(s) : !s.EligibleSelf || !s.Staying ? Decision.Rest : s.Claimed ? Watching(s) : Unclaimed(s);

    private static Decision Holding(in Situation s)
    {
        // Nobody is to answer any more, and there will be no successor: the one case besides a release in which a holder falls silent
        // without one. The wait lets the next election arrive first.
        if (!s.AnyEligible)
        {
            return new Decision(5, Act.Silence, 0, 0, Timers.PassOver, Slotted: false, Ask.No);
        }

        var superseded = s.Epoch > s.OwnEpoch;

        // Before rule 4: while I hear nobody, nobody can tell me of the elected node's claim, and it would look dead.
        if (s.HearsNobody && s.Fresh && (!s.EligibleSelf || (superseded && !s.ElectedSelf)))
        {
            return new Decision(6, Act.Silence, 0, 0, TimeSpan.Zero, Slotted: false, Ask.UntilAnswered);
        }

        // Two hold, and at least one hears nothing of the other: no rank decides then. Each sees the other's answers, though, and both come
        // to the same result from who is elected and from the score. The greater one gives way as well in the end: it may be heard, and
        // ranked lower, or the other may not see it.
        if (s.Rivaled)
        {
            return new Decision(
                6, Act.Silence, 0, 0, s.RivalIsGreater ? Timers.RivalLesser : Timers.RivalGreater, Slotted: false, Ask.UntilRivalAnswers);
        }

        if (!superseded || !s.Staying || !s.EligibleSelf)
        {
            return superseded ? Decision.Hesitate(5) : s.EligibleSelf ? Decision.Rest : Decision.Hesitate(5);
        }

        if (s.ElectedSelf)
        {
            return s.Ears && !s.Mute ? new Decision(3, Act.Lift, s.Epoch, 0, TimeSpan.Zero, Slotted: false, Ask.No) : Decision.Hesitate(3);
        }

        var delay = CannotHold(s.Elected, s.Healthy) ? TimeSpan.Zero : s.HearsNobody ? Timers.PassOverUnheard : Timers.PassOver;
        return new Decision(4, Act.Lift, s.Epoch, s.Floor.TermAbove(s.Epoch), delay, Slotted: false, Ask.No);
    }

    private static Decision Unclaimed(in Situation s)
    {
        // An unhealthy elected node does not claim at once what it would have to hand over at once: it waits its turn like the others.
        if (s.ElectedSelf && s.Healthy && s.Floor.Epoch < s.Epoch)
        {
            return new Decision(7, Act.Claim, s.Epoch, 0, TimeSpan.Zero, Slotted: false, Ask.AtMost);
        }

        if (s.Floor == ClaimFloor.None)
        {
            return new Decision(8, Act.Claim, s.Epoch, s.Floor.TermAbove(s.Epoch), GraceFor(s), Slotted: true, Ask.UntilSilent);
        }

        var epoch = Math.Max(s.Epoch, s.Floor.Epoch);
        var newerElectedIsLate = s.Epoch > s.Floor.Epoch && s.Elected is { } elected && (elected.State == SpeakerState.Joining || !elected.Fresh);
        return new Decision(
            9, Act.Claim, epoch, s.Floor.TermAbove(epoch), newerElectedIsLate ? Timers.ShortGrace : TimeSpan.Zero, Slotted: true, Ask.UntilSilent);
    }

    private static Decision Watching(in Situation s)
    {
        if (s.Epoch > s.ClaimedEpoch && s.ElectedSelf && s.Healthy)
        {
            return new Decision(11, Act.Claim, s.Epoch, 0, TimeSpan.Zero, Slotted: false, Ask.No);
        }

        if (s.Holder.State == SpeakerState.Leaving || s.Holder.Deaf || (!s.Holder.Healthy && s.Healthy))
        {
            var epoch = Math.Max(s.Epoch, s.ClaimedEpoch);
            return new Decision(10, Act.Claim, epoch, s.Floor.TermAbove(epoch), TimeSpan.Zero, Slotted: true, Ask.No);
        }

        if (s.Epoch > s.ClaimedEpoch)
        {
            return s.HolderEligible
                ? Decision.Rest // Rule 12: the holder yields to the elected node, or lifts.
                : new Decision(13, Act.Claim, s.Epoch, s.Floor.TermAbove(s.Epoch), Timers.PassOver, Slotted: true, Ask.No);
        }

        // Only current rights may judge another's: two nodes with different caches would take from each other in turn.
        if (!s.HolderEligible && s.Epoch == s.ClaimedEpoch)
        {
            return s.Fresh
                ? new Decision(14, Act.Claim, s.Epoch, s.Floor.TermAbove(s.Epoch), Timers.PassOver, Slotted: true, Ask.No)
                : Decision.Hesitate(14);
        }

        return Decision.Rest;
    }

    /// <summary>How long the elected node is left alone with an address that nobody is known to have held.</summary>
    private static TimeSpan GraceFor(in Situation s) => s.Elected switch
    {
        { State: SpeakerState.Active, Fresh: true, Deaf: false, Healthy: true } => s.OneOfMany ? Timers.BurstGrace : Timers.Grace,

        // Nobody waits for a new address yet: better a moment later than moved as soon as it is there.
        { State: SpeakerState.Joining } when s.New => Timers.JoiningGrace,
        null when s.New && !s.ElectedKnown => Timers.Grace,
        _ => Timers.ShortGrace,
    };

    private static bool CannotHold(Standing? elected, bool selfHealthy) =>
        elected is not { } standing || standing.Deaf || standing.State == SpeakerState.Leaving || (!standing.Healthy && selfHealthy);
}
