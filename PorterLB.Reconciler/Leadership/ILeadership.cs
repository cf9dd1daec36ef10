namespace PorterLB.Reconciler.Leadership;

/// <summary>How leadership came to this process.</summary>
public enum TakeOver
{
    /// <summary>This process does not lead.</summary>
    None,

    /// <summary>The leader before us gave the lease back after its last write: nothing of it can still arrive.</summary>
    Clean,

    /// <summary>
    /// The leader before us was cut off, killed or is unknown (also: no leader election at all). A write that it sent may still arrive,
    /// within <see cref="ILeadership.LateWrites"/>.
    /// </summary>
    Unclean,
}

/// <summary>Whether this process leads, that is: may act on behalf of all replicas.</summary>
public interface ILeadership
{
    /// <summary>
    /// Whether this process leads now, judged on the local clock alone: false once the lease could not be renewed within the renew
    /// deadline, whether or not anybody has noticed yet.
    /// </summary>
    bool IsLeader { get; }

    /// <summary>How leadership came to this process.</summary>
    TakeOver TakeOver { get; }

    /// <summary>
    /// Whether a write may be started now. Closes before leadership ends, so that a write that is slow to arrive still falls into it.
    /// </summary>
    bool MayWrite { get; }

    /// <summary>
    /// Says that the lease may have been given back: who stands by reads it now, and not only at its next retry. For those who watch
    /// Leases anyway; without it a clean hand-over takes up to 1.2 × the retry period.
    /// </summary>
    void Look()
    {
    }

    /// <summary>How long the server may work on a leader's write: 5 s, less where the lease is short.</summary>
    TimeSpan WriteTimeout { get; }

    /// <summary>
    /// For how long after this process began to lead a write of the leader before it may still arrive: its write timeout, which its
    /// Lease tells, for its settings may be others. Zero after a clean take-over, and while this process does not lead.
    /// </summary>
    TimeSpan LateWrites { get; }
}
