using System.Net;
using System.Text;
using System.Text.Json;

namespace PorterLB.Reconciler.Client;

/// <summary>Reads a <c>metav1.Status</c>, or whatever stands in its place, into an <see cref="ApiException"/>.</summary>
internal static class StatusReader
{
    // A proxy's error page may be long; its beginning says enough.
    private const int MessageLengthMax = 512;

    public static ApiException Read(HttpStatusCode code, ReadOnlySpan<byte> body, TimeSpan? retryAfter = null)
    {
        if (TryParse(body) is { } status)
        {
            using (status)
            {
                return Read(code, status.RootElement, retryAfter);
            }
        }

        var text = Encoding.UTF8.GetString(body.Length > MessageLengthMax ? body[..MessageLengthMax] : body).Trim();
        return new ApiException(code, "", WithRemedy(code, text.Length == 0 ? $"The API server answered {(int)code}." : text), retryAfter);
    }

    /// <param name="code">The HTTP status; null = as the Status itself says.</param>
    /// <param name="status">The Status.</param>
    /// <param name="retryAfter">From the header, if there was one.</param>
    public static ApiException Read(HttpStatusCode? code, JsonElement status, TimeSpan? retryAfter = null)
    {
        var tooLarge = false;
        if (status.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object)
        {
            if (details.TryGetProperty("retryAfterSeconds", out var seconds) && seconds.TryGetInt32(out var wait) && wait > 0)
            {
                retryAfter ??= TimeSpan.FromSeconds(wait);
            }

            tooLarge = details.TryGetProperty("causes", out var causes)
                && causes.ValueKind == JsonValueKind.Array
                && causes.EnumerateArray().Any(cause => Text(cause, "reason") == "ResourceVersionTooLarge");
        }

        var own = status.TryGetProperty("code", out var number) && number.TryGetInt32(out var parsed) && parsed is >= 100 and < 600
            ? (HttpStatusCode)parsed
            : HttpStatusCode.InternalServerError;
        var effective = code ?? own;
        var message = Text(status, "message") is { Length: > 0 } said ? said : $"The API server answered {(int)effective}.";
        return new ApiException(effective, Text(status, "reason") ?? "", WithRemedy(effective, message), retryAfter)
        {
            IsTooLargeResourceVersion = tooLarge,
        };
    }

    private static JsonDocument? TryParse(ReadOnlySpan<byte> body)
    {
        try
        {
            var document = JsonDocument.Parse(body.ToArray());
            if (document.RootElement.ValueKind == JsonValueKind.Object && Text(document.RootElement, "kind") == "Status")
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string WithRemedy(HttpStatusCode code, string message) => code == HttpStatusCode.Unauthorized
        ? $"{message}: the API server does not accept the credentials; the token or certificate may have expired."
        : message;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
