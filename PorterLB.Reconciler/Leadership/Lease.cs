using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Leadership;

/// <summary>A <c>coordination.k8s.io/v1</c> Lease.</summary>
public sealed class Lease : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>How the framework handles it.</summary>
    public static EntityType<Lease> EntityType { get; } = new(
        new EntityMetadata("Lease", "v1", "coordination.k8s.io", "leases"), EntityScope.Namespaced, ReconcilerJsonContext.Default.Lease);

    /// <summary>The object's metadata.</summary>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Who holds it.</summary>
    [JsonPropertyName("spec")]
    public LeaseSpec? Spec { get; set; }
}

/// <summary>Who holds a Lease.</summary>
public sealed record LeaseSpec
{
    /// <summary>The holder; null or empty = nobody.</summary>
    [JsonPropertyName("holderIdentity")]
    public string? HolderIdentity { get; init; }

    /// <summary>For how long after a renewal others leave it alone.</summary>
    [JsonPropertyName("leaseDurationSeconds")]
    public int? LeaseDurationSeconds { get; init; }

    /// <summary>When the holder got it, by the holder's clock: for people, never compared.</summary>
    [JsonPropertyName("acquireTime")]
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    /// <summary>When the holder renewed it, by the holder's clock: for people, and to see that it changed.</summary>
    [JsonPropertyName("renewTime")]
    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    /// <summary>How often it changed hands.</summary>
    [JsonPropertyName("leaseTransitions")]
    public int? LeaseTransitions { get; init; }
}

/// <summary>A time as <c>metav1.MicroTime</c> writes it: exactly six digits of a second, or the server refuses it.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTimeOffset?>
{
    /// <inheritdoc/>
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? null : reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value is { } time)
        {
            writer.WriteStringValue(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
