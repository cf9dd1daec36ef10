using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Reconciler;

/// <summary>What the framework logs. Event ids 1000–1999.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "A subscriber of {Informer} failed; the others go on")]
    public static partial void SubscriberFailed(this ILogger logger, Exception exception, string informer);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Debug, Message = "{Informer}: {Count} objects listed at version {Version}")]
    public static partial void Listed(this ILogger logger, string informer, int count, string version);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "{Informer} cannot be {What}: {Reason}. Tried again until it can; what is cached stays in use")]
    public static partial void ReflectorFailed(this ILogger logger, string informer, string what, string reason);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Information, Message = "{Informer} is watched again")]
    public static partial void WatchRestored(this ILogger logger, string informer);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Debug, Message = "The watch of {Informer} ended at version {Version}; it goes on from there")]
    public static partial void WatchEnded(this ILogger logger, string informer, string? version);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Information, Message = "The watch of {Informer} was silent for {Deadline}, not even a bookmark came; it is opened anew")]
    public static partial void WatchIdle(this ILogger logger, string informer, TimeSpan deadline);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "The API server no longer has version {Version} of {Informer}; all are listed anew")]
    public static partial void WatchGone(this ILogger logger, string informer, string version);

    [LoggerMessage(EventId = 1008, Level = LogLevel.Warning, Message = "{Key} of {Informer} cannot be read and is passed over, its last readable state stays in use: {Reason}")]
    public static partial void EntityUnreadable(this ILogger logger, string informer, EntityKey key, string reason);

    [LoggerMessage(EventId = 1009, Level = LogLevel.Warning, Message = "The watch of {Informer} stands at version {Version} while the server has {Newest}: the server has forgotten it, and is asked anew")]
    public static partial void WatchBehind(this ILogger logger, string informer, string? version, string newest);

    [LoggerMessage(EventId = 1010, Level = LogLevel.Information, Message = "{Informer}: the API server has them as {Plural} of {Version}, and so they are read from now on")]
    public static partial void FormChanged(this ILogger logger, string informer, string plural, string version);

    [LoggerMessage(EventId = 1011, Level = LogLevel.Warning, Message = "{Informer} were seen at version {Version}, and the API server has them at {Now}: its store was brought back from a backup")]
    public static partial void StoreWentBack(this ILogger logger, string informer, string? version, string now);

    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "{Controller} failed on {Key}: {Reason}. Tried again in {Delay}")]
    public static partial void ReconcileFailed(this ILogger logger, Exception? exception, string controller, EntityKey key, string reason, TimeSpan delay);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Debug, Message = "{Controller}: {Key} changed while it was written. Tried again in {Delay}")]
    public static partial void ReconcileConflict(this ILogger logger, string controller, EntityKey key, TimeSpan delay);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Error, Message = "{Controller} failed on {Key}: {Reason}. Not tried again before something changes")]
    public static partial void ReconcileTerminal(this ILogger logger, Exception exception, string controller, EntityKey key, string reason);

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "This replica leads: it holds the lease {Lease} as {Identity} (take-over: {TakeOver})")]
    public static partial void LeaseAcquired(this ILogger logger, EntityKey lease, string identity, TakeOver takeOver);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Information, Message = "This replica stands by: the lease {Lease} is held by {Holder}")]
    public static partial void LeaseHeld(this ILogger logger, EntityKey lease, string holder);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "The lease {Lease} can be neither read nor written: {Reason}. Tried again")]
    public static partial void LeaseFailed(this ILogger logger, EntityKey lease, string reason);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Information, Message = "The lease {Lease} is given back")]
    public static partial void LeaseReleased(this ILogger logger, EntityKey lease);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Warning, Message = "The lease {Lease} could not be given back: {Reason}. The next leader waits for its {Duration} to run out")]
    public static partial void LeaseNotReleased(this ILogger logger, EntityKey lease, string reason, TimeSpan duration);

    [LoggerMessage(EventId = 1206, Level = LogLevel.Critical, Message = "Leadership is lost and the process ends: {Reason}")]
    public static partial void LeadershipLost(this ILogger logger, string reason);

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "The Event {Reason} could not be sent and is dropped: {Error}")]
    public static partial void EventRefused(this ILogger logger, string reason, string error);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Information, Message = "{Count} Events are not sent: more than {Most} of a type were waiting. The objects themselves say what they say; warnings are sent first")]
    public static partial void EventsDropped(this ILogger logger, int count, int most);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Information, Message = "Listening on {Address}: {What}")]
    public static partial void Serving(this ILogger logger, string what, string address);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Information, Message = "All caches are synced: {Informers}")]
    public static partial void CachesSynced(this ILogger logger, string informers);

    [LoggerMessage(EventId = 1403, Level = LogLevel.Critical, Message = "The process ends: {Reason}")]
    public static partial void Stopping(this ILogger logger, Exception? exception, string reason);

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "{What} did not stop within {Timeout}; it is left behind")]
    public static partial void StopTimedOut(this ILogger logger, string what, TimeSpan timeout);

    [LoggerMessage(EventId = 1405, Level = LogLevel.Warning, Message = "{What} failed while it was stopped")]
    public static partial void StopFailed(this ILogger logger, Exception exception, string what);

    [LoggerMessage(EventId = 1406, Level = LogLevel.Information, Message = "Reconciling: {Controllers}")]
    public static partial void Reconciling(this ILogger logger, string controllers);

    [LoggerMessage(EventId = 1407, Level = LogLevel.Debug, Message = "{Path} is not healthy: {Failures}")]
    public static partial void Unhealthy(this ILogger logger, string path, string failures);

    [LoggerMessage(EventId = 1408, Level = LogLevel.Warning, Message = "{Startup} of the new leader cannot be done: {Reason}. Tried again until it can; nothing is reconciled before")]
    public static partial void StartupFailed(this ILogger logger, string startup, string reason);

    private static readonly Func<ILogger, string, EntityKey, string, IDisposable?> ReconciliationScope =
        LoggerMessage.DefineScope<string, EntityKey, string>("controller={Controller} object={Object} reconcileID={ReconcileID}");

    /// <summary>Every line of a reconciliation says which one it belongs to.</summary>
    public static IDisposable? BeginReconciliation(this ILogger logger, string controller, EntityKey key, string reconcileId) =>
        ReconciliationScope(logger, controller, key, reconcileId);
}
