using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace PorterLB.Tests.EndToEnd;

/// <summary>One thing that is wrong with a value: where, against which bound, and the value made wrong.</summary>
internal sealed record Mistake(string Field, string Bound, Func<JsonNode, JsonNode?> Apply)
{
    public override string ToString() => $"{Field} against {Bound}";
}

/// <summary>Reads a structural schema: a value that it accepts, and for each of its bounds one that breaks that bound alone.</summary>
internal static class SchemaMistakes
{
    // One of these has the form that a pattern of ours asks for; the number makes it unlike the others of a list.
    private static readonly Func<int, string>[] Texts =
    [
        number => $"a{number}",
        number => $"10.{number / 65536}.{number / 256 % 256}.{number % 256}",
        number => $"{number + 1}",
        number => $"{number + 1}ms",
        number => string.Create(CultureInfo.InvariantCulture, $"02:00:00:00:{number / 256:x2}:{number % 256:x2}"),
    ];

    /// <summary>A value with every field that the schema knows, each within its bounds.</summary>
    public static JsonNode Right(JsonObject schema, int number = 0)
    {
        switch ((string?)schema["type"])
        {
            case "object" when schema["properties"] is JsonObject properties:
                return new JsonObject(properties.Select(property => KeyValuePair.Create(property.Key, (JsonNode?)Right((JsonObject)property.Value!, number))));
            case "object" when schema["additionalProperties"] is JsonObject values:
                return new JsonObject { [$"key{number}"] = Right(values, number) };
            case "array":
                return new JsonArray(Right((JsonObject)schema["items"]!, number));
            case "boolean":
                return true;
            case "integer":
                return (long?)schema["minimum"] ?? number;
            case "string" when schema["enum"] is JsonArray choices:
                // Not the empty one: Kubernetes 1.20, compiled with a Go that is younger than itself, takes "" for null.
                return choices.First(choice => (string?)choice != "")!.DeepClone();
            case "string" when (string?)schema["format"] == "date-time":
                return "2026-01-01T00:00:00Z";
            case "string":
                var pattern = (string?)schema["pattern"] ?? "";
                return Texts.Select(text => text(number)).First(text => Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)));
            default:
                throw new NotSupportedException(schema.ToJsonString());
        }
    }

    /// <summary>The mistakes, each to be applied to what <see cref="Right"/> gives.</summary>
    public static IEnumerable<Mistake> Of(JsonObject schema) => Of(schema, "");

    private static IEnumerable<Mistake> Of(JsonObject schema, string field)
    {
        var type = (string)schema["type"]!;
        yield return Wrong("type", type is "string" ? 7 : "seven");
        if (schema["enum"] is not null)
        {
            yield return Wrong("enum", "NoSuchChoice");
        }

        if ((string?)schema["pattern"] is { } pattern)
        {
            yield return Wrong("pattern", ((string[])["not! right", "-"]).First(text => !Regex.IsMatch(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1))));
        }

        if ((string?)schema["format"] == "date-time")
        {
            yield return Wrong("format", "yesterday");
        }

        if ((int?)schema["minLength"] is > 0)
        {
            yield return Wrong("minLength", "");
        }

        if ((int?)schema["maxLength"] is { } maxLength)
        {
            yield return Wrong("maxLength", new string('1', maxLength + 1));
        }

        if ((long?)schema["minimum"] is { } minimum)
        {
            yield return Wrong("minimum", minimum - 1);
        }

        if ((long?)schema["maximum"] is { } maximum)
        {
            yield return Wrong("maximum", maximum + 1);
        }

        if (schema["items"] is JsonObject items)
        {
            if ((int?)schema["maxItems"] is { } maxItems)
            {
                yield return Wrong("maxItems", new JsonArray([.. Enumerable.Range(0, maxItems + 1).Select(number => Right(items, number))]));
            }

            if ((string?)schema["x-kubernetes-list-type"] is "set" or "map")
            {
                yield return Wrong("list-type", new JsonArray(Right(items), Right(items)));
            }

            foreach (var inner in Of(items, $"{field}[0]"))
            {
                yield return inner with { Apply = list => Changed(list, () => list[0] = inner.Apply(list[0]!.DeepClone())) };
            }
        }

        if (schema["additionalProperties"] is JsonObject values)
        {
            if ((int?)schema["maxProperties"] is { } maxProperties)
            {
                yield return Wrong("maxProperties", new JsonObject(
                    Enumerable.Range(0, maxProperties + 1).Select(number => KeyValuePair.Create($"key{number}", (JsonNode?)Right(values, number)))));
            }

            foreach (var inner in Of(values, $"{field}.key0"))
            {
                yield return inner with { Apply = map => Changed(map, () => map["key0"] = inner.Apply(map["key0"]!.DeepClone())) };
            }
        }

        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
        {
            foreach (var inner in Of((JsonObject)property!, $"{field}.{name}"))
            {
                yield return inner with { Apply = whole => Changed(whole, () => whole[name] = inner.Apply(whole[name]!.DeepClone())) };
            }
        }

        foreach (var name in schema["required"] as JsonArray ?? [])
        {
            yield return new($"{field}.{name}", "required", whole => Changed(whole, () => ((JsonObject)whole).Remove((string)name!)));
        }

        if (schema["anyOf"] is JsonArray any)
        {
            var needed = any.SelectMany(one => (JsonArray)one!["required"]!).Select(name => (string)name!).ToList();
            yield return new(field, "anyOf", whole => Changed(whole, () => needed.ForEach(name => ((JsonObject)whole).Remove(name))));
        }

        Mistake Wrong(string bound, JsonNode value) => new(field, bound, _ => value.DeepClone());
    }

    private static JsonNode Changed(JsonNode whole, Action change)
    {
        change();
        return whole;
    }
}
