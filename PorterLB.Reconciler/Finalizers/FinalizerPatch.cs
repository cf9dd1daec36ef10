using System.Buffers;
using System.Text.Json;
using k8s.Models;

namespace PorterLB.Reconciler.Finalizers;

/// <summary>
/// JSON patches (RFC 6902) that put a finalizer on an object or take it off, at whatever position, and touch nothing else. Each tests
/// what it stands on, so a patch made from an old state is refused and not carried out on the wrong entry.
/// </summary>
internal static class FinalizerPatch
{
    /// <summary>Takes the identifier off; null when it is not there.</summary>
    public static byte[]? Remove(V1ObjectMeta metadata, string identifier)
    {
        var index = metadata.Finalizers?.IndexOf(identifier) ?? -1;
        return index < 0
            ? null
            : Write(metadata, writer =>
            {
                Operation(writer, "test", $"/metadata/finalizers/{index}", identifier);
                Operation(writer, "remove", $"/metadata/finalizers/{index}", value: null);
            });
    }

    /// <summary>Puts the identifier on; null when it is there.</summary>
    public static byte[]? Add(V1ObjectMeta metadata, string identifier)
    {
        if (metadata.Finalizers?.Contains(identifier) == true)
        {
            return null;
        }

        return Write(metadata, writer =>
        {
            if (metadata.Finalizers is { Count: > 0 })
            {
                Operation(writer, "add", "/metadata/finalizers/-", identifier);
                return;
            }

            // An absent list cannot be appended to. The version is tested too: else this would wipe out what another put there meanwhile.
            Operation(writer, "test", "/metadata/resourceVersion", metadata.ResourceVersion);
            writer.WriteStartObject();
            writer.WriteString("op", "add");
            writer.WriteString("path", "/metadata/finalizers");
            writer.WriteStartArray("value");
            writer.WriteStringValue(identifier);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private static byte[] Write(V1ObjectMeta metadata, Action<Utf8JsonWriter> operations)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();

            // Never on another object that has taken the name meanwhile.
            Operation(writer, "test", "/metadata/uid", metadata.Uid);
            operations(writer);
            writer.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Operation(Utf8JsonWriter writer, string operation, string path, string? value)
    {
        writer.WriteStartObject();
        writer.WriteString("op", operation);
        writer.WriteString("path", path);
        if (value is not null)
        {
            writer.WriteString("value", value);
        }

        writer.WriteEndObject();
    }
}
