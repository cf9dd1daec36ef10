using Microsoft.Extensions.Logging;

namespace PorterLB.Reconciler;

/// <summary>What the framework logs. Event ids 1000–1999.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "A subscriber of {Informer} failed; the others go on")]
    public static partial void SubscriberFailed(this ILogger logger, Exception exception, string informer);
}
