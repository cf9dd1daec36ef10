namespace PorterLB.Reconciler.Leadership;

/// <summary>What a candidate does next.</summary>
internal abstract record LeaseStep
{
    private LeaseStep()
    {
    }

    /// <summary>Get the Lease.</summary>
    public sealed record Read : LeaseStep;

    /// <summary>Create the Lease.</summary>
    /// <param name="Spec">With this content; the times are to be filled in.</param>
    public sealed record Create(LeaseSpec Spec) : LeaseStep;

    /// <summary>Replace the Lease.</summary>
    /// <param name="Spec">With this content; the times are to be filled in.</param>
    /// <param name="ResourceVersion">If it still has this version.</param>
    public sealed record Replace(LeaseSpec Spec, string ResourceVersion) : LeaseStep;

    /// <summary>Do nothing until then.</summary>
    /// <param name="Until">On the local clock.</param>
    public sealed record Wait(TimeSpan Until) : LeaseStep;

    /// <summary>Leadership is lost and does not come back to this candidate.</summary>
    public sealed record Lost : LeaseStep;
}
