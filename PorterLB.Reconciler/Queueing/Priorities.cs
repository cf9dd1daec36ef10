namespace PorterLB.Reconciler.Queueing;

/// <summary>The priorities in use.</summary>
internal static class Priorities
{
    /// <summary>Something changed.</summary>
    public const int Change = 0;

    /// <summary>Nothing changed: the first list, a resync. Below changes, so that one is not kept waiting by ten thousand start-up items.</summary>
    public const int Replay = -100;
}
