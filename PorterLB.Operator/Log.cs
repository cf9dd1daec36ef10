using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator;

/// <summary>The log lines of the operator: event ids 3xxx.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Information, Message = "Service {Service} has {Addresses}, elected node {Node}")]
    public static partial void ServiceWritten(this ILogger logger, EntityKey service, string addresses, string node);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Information, Message = "Service {Service} released {Addresses}")]
    public static partial void ServiceReleased(this ILogger logger, EntityKey service, string addresses);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Debug, Message = "Service {Service}: {Reason}: {Text}")]
    public static partial void ServiceEvent(this ILogger logger, EntityKey service, string reason, string text);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Information, Message = "Took over {Services} Services with {Addresses} addresses from their statuses ({TakeOver} take-over)")]
    public static partial void TookOver(this ILogger logger, int services, int addresses, string takeOver);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Information, Message = "Made the key that signs the speakers' hellos: Secret {Secret}")]
    public static partial void HelloKeyMade(this ILogger logger, EntityKey secret);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Warning, Message = "The hello keys could not be read or made, trying again: {Problem}")]
    public static partial void HelloKeyFailed(this ILogger logger, string problem);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Information, Message = "Speakers that came or went: {Nodes}")]
    public static partial void SpeakersChanged(this ILogger logger, string nodes);

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning, Message = "The Speaker object could not be written, trying again: {Problem}")]
    public static partial void SpeakerStatusFailed(this ILogger logger, string problem);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Warning, Message = "The lease {Lease} could not be renewed, trying again: {Problem}")]
    public static partial void SpeakerLeaseFailed(this ILogger logger, EntityKey lease, string problem);

    [LoggerMessage(EventId = 3103, Level = LogLevel.Warning, Message = "kube-proxy has not been healthy for {Seconds} s ({Problem}): addresses are handed over where another node can take them")]
    public static partial void DataPlaneUnhealthy(this ILogger logger, double seconds, string problem);

    [LoggerMessage(EventId = 3104, Level = LogLevel.Information, Message = "kube-proxy is healthy again")]
    public static partial void DataPlaneHealthy(this ILogger logger);

    [LoggerMessage(EventId = 3105, Level = LogLevel.Information, Message = "Speaker of node {Node} runs; hellos on UDP port {Port}")]
    public static partial void SpeakerRuns(this ILogger logger, string node, int port);

    [LoggerMessage(EventId = 3106, Level = LogLevel.Warning, Message = "The speaker's identity cannot be kept for a start without the API server: {Problem}")]
    public static partial void IdentityFileFailed(this ILogger logger, string problem);

    [LoggerMessage(EventId = 3107, Level = LogLevel.Warning, Message = "Service {Service}: the annotations {Annotations} say what no manager wrote; what was known before stands")]
    public static partial void ElectionForged(this ILogger logger, EntityKey service, string annotations);

    [LoggerMessage(EventId = 3000, Level = LogLevel.Information, Message = "porterlb manager {Version} starts against {Server} (Kubernetes {Kubernetes})")]
    public static partial void ManagerStarts(this ILogger logger, string version, Uri server, string kubernetes);

    [LoggerMessage(EventId = 3108, Level = LogLevel.Information, Message = "The API server was Kubernetes {Before} and is now {Now}")]
    public static partial void ServerChanged(this ILogger logger, string before, string now);

    [LoggerMessage(EventId = 3109, Level = LogLevel.Warning, Message = "No hello key in Secret {Namespace}/porterlb-speakers: {Problem}; waiting for it")]
    public static partial void WaitsForKeys(this ILogger logger, string @namespace, string problem);

    [LoggerMessage(EventId = 3110, Level = LogLevel.Warning, Message = "The UID of namespace kube-system, which names the cluster, cannot be read, trying again: {Problem}")]
    public static partial void ClusterUnknown(this ILogger logger, string problem);
}
