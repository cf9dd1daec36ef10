namespace PorterLB.Reconciler.Admission;

/// <summary>One thing that is wrong with an object.</summary>
/// <param name="Field">Where, as <c>spec.addresses[2]</c>.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record FieldError(string Field, string Message)
{
    /// <summary>For programs: <c>FieldValueInvalid</c>, <c>FieldValueForbidden</c>, <c>FieldValueRequired</c> or <c>FieldValueDuplicate</c>.</summary>
    public string Reason { get; init; } = "FieldValueInvalid";
}

/// <summary>What a webhook says of an object. Made by the methods of <see cref="ValidationWebhook{TEntity}"/>.</summary>
public sealed record ValidationResult
{
    internal ValidationResult(bool valid) => Valid = valid;

    /// <summary>Whether the request may go on.</summary>
    public bool Valid { get; }

    /// <summary>What the user is told in any case (<c>Warning:</c> lines of kubectl).</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Why not, in words; null when <see cref="Errors"/> say it, or nobody.</summary>
    public string? StatusMessage { get; init; }

    /// <summary>The HTTP status of the refusal; null is 422 (Unprocessable Entity) with errors, else 403 (Forbidden).</summary>
    public int? StatusCode { get; init; }

    /// <summary>Everything that is wrong, each with its field.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];
}
