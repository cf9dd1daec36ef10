namespace PorterLB.Reconciler.Controllers;

/// <summary>A controller of whatever kind, as the host runs it.</summary>
internal interface IControllerRunner
{
    string Name { get; }

    /// <summary>The kinds that it needs informers of.</summary>
    IEnumerable<Type> EntityTypes { get; }

    /// <summary>
    /// Works until <paramref name="stop"/>, then ends what is in flight. <paramref name="abort"/> cancels that too.
    /// </summary>
    Task RunAsync(CancellationToken stop, CancellationToken abort);
}
