using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>The Secret in which replicas share certificates. A type of its own, so that its cache is its own too.</summary>
internal sealed class CertificateSecret : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<CertificateSecret> EntityType =
        new(new("Secret", "v1"), EntityScope.Namespaced, CertificatesJsonContext.Default.CertificateSecret);

    public V1ObjectMeta Metadata { get; set; } = new();

    public string? Type { get; set; }

    public IDictionary<string, byte[]>? Data { get; set; }
}

/// <summary>A ValidatingWebhookConfiguration: the fields that are used.</summary>
internal sealed class WebhookConfigurationView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<WebhookConfigurationView> EntityType = new(
        new("ValidatingWebhookConfiguration", "v1", "admissionregistration.k8s.io"), EntityScope.Cluster, CertificatesJsonContext.Default.WebhookConfigurationView);

    public V1ObjectMeta Metadata { get; set; } = new();

    public IReadOnlyList<WebhookView>? Webhooks { get; set; }
}

/// <summary>One webhook of a configuration.</summary>
internal sealed record WebhookView
{
    public string Name { get; set; } = "";

    public WebhookClientView? ClientConfig { get; set; }
}

/// <summary>How the API server calls a webhook.</summary>
internal sealed record WebhookClientView
{
    public byte[]? CaBundle { get; set; }

    public WebhookServiceView? Service { get; set; }
}

/// <summary>The Service before a webhook.</summary>
internal sealed record WebhookServiceView
{
    public string? Name { get; set; }

    public string? Namespace { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CertificateSecret))]
[JsonSerializable(typeof(WebhookConfigurationView))]
internal sealed partial class CertificatesJsonContext : JsonSerializerContext;
