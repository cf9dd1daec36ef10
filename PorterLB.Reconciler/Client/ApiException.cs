using System.Net;

namespace PorterLB.Reconciler.Client;

/// <summary>The server's refusal, as its <c>metav1.Status</c> says it.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Makes one from the parts of a Status.</summary>
    /// <param name="code">The HTTP status.</param>
    /// <param name="reason">The machine-readable reason, as <c>NotFound</c>, <c>Conflict</c>, <c>Expired</c>, <c>Invalid</c>; empty if none.</param>
    /// <param name="message">The server's own sentence.</param>
    /// <param name="retryAfter">How long the server asks to wait; null if it does not.</param>
    public ApiException(HttpStatusCode code, string reason, string message, TimeSpan? retryAfter = null)
        : base(message)
    {
        Code = code;
        Reason = reason;
        RetryAfter = retryAfter;
    }

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Code { get; }

    /// <summary>The machine-readable reason, as <c>NotFound</c> or <c>Conflict</c>; empty if the server gave none.</summary>
    public string Reason { get; }

    /// <summary>How long the server asks to wait before the next try; null if it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>There is no such object, or no such kind.</summary>
    public bool IsNotFound => Code == HttpStatusCode.NotFound;

    /// <summary>The object changed meanwhile, or a field belongs to another manager.</summary>
    public bool IsConflict => Code == HttpStatusCode.Conflict && Reason != "AlreadyExists";

    /// <summary>An object of that name exists.</summary>
    public bool IsAlreadyExists => Code == HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>The version that was asked for is too old.</summary>
    public bool IsGone => Code == HttpStatusCode.Gone;

    /// <summary>The version that was asked for is one that this server has not seen yet.</summary>
    public bool IsTooLargeResourceVersion { get; init; }

    /// <summary>RBAC does not allow it; the message names verb and resource.</summary>
    public bool IsForbidden => Code == HttpStatusCode.Forbidden;

    /// <summary>
    /// The request itself is wrong: sent again as it is, it is refused again. False for what may pass: conflicts, overload, server faults.
    /// </summary>
    public bool IsDefinite =>
        (int)Code is >= 400 and < 500
        && Code is not (HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            or HttpStatusCode.Unauthorized or HttpStatusCode.Gone);
}
