using System.Text.Json;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Admission;

/// <summary>A webhook as the endpoint sees it: a question about JSON gets an answer.</summary>
internal interface IAdmissionReviewer
{
    /// <summary>Where it is served.</summary>
    string Path { get; }

    /// <summary>The answer.</summary>
    /// <exception cref="MalformedReviewException">The question is none.</exception>
    Task<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken cancellationToken);
}

/// <summary>What came is no question that a webhook can answer.</summary>
internal sealed class MalformedReviewException(string message) : Exception(message);

/// <summary>Reads the objects of a request for a <see cref="ValidationWebhook{TEntity}"/>, and puts what it says into an answer.</summary>
internal sealed class AdmissionReviewer<TEntity>(EntityType<TEntity> type, ValidationWebhook<TEntity> webhook) : IAdmissionReviewer
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    public string Path { get; } = WebhookPath.Validate(type.Metadata);

    public async Task<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind?.Kind is { } kind && kind != type.Metadata.Kind)
            throw new MalformedReviewException($"the webhook at {Path} checks objects of kind {type.Metadata.Kind}, not {kind}");

        ValidationResult result;
        try
        {
            result = await AskAsync(request, cancellationToken);
        }
        catch (JsonException exception)
        {
            // The path is JSON's ("$.spec.failover"), the user's is the same without its first sign.
            result = webhook.Unreadable(new(exception.Path?.TrimStart('$').TrimStart('.') ?? "", exception.Message));
        }

        return new()
        {
            Uid = request.Uid,
            Allowed = result.Valid,
            Warnings = result.Warnings.Count > 0 ? result.Warnings : null,
            Status = result.Valid ? null : Refusal(request, result),
        };
    }

    private Task<ValidationResult> AskAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var dryRun = request.DryRun ?? false;
        if (!string.IsNullOrEmpty(request.SubResource))
            return Allowed;
        switch (request.Operation)
        {
            case "CREATE":
                return webhook.CreateAsync(Read(request.Object, "object"), dryRun, cancellationToken);
            case "UPDATE":
                // An object on its way out only loses its finalizers: refusing that would keep it for ever.
                if (IsBeingDeleted(request.Object))
                    return Allowed;
                return webhook.UpdateAsync(Read(request.OldObject, "oldObject"), Read(request.Object, "object"), dryRun, cancellationToken);
            case "DELETE":
                return webhook.DeleteAsync(Read(request.OldObject, "oldObject"), dryRun, cancellationToken);
            case "CONNECT":
                return Allowed;
            default:
                throw new MalformedReviewException($"request.operation is '{request.Operation}', not CREATE, UPDATE, DELETE or CONNECT");
        }
    }

    private static Task<ValidationResult> Allowed { get; } = Task.FromResult(new ValidationResult(valid: true));

    private TEntity Read(JsonElement? json, string field) =>
        (json is { ValueKind: JsonValueKind.Object } element ? element.Deserialize(type.Json) : null)
        ?? throw new MalformedReviewException($"request.{field} is missing");

    private static bool IsBeingDeleted(JsonElement? json) =>
        json is { ValueKind: JsonValueKind.Object } element
        && element.TryGetProperty("metadata", out var metadata)
        && metadata.ValueKind == JsonValueKind.Object
        && metadata.TryGetProperty("deletionTimestamp", out var timestamp)
        && timestamp.ValueKind == JsonValueKind.String;

    // kubectl prints the causes of a refusal with reason Invalid one by one, each with its field; other clients show the message.
    private RefusalStatus Refusal(AdmissionRequest request, ValidationResult result) => new()
    {
        Message = string.Join("; ", [.. result.StatusMessage is { } message ? [message] : Array.Empty<string>(), .. result.Errors.Select(InWords)]),
        Reason = result.Errors.Count > 0 ? "Invalid" : "Forbidden",
        Code = result.StatusCode ?? (result.Errors.Count > 0 ? 422 : 403),
        Details = result.Errors.Count == 0 ? null : new()
        {
            Name = request.Name,
            Group = type.Metadata.Group,
            Kind = type.Metadata.Kind,
            Causes = [.. result.Errors.Select(error => new RefusalCause { Field = error.Field, Message = error.Message, Reason = error.Reason })],
        },
    };

    private static string InWords(FieldError error) => error.Field.Length > 0 ? $"{error.Field}: {error.Message}" : error.Message;
}
