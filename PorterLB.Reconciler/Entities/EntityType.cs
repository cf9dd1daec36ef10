using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Entities;

/// <summary>How the framework handles a kind of entity: its names, its scope and its JSON, without reflection.</summary>
/// <typeparam name="TEntity">The C# type.</typeparam>
/// <param name="Metadata">The names.</param>
/// <param name="Scope">The scope.</param>
/// <param name="Json">Source-generated JSON of the type.</param>
public sealed record EntityType<TEntity>(EntityMetadata Metadata, EntityScope Scope, JsonTypeInfo<TEntity> Json)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>What is kept of an object before it is stored in a cache; null keeps everything.</summary>
    public Func<TEntity, TEntity>? Transform { get; init; }

    /// <summary>A copy of an object, all the way down.</summary>
    public TEntity Copy(TEntity entity) =>
        JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(entity, Json), Json)
        ?? throw new JsonException($"The JSON of a {Metadata.Kind} is null.");
}
