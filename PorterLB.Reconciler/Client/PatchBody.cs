using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Bodies of patches that hold for one state of one object: UID and version go with them as preconditions, so that a patch that comes
/// late, even one that was frozen on its way until another process leads, is refused as a conflict and changes nothing.
/// </summary>
public static class PatchBody
{
    /// <summary>The body of a merge patch, or of a server-side apply.</summary>
    /// <param name="kind"><see cref="PatchKind.Merge"/> or <see cref="PatchKind.Apply"/>.</param>
    /// <param name="type">The entity type.</param>
    /// <param name="entity">The state that the patch is made for.</param>
    /// <param name="metadata">Writes further properties of the metadata; null = none.</param>
    /// <param name="status">Writes the value of the status; null = there is none.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another kind: a JSON patch has operations, not a body.</exception>
    public static ReadOnlyMemory<byte> Of<TEntity>(
        PatchKind kind, EntityType<TEntity> type, TEntity entity, Action<Utf8JsonWriter>? metadata = null, Action<Utf8JsonWriter>? status = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(entity);
        if (kind is not (PatchKind.Merge or PatchKind.Apply))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "A JSON patch has operations, not a body.");
        }

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (kind == PatchKind.Apply)
            {
                json.WriteString("apiVersion", type.Metadata.GroupWithVersion);
                json.WriteString("kind", type.Metadata.Kind);
            }

            json.WriteStartObject("metadata");
            json.WriteString("name", entity.Metadata.Name);
            if (entity.Metadata.NamespaceProperty is { } @namespace)
            {
                json.WriteString("namespace", @namespace);
            }

            json.WriteString("uid", entity.Metadata.Uid);
            json.WriteString("resourceVersion", entity.Metadata.ResourceVersion);
            metadata?.Invoke(json);
            json.WriteEndObject();
            if (status is not null)
            {
                json.WritePropertyName("status");
                status(json);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
