using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Events;

/// <summary>A core <c>v1</c> Event, with the fields that the framework writes.</summary>
internal sealed class EventRecord : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static EntityType<EventRecord> EntityType { get; } = new(
        new EntityMetadata("Event", "v1", null, "events"), EntityScope.Namespaced, ReconcilerJsonContext.Default.EventRecord);

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("involvedObject")]
    public EventSubject InvolvedObject { get; init; } = new();

    [JsonPropertyName("reason")]
    public string Reason { get; init; } = "";

    [JsonPropertyName("message")]
    public string Message { get; init; } = "";

    [JsonPropertyName("type")]
    public string Type { get; init; } = "";

    [JsonPropertyName("source")]
    public EventSource Source { get; init; } = new();

    [JsonPropertyName("firstTimestamp")]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    public DateTimeOffset FirstTimestamp { get; init; }

    [JsonPropertyName("lastTimestamp")]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    public DateTimeOffset LastTimestamp { get; init; }

    [JsonPropertyName("count")]
    public int Count { get; init; }
}

/// <summary>What an Event is about, or who says it.</summary>
internal sealed record EventSubject
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Name { get; init; }

    public string? Namespace { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }
}

/// <summary>Who says an Event.</summary>
internal sealed record EventSource
{
    public string? Component { get; init; }

    public string? Host { get; init; }
}
