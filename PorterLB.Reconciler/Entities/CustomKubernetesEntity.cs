using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Entities;

/// <summary>
/// Base of custom entities. Objects that come from a cache are shared between threads: take a copy (<c>with</c>) before a change.
/// </summary>
public abstract class CustomKubernetesEntity : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The object's metadata.</summary>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();
}

/// <summary>A custom entity with a spec.</summary>
/// <typeparam name="TSpec">What the user wants.</typeparam>
public abstract class CustomKubernetesEntity<TSpec> : CustomKubernetesEntity, ISpec<TSpec>
    where TSpec : new()
{
    /// <summary>What the user wants.</summary>
    [JsonPropertyName("spec")]
    public TSpec Spec { get; set; } = new();
}

/// <summary>A custom entity with a spec and a status.</summary>
/// <typeparam name="TSpec">What the user wants.</typeparam>
/// <typeparam name="TStatus">What is.</typeparam>
public abstract class CustomKubernetesEntity<TSpec, TStatus> : CustomKubernetesEntity<TSpec>, IStatus<TStatus>
    where TSpec : new()
    where TStatus : new()
{
    /// <summary>What is. Written through the status subresource only.</summary>
    [JsonPropertyName("status")]
    public TStatus Status { get; set; } = new();
}
