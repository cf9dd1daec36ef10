namespace PorterLB.Reconciler.Leadership;

/// <summary>How many replicas reconcile.</summary>
public enum LeaderElectionType
{
    /// <summary>Each one: there is a single replica, or they do not share work.</summary>
    None,

    /// <summary>One at a time, the holder of a Lease.</summary>
    Single,
}
