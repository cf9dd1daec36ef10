using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Loop;

namespace PorterLB.Speaker;

/// <summary>Every line that the speaker logs; ids 2000 to 2999.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Information,
        Message = "Speaker {Node} starts: hellos on UDP port {Port}, {Interfaces} interfaces")]
    public static partial void Starting(this ILogger logger, string node, int port, int interfaces);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Using interface {Interface} ({Mac})")]
    public static partial void SegmentOpened(this ILogger logger, string @interface, MacAddress mac);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Information, Message = "No longer using interface {Interface}: {Reason}")]
    public static partial void SegmentClosed(this ILogger logger, string @interface, string reason);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Information, Message = "{Kind}: {Subject}")]
    public static partial void Happened(this ILogger logger, ReportKind kind, string subject);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Warning, Message = "{Kind}: {Subject}")]
    public static partial void Warned(this ILogger logger, ReportKind kind, string subject);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Information,
        Message = "Resuming with {Count} addresses from {Path}, until their source is reached")]
    public static partial void Resuming(this ILogger logger, int count, string path);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Warning, Message = "The rights cannot be kept for the next start: {Reason}")]
    public static partial void StateFileFailed(this ILogger logger, string reason);

    [LoggerMessage(EventId = 2008, Level = LogLevel.Warning, Message = "The kernel did not say which interfaces there are: {Reason}")]
    public static partial void InterfacesUnknown(this ILogger logger, string reason);

    [LoggerMessage(EventId = 2009, Level = LogLevel.Warning, Message = "{Address} is no address that can be announced, and is left out")]
    public static partial void AddressRefused(this ILogger logger, System.Net.IPAddress address);

    [LoggerMessage(EventId = 2010, Level = LogLevel.Information, Message = "Leaving: handing {Count} addresses over")]
    public static partial void Leaving(this ILogger logger, int count);

    [LoggerMessage(EventId = 2011, Level = LogLevel.Information, Message = "Left")]
    public static partial void HasLeft(this ILogger logger);

    [LoggerMessage(EventId = 2012, Level = LogLevel.Critical, Message = "The speaker's loop ended by an error and answers for nothing any more")]
    public static partial void LoopFailed(this ILogger logger, Exception error);
}
