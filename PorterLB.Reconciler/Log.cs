using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;

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
}
