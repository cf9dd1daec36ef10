namespace PorterLB.Reconciler.Leadership;

/// <summary>A write was not sent: this process does not lead, or could not be sure to lead until the write has arrived.</summary>
public sealed class NotLeaderException : Exception
{
    /// <summary>Makes one.</summary>
    public NotLeaderException()
        : base("Not written: this replica does not lead, or its lease was not renewed in time to be sure of it.")
    {
    }
}
