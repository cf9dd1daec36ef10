using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace PorterLB.Reconciler.Admission;

/// <summary>Answers AdmissionReviews over HTTP.</summary>
internal sealed class AdmissionEndpoint(IAdmissionReviewer reviewer, AdmissionMetrics metrics, TimeProvider time, ILogger<AdmissionEndpoint> logger)
{
    /// <summary>
    /// The largest body read, as in controller-runtime: an update carries two objects, and the API server takes no object above 3 MiB.
    /// </summary>
    public const int MaxBodySize = 7 * 1024 * 1024;

    private readonly AdmissionMetrics.Webhook _metrics = metrics.For(reviewer.Path);

    public string Path => reviewer.Path;

    public async Task HandleAsync(HttpContext context)
    {
        var started = time.GetTimestamp();
        using var inFlight = _metrics.TrackInFlight();
        var code = await AnswerAsync(context);
        _metrics.Answered(code, time.GetElapsedTime(started));
    }

    private async Task<int> AnswerAsync(HttpContext context)
    {
        AdmissionReview answer;
        try
        {
            var request = await ReadAsync(context);
            answer = new()
            {
                ApiVersion = AdmissionReview.Version,
                Kind = nameof(AdmissionReview),
                Response = await reviewer.ReviewAsync(request, context.RequestAborted),
            };
        }
        catch (BadHttpRequestException exception)
        {
            return await RefuseAsync(context, exception.StatusCode, exception.Message);
        }
        catch (MalformedReviewException exception)
        {
            return await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return StatusCodes.Status499ClientClosedRequest;
        }
#pragma warning disable CA1031 // Whatever a webhook throws: the API server gets an answer, and follows the failurePolicy.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            logger.WebhookFailed(exception, reviewer.Path);
            return await RefuseAsync(context, StatusCodes.Status500InternalServerError, "the webhook failed; its log says how");
        }

        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(
            JsonSerializer.SerializeToUtf8Bytes(answer, AdmissionJsonContext.Default.AdmissionReview), context.RequestAborted);
        return StatusCodes.Status200OK;
    }

    private static async Task<AdmissionRequest> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
            throw new MalformedReviewException($"the content type is '{context.Request.ContentType}', not application/json");
        AdmissionReview? review;
        try
        {
            review = await JsonSerializer.DeserializeAsync(context.Request.Body, AdmissionJsonContext.Default.AdmissionReview, context.RequestAborted);
        }
        catch (JsonException exception)
        {
            throw new MalformedReviewException($"the body is no AdmissionReview: {exception.Message}");
        }

        return review switch
        {
            { Kind: not nameof(AdmissionReview) } or null => throw new MalformedReviewException($"the body is a '{review?.Kind}', not an AdmissionReview"),
            { ApiVersion: not AdmissionReview.Version } => throw new MalformedReviewException($"the review is of version '{review.ApiVersion}', not {AdmissionReview.Version}"),
            { Request.Uid: { Length: > 0 } } => review.Request,
            _ => throw new MalformedReviewException("the review has no request with a uid"),
        };
    }

    private async Task<int> RefuseAsync(HttpContext context, int code, string reason)
    {
        if (code < StatusCodes.Status500InternalServerError)
            logger.ReviewMalformed(reviewer.Path, reason);
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(reason + "\n", context.RequestAborted);
        return code;
    }
}
