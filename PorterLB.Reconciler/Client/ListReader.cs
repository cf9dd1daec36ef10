using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Reads a list object by object, as it arrives: ten thousand objects never lie in memory as text. One that is known in the version that
/// it has is not read once more; most of a list that follows a lost watch is.
/// </summary>
/// <param name="type">The kind of object.</param>
/// <param name="known">The object of a key as it was read before, if it was; null = nothing is known.</param>
internal sealed class ListReader<TEntity>(EntityType<TEntity> type, Func<EntityKey, TEntity?>? known)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly List<TEntity> _items = [];
    private readonly List<UnreadableEntity> _unreadable = [];
    private JsonReaderState _state;
    private Place _place;
    private string? _version;
    private string? _continue;

    private enum Place
    {
        BeforeList,
        InList,
        InItems,
        AfterList,
    }

    /// <summary>Where the next page begins; null when what was read was the last one.</summary>
    public string? Continue => string.IsNullOrEmpty(_continue) ? null : _continue;

    /// <summary>What all pages together say.</summary>
    public EntityList<TEntity> List => new(_items, _version!, _unreadable);

    /// <summary>Reads a page to its end; returns <see cref="Continue"/>.</summary>
    /// <exception cref="JsonException">It is no list.</exception>
    public async Task<string?> ReadPageAsync(PipeReader body, CancellationToken cancellationToken)
    {
        (_state, _place, _version, _continue) = (default, Place.BeforeList, null, null);
        while (true)
        {
            var chunk = await body.ReadAsync(cancellationToken);
            body.AdvanceTo(Read(chunk.Buffer, chunk.IsCompleted), chunk.Buffer.End);
            if (chunk.IsCompleted)
            {
                _ = _version ?? throw new JsonException("The list has no metadata.resourceVersion.");
                return Continue;
            }
        }
    }

    /// <summary>Reads what is there in whole; returns where the rest begins.</summary>
    private SequencePosition Read(ReadOnlySequence<byte> buffer, bool isAll)
    {
        var reader = new Utf8JsonReader(buffer, isAll, _state);
        while (true)
        {
            var before = reader;
            if (!ReadNext(ref reader, buffer))
            {
                _state = before.CurrentState;
                return before.Position;
            }
        }
    }

    /// <summary>Reads a property of the list or one of its objects; false when it is not there in whole.</summary>
    private bool ReadNext(ref Utf8JsonReader reader, ReadOnlySequence<byte> buffer)
    {
        if (!reader.Read())
        {
            return false;
        }

        switch (_place)
        {
            case Place.BeforeList:
                Expect(reader, JsonTokenType.StartObject);
                _place = Place.InList;
                return true;
            case Place.InList when reader.TokenType == JsonTokenType.EndObject:
                _place = Place.AfterList;
                return true;
            case Place.InList:
                return ReadProperty(ref reader, buffer);
            case Place.InItems when reader.TokenType == JsonTokenType.EndArray:
                _place = Place.InList;
                return true;
            default:
                if (Value(ref reader, buffer) is { } item)
                {
                    Add(item);
                    return true;
                }

                return false;
        }
    }

    private bool ReadProperty(ref Utf8JsonReader reader, ReadOnlySequence<byte> buffer)
    {
        var (isItems, isMetadata) = (reader.ValueTextEquals("items"u8), reader.ValueTextEquals("metadata"u8));
        if (!reader.Read())
        {
            return false;
        }

        if (isItems && reader.TokenType != JsonTokenType.Null)
        {
            Expect(reader, JsonTokenType.StartArray);
            _place = Place.InItems;
            return true;
        }

        if (Value(ref reader, buffer) is not { } value)
        {
            return false;
        }

        if (isMetadata)
        {
            using var metadata = JsonDocument.Parse(value);
            _version = metadata.RootElement.TryGetProperty("resourceVersion", out var version) ? version.GetString() : null;
            _continue = metadata.RootElement.TryGetProperty("continue", out var next) ? next.GetString() : null;
        }

        return true;
    }

    private void Add(ReadOnlySequence<byte> json)
    {
        if (known is not null && IdentityOf(json) is var (key, version) && known(key) is { } same && same.Metadata.ResourceVersion == version)
        {
            _items.Add(same);
            return;
        }

        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (EntityReader.TryRead(type, ref reader, out var unreadable) is { } item)
        {
            _items.Add(item);
        }
        else
        {
            _unreadable.Add(unreadable!);
        }
    }

    /// <summary>Key and version, if both are there. A server writes them at the beginning; what comes after them is not looked at.</summary>
    private (EntityKey Key, string Version)? IdentityOf(ReadOnlySequence<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata)
            {
                return reader.TokenType == JsonTokenType.StartObject ? IdentityIn(ref reader) : null;
            }

            reader.Skip();
        }

        return null;
    }

    private (EntityKey Key, string Version)? IdentityIn(ref Utf8JsonReader metadata)
    {
        string? @namespace = null, name = null, version = null;
        while (metadata.Read() && metadata.TokenType == JsonTokenType.PropertyName)
        {
            if (metadata.ValueTextEquals("name"u8))
            {
                name = Text(ref metadata);
            }
            else if (metadata.ValueTextEquals("namespace"u8))
            {
                @namespace = Text(ref metadata);
            }
            else if (metadata.ValueTextEquals("resourceVersion"u8))
            {
                version = Text(ref metadata);
            }
            else
            {
                metadata.Skip();
            }

            if (name is not null && version is not null && (@namespace is not null || type.Scope == EntityScope.Cluster))
            {
                return (new EntityKey(@namespace, name), version);
            }
        }

        return null;

        static string? Text(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                return reader.GetString();
            }

            reader.Skip();
            return null;
        }
    }

    /// <summary>The value that begins here, if it is there in whole; the reader is at its end then.</summary>
    private static ReadOnlySequence<byte>? Value(ref Utf8JsonReader reader, ReadOnlySequence<byte> buffer)
    {
        var start = reader.TokenStartIndex;
        return reader.TrySkip() ? buffer.Slice(start, reader.BytesConsumed - start) : null;
    }

    private static void Expect(Utf8JsonReader reader, JsonTokenType token)
    {
        if (reader.TokenType != token)
        {
            throw new JsonException("A Kubernetes list was expected.");
        }
    }
}
