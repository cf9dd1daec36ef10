using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Reads objects and watch events from JSON. An object that does not fit its type is reported and does not hide the others.
/// </summary>
internal static class EntityReader
{
    /// <summary>Reads one object.</summary>
    /// <exception cref="JsonException">It does not fit its type.</exception>
    public static TEntity Read<TEntity>(EntityType<TEntity> type, ReadOnlySequence<byte> json)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        return Read(type, ref reader);
    }

    /// <summary>Reads one line of a watch.</summary>
    /// <exception cref="ApiException">The event is an error.</exception>
    /// <exception cref="JsonException">It is no watch event.</exception>
    public static WatchEvent<TEntity> ReadWatchEvent<TEntity>(EntityType<TEntity> type, ReadOnlySequence<byte> json)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string? kind = null;
        var at = default(Utf8JsonReader);
        var hasObject = false;
        var reader = new Utf8JsonReader(json);
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                kind = reader.GetString();
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                at = reader;
                hasObject = true;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        if (kind is null || !hasObject)
        {
            throw new JsonException("A watch event has no type or no object.");
        }

        switch (kind)
        {
            case "ADDED":
                return ReadChange(type, WatchEventType.Added, ref at);
            case "MODIFIED":
                return ReadChange(type, WatchEventType.Modified, ref at);
            case "DELETED":
                return ReadChange(type, WatchEventType.Deleted, ref at);
            case "BOOKMARK":
                return new WatchEvent<TEntity>(WatchEventType.Bookmark, ReadIdentity(at).ResourceVersion, null);
            case "ERROR":
                using (var status = JsonDocument.ParseValue(ref at))
                {
                    throw StatusReader.Read(code: null, status.RootElement);
                }

            default:
                throw new JsonException($"'{kind}' is no type of watch event.");
        }
    }

    private static WatchEvent<TEntity> ReadChange<TEntity>(EntityType<TEntity> type, WatchEventType kind, ref Utf8JsonReader reader)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var start = reader;
        var entity = TryRead(type, ref reader, out var bad);
        var version = entity is null ? ReadIdentity(start).ResourceVersion : entity.Metadata.ResourceVersion;
        return new WatchEvent<TEntity>(kind, version, entity, bad);
    }

    /// <summary>Reads the object that begins here; null when it does not fit its type.</summary>
    public static TEntity? TryRead<TEntity>(EntityType<TEntity> type, ref Utf8JsonReader reader, out UnreadableEntity? unreadable)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var start = reader;
        try
        {
            unreadable = null;
            return Read(type, ref reader);
        }
        catch (Exception exception)
        {
            // Whatever a converter throws: reading asks nobody for anything, so it is the object's fault, and not its neighbours'.
            unreadable = new UnreadableEntity(ReadIdentity(start).Key, exception.Message);
            reader = start;
            reader.Skip();
            return null;
        }
    }

    private static TEntity Read<TEntity>(EntityType<TEntity> type, ref Utf8JsonReader reader)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var entity = JsonSerializer.Deserialize(ref reader, SlimJson.Of(type.Json)) ?? throw new JsonException("null instead of an object.");
        if (entity.Metadata?.Name is null)
        {
            throw new JsonException("The object has no metadata.name.");
        }

        // Objects in a list come without them.
        entity.ApiVersion ??= type.Metadata.GroupWithVersion;
        entity.Kind ??= type.Metadata.Kind;
        return entity;
    }

    /// <summary>Name and version of an object, whatever else is wrong with it.</summary>
    private static (EntityKey Key, string ResourceVersion) ReadIdentity(Utf8JsonReader reader)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        string? @namespace = null, name = null, version = null;
        if (document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty("metadata", out var metadata)
            && metadata.ValueKind == JsonValueKind.Object)
        {
            @namespace = Text(metadata, "namespace");
            name = Text(metadata, "name");
            version = Text(metadata, "resourceVersion");
        }

        return (new EntityKey(string.IsNullOrEmpty(@namespace) ? null : @namespace, name ?? ""), version ?? "");

        static string? Text(JsonElement element, string property) =>
            element.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token)
    {
        if (!reader.Read() || reader.TokenType != token)
        {
            throw new JsonException("A JSON object was expected.");
        }
    }
}
