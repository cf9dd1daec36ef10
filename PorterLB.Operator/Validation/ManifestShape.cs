using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>Fields that do not exist, and values of another type: what kubectl and the API server find by the schema.</summary>
internal static class ManifestShape
{
    /// <summary>All that is wrong below a field.</summary>
    /// <param name="node">The value.</param>
    /// <param name="type">What it shall be.</param>
    /// <param name="path">Its path.</param>
    /// <param name="options">Knows the types.</param>
    public static IEnumerable<(string Field, string Message)> Check(JsonNode? node, Type type, string path, JsonSerializerOptions options)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (node is null)
        {
            return [];
        }

        if (type == typeof(string))
        {
            return Kind(node) == JsonValueKind.String ? [] : [(path, $"{Shown(node)} is no text. Write it in quotes")];
        }

        if (type == typeof(Duration))
        {
            return Kind(node) == JsonValueKind.String && Duration.TryParse(node.GetValue<string>(), out _) ? []
                : [(path, $"{Shown(node)} is not a duration: write a number and a unit, as in \"100ms\", \"2s\" or \"1m30s\"")];
        }

        if (type.IsEnum)
        {
            var names = Enum.GetNames(type);
            return Kind(node) == JsonValueKind.String && names.Contains(node.GetValue<string>(), StringComparer.Ordinal) ? []
                : [(path, $"{Shown(node)} is not known here. Write one of {string.Join(", ", names)}")];
        }

        if (type == typeof(bool))
        {
            return Kind(node) is JsonValueKind.True or JsonValueKind.False ? [] : [(path, $"{Shown(node)} is neither true nor false. Write one of them, without quotes")];
        }

        if (type == typeof(int) || type == typeof(long))
        {
            return Kind(node) == JsonValueKind.Number && long.TryParse(node.ToJsonString(), out var number) && (type == typeof(long) || number is >= int.MinValue and <= int.MaxValue) ? []
                : [(path, $"{Shown(node)} is no whole number. Write one, without quotes")];
        }

        var info = options.GetTypeInfo(type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Enumerable => node is JsonArray array
                ? array.SelectMany((item, i) => Check(item, type.GetGenericArguments()[0], $"{path}[{i}]", options))
                : [(path, $"{Shown(node)} is no list. Write [{Shown(node)}], or each entry after a dash")],
            JsonTypeInfoKind.Dictionary => node is JsonObject map
                ? map.SelectMany(item => Check(item.Value, type.GetGenericArguments()[1], $"{path}.{item.Key}", options))
                : [(path, $"{Shown(node)} is no map. Write name: value below it")],
            _ => node is JsonObject json
                ? json.SelectMany(item => Field(item.Key, item.Value, info, path, options))
                : [(path, $"{Shown(node)} is no object. Write its fields below it")],
        };
    }

    private static IEnumerable<(string Field, string Message)> Field(string name, JsonNode? value, JsonTypeInfo info, string path, JsonSerializerOptions options)
    {
        var field = $"{path}.{name}";
        if (info.Properties.FirstOrDefault(property => property.Name == name) is { } known)
        {
            return Check(value, known.PropertyType, field, options);
        }

        ImmutableArray<string> names = [.. info.Properties.Select(property => property.Name).Order(StringComparer.Ordinal)];
        var near = names.Where(other => Distance(name, other) <= 2).OrderBy(other => Distance(name, other)).FirstOrDefault();
        return [(field, near is not null ? $"there is no such field. Did you mean {near}?" : $"there is no such field. Write one of {string.Join(", ", names)}")];
    }

    private static JsonValueKind Kind(JsonNode node) => node.GetValueKind();

    private static string Shown(JsonNode node) => node is JsonValue && node.GetValueKind() == JsonValueKind.String ? $"'{node.GetValue<string>()}'" : node.ToJsonString();

    // Levenshtein's, whatever the case of the letters.
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                var same = char.ToLowerInvariant(one[i - 1]) == char.ToLowerInvariant(other[j - 1]);
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (same ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
