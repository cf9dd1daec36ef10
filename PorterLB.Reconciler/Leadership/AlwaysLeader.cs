namespace PorterLB.Reconciler.Leadership;

/// <summary>
/// Leadership without an election: there is one replica, or each works for itself. Whether another process ran before, and what of it
/// is still on its way, is not known.
/// </summary>
internal sealed class AlwaysLeader(LeaseTimes times) : ILeadership
{
    public bool IsLeader => true;

    public TakeOver TakeOver => TakeOver.Unclean;

    public bool MayWrite => true;

    public TimeSpan WriteTimeout => times.WriteTimeout;

    public TimeSpan LateWrites => LeaseTimes.LongestWrite;
}
