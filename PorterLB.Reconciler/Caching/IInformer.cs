namespace PorterLB.Reconciler.Caching;

/// <summary>An informer of whatever kind, as the host runs it.</summary>
public interface IInformer
{
    /// <summary>The kind, for people: <c>services</c>, <c>eips.network.kubesphere.io</c>.</summary>
    string Name { get; }

    /// <summary>Whether the first list has arrived.</summary>
    bool HasSynced { get; }

    /// <summary>Whether the watch is established now. While it is not, the cache may be old.</summary>
    bool Connected { get; }

    /// <summary>What went wrong last while not connected, for health and errors; null when nothing did.</summary>
    string? LastError { get; }

    /// <summary>Lists and watches until cancelled. Never ends by itself: every error is tried again.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Ends when the first list has arrived.</summary>
    Task WaitForSyncAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Calls back whenever <see cref="Connected"/> changes, with the new value, on the informer's own thread. Dispose to end it.
    /// </summary>
    IDisposable SubscribeConnected(Action<bool> handler);

    /// <summary>
    /// Calls back whenever a watch is opened: after a loss, and after the server ended one by itself, as it does every few minutes and
    /// when it stops. On the informer's own thread. Dispose to end it.
    /// </summary>
    IDisposable SubscribeWatchOpened(Action handler);

    /// <summary>
    /// Calls back when the server turns out to be older than what was seen of it, because its store was brought back from a backup: before
    /// any subscriber is told of what is true now, on the informer's own thread, and perhaps twice. What was remembered of versions holds no more. Dispose to end it.
    /// </summary>
    IDisposable SubscribeWentBack(Action handler);
}
