using Microsoft.Extensions.Logging;

namespace PorterLB.Reconciler.Admission;

/// <summary>What the admission server logs: 15xx.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 1501, Level = LogLevel.Information, Message = "Admission webhooks are served on port {Port}: {Paths}")]
    public static partial void AdmissionServing(this ILogger logger, int port, IReadOnlyCollection<string> paths);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Error, Message = "The webhook at {Path} failed; the API server follows its failurePolicy")]
    public static partial void WebhookFailed(this ILogger logger, Exception exception, string path);

    [LoggerMessage(EventId = 1503, Level = LogLevel.Warning, Message = "A request to the webhook at {Path} was refused: {Reason}")]
    public static partial void ReviewMalformed(this ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 1510, Level = LogLevel.Information, Message = "The webhooks serve with a certificate that is good until {NotAfter}")]
    public static partial void CertificateLoaded(this ILogger logger, DateTimeOffset notAfter);

    [LoggerMessage(EventId = 1511, Level = LogLevel.Information, Message = "Secret {Namespace}/{Name} is written: {Why}")]
    public static partial void CertificatesWritten(this ILogger logger, string @namespace, string name, string why);

    [LoggerMessage(EventId = 1512, Level = LogLevel.Information, Message = "ValidatingWebhookConfiguration {Name} trusts {Authorities} certificate authorities of ours")]
    public static partial void TrustPatched(this ILogger logger, string name, int authorities);

    [LoggerMessage(EventId = 1513, Level = LogLevel.Warning, Message = "ValidatingWebhookConfiguration {Name} does not exist: nothing is checked at admission. Apply config/webhook")]
    public static partial void ConfigurationMissing(this ILogger logger, string name);

    [LoggerMessage(EventId = 1514, Level = LogLevel.Warning, Message = "Certificates for the webhooks: {Reason}. Tried again in {Delay}")]
    public static partial void CertificatesFailed(this ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(EventId = 1515, Level = LogLevel.Warning, Message = "{Folder}: {Reason}. The last certificate stays in use")]
    public static partial void CertificateUnreadable(this ILogger logger, string folder, string reason);
}
