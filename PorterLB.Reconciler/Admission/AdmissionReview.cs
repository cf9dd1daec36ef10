using System.Text.Json;
using System.Text.Json.Serialization;

namespace PorterLB.Reconciler.Admission;

/// <summary>What the API server sends and gets back, <c>admission.k8s.io/v1</c>; the fields that are used.</summary>
internal sealed record AdmissionReview
{
    public const string Version = "admission.k8s.io/v1";

    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public AdmissionRequest? Request { get; set; }

    public AdmissionResponse? Response { get; set; }
}

/// <summary>The question.</summary>
internal sealed record AdmissionRequest
{
    public string? Uid { get; set; }

    public GroupVersionKind? Kind { get; set; }

    public string? SubResource { get; set; }

    public string? Name { get; set; }

    public string? Namespace { get; set; }

    public string? Operation { get; set; }

    public bool? DryRun { get; set; }

    public JsonElement? Object { get; set; }

    public JsonElement? OldObject { get; set; }
}

/// <summary>A kind.</summary>
internal sealed record GroupVersionKind
{
    public string? Group { get; set; }

    public string? Version { get; set; }

    public string? Kind { get; set; }
}

/// <summary>The answer.</summary>
internal sealed record AdmissionResponse
{
    public string? Uid { get; set; }

    public bool Allowed { get; set; }

    public RefusalStatus? Status { get; set; }

    public IReadOnlyList<string>? Warnings { get; set; }
}

/// <summary>A <c>metav1.Status</c>: what kubectl prints of a refusal.</summary>
internal sealed record RefusalStatus
{
    public string Status { get; set; } = "Failure";

    public string? Message { get; set; }

    public string? Reason { get; set; }

    public int Code { get; set; }

    public RefusalDetails? Details { get; set; }
}

/// <summary>What the refusal is about.</summary>
internal sealed record RefusalDetails
{
    public string? Name { get; set; }

    public string? Group { get; set; }

    public string? Kind { get; set; }

    public IReadOnlyList<RefusalCause>? Causes { get; set; }
}

/// <summary>One reason.</summary>
internal sealed record RefusalCause
{
    public string? Reason { get; set; }

    public string? Message { get; set; }

    public string? Field { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AdmissionReview))]
internal sealed partial class AdmissionJsonContext : JsonSerializerContext;
