using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler;

/// <summary>A kind that every API server has, for tests of the framework.</summary>
public sealed class ConfigMap : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static EntityType<ConfigMap> EntityType { get; } = new(
        new EntityMetadata("ConfigMap", "v1", null, "configmaps"), EntityScope.Namespaced, TestJsonContext.Default.ConfigMap);

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("data")]
    public Dictionary<string, string>? Data { get; set; }

    public static ConfigMap Named(string name, string? version = null, string? value = null) => new()
    {
        ApiVersion = "v1",
        Kind = "ConfigMap",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", ResourceVersion = version, Uid = $"uid-of-{name}" },
        Data = value is null ? null : new() { ["value"] = value },
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ConfigMap))]
internal sealed partial class TestJsonContext : JsonSerializerContext;
