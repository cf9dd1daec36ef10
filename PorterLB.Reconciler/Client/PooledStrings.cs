using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Reads short strings that were read lately as the same instance: label keys, namespaces, names of nodes and ports are the same in
/// thousands of objects, and a cache holds all of them. Bounded: a place of the table keeps what was read last.
/// </summary>
internal sealed class PooledStrings : JsonConverter<string>
{
    private const int LengthMax = 48;
    private const int Places = 2048;

    // Written by whoever reads, without a lock: what is lost in a race is only read anew.
    private readonly string?[] _places = new string?[Places];

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader)!;

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value);
    }

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WritePropertyName(value);
    }

    private string? Read(ref Utf8JsonReader reader)
    {
        // A number or a truth value, too, stands there as text: it is no string, and is told apart by whoever reads it.
        var isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
        if (!isText || reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length > LengthMax)
        {
            return reader.GetString();
        }

        ref var place = ref _places[PlaceOf(reader.ValueSpan)];
        var known = place;
        return known is not null && Ascii.Equals(reader.ValueSpan, known) ? known : place = reader.GetString();
    }

    // FNV-1a.
    private static int PlaceOf(ReadOnlySpan<byte> text)
    {
        var hash = 2166136261u;
        foreach (var letter in text)
        {
            hash = (hash ^ letter) * 16777619u;
        }

        return (int)(hash % Places);
    }
}
