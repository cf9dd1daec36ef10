namespace PorterLB.Reconciler.Queueing;

/// <summary>A key that a worker has taken, until it says that it is done.</summary>
/// <typeparam name="TKey">What is worked on.</typeparam>
/// <param name="Key">Which one.</param>
/// <param name="Priority">Higher goes first.</param>
/// <param name="ReadySince">Since when it could have been taken.</param>
internal readonly record struct WorkItem<TKey>(TKey Key, int Priority, TimeSpan ReadySince)
    where TKey : notnull;
