using System.Text;
using System.Text.Json.Nodes;

namespace PorterLB.Reconciler.Generation;

/// <summary>The reference page of a kind, in Markdown, from its CustomResourceDefinition: what <c>kubectl explain</c> says, on one page.</summary>
public static class ApiReference
{
    /// <summary>The page of one kind.</summary>
    /// <param name="definition">As <see cref="CustomResourceDefinition.Of"/> makes it.</param>
    public static string Of(JsonObject definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var spec = definition["spec"]!;
        var names = spec["names"]!;
        var text = new StringBuilder();
        foreach (var version in (JsonArray)spec["versions"]!)
        {
            if (version!["deprecated"]?.GetValue<bool>() == true)
            {
                text.Append($"\n`{version["name"]}` is still served. {version["deprecationWarning"]}\n");
                continue;
            }

            var schema = (JsonObject)version["schema"]!["openAPIV3Schema"]!;
            text.Append($"## {names["kind"]}\n\n{schema["description"]}\n\n");
            text.Append($"`apiVersion: {spec["group"]}/{version["name"]}`, {(spec["scope"]!.GetValue<string>() == "Cluster" ? "cluster-scoped" : "namespaced")}; `kubectl get {names["plural"]}`");
            if (names["shortNames"] is JsonArray shortNames)
                text.Append($" (short: {string.Join(", ", shortNames.Select(name => $"`{name}`"))})");
            text.Append(".\n");
            foreach (var part in (string[])["spec", "status"])
            {
                if (schema["properties"]![part] is JsonObject fields)
                    Table(text, part, fields);
            }
        }

        return text.ToString();
    }

    private static void Table(StringBuilder text, string part, JsonObject schema)
    {
        text.Append($"\n### {part}\n\n{schema["description"]}");
        if (schema["anyOf"] is JsonArray any)
            text.Append($" At least one of {string.Join(", ", any.Select(one => $"`{one!["required"]![0]}`"))} must be given.");
        text.Append("\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n");
        Rows(text, "", schema, bounds: part == "spec");
    }

    // Bounds of a status are a promise of ours, none that a reader must keep.
    private static void Rows(StringBuilder text, string path, JsonObject schema, bool bounds)
    {
        var required = (schema["required"] as JsonArray)?.Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) ?? [];
        foreach (var (name, field) in (JsonObject)schema["properties"]!)
        {
            var property = (JsonObject)field!;
            var here = path + name;
            var (type, inner) = TypeOf(property);
            var meaning = property["description"]?.GetValue<string>() ?? "";
            text.Append($"| `{here}` | {type}{(required.Contains(name) ? ", required" : "")} | {Default(property)} | {Escape(bounds ? meaning + Bounds(property) : meaning)} |\n");
            if (inner is not null)
                Rows(text, property["type"]!.GetValue<string>() == "array" ? $"{here}[]." : $"{here}.", inner, bounds);
        }
    }

    private static (string Type, JsonObject? Inner) TypeOf(JsonObject schema)
    {
        if (schema["x-kubernetes-int-or-string"] is not null)
            return ("integer or string", null);
        switch (schema["type"]!.GetValue<string>())
        {
            case "array":
                var (item, inner) = TypeOf((JsonObject)schema["items"]!);
                return ($"list of {item}", inner);
            case "object" when schema["additionalProperties"] is JsonObject values:
                return ($"map of {TypeOf(values).Type}", null);
            case "object" when schema["properties"] is JsonObject properties:
                // Kubernetes' own types need no explanation here.
                if (properties.ContainsKey("matchExpressions"))
                    return ("label selector", null);
                return properties.ContainsKey("lastTransitionTime") ? ("condition", null) : ("object", schema);
            case "string" when schema["format"] is { } format:
                return (format.GetValue<string>(), null);
            case var other:
                return (other, null);
        }
    }

    private static string Default(JsonObject schema) => schema["default"] switch
    {
        null => "",
        JsonObject => "",
        var value => $"`{value.ToJsonString().Trim('"')}`",
    };

    private static string Bounds(JsonObject schema)
    {
        var leaf = schema["items"] as JsonObject ?? schema["additionalProperties"] as JsonObject ?? schema;
        var bounds = new List<string>();
        if (leaf["enum"] is JsonArray values)
            bounds.Add($"One of {string.Join(", ", values.Select(value => $"`{value}`"))}.");
        bounds.AddRange((leaf["minimum"], leaf["maximum"]) switch
        {
            (null, null) => [],
            ({ } min, null) when min.ToJsonString() == "0" => [],
            ({ } min, null) => [$"At least {min}."],
            (null, { } max) => [$"At most {max}."],
            ({ } min, { } max) => [$"From {min} to {max}."],
        });
        if ((schema["maxItems"] ?? schema["maxProperties"]) is { } most)
            bounds.Add($"At most {most} entries.");
        if (schema["example"] is { } example)
            bounds.Add($"Example: `{(example is JsonValue ? example.ToString() : example.ToJsonString())}`.");
        return bounds.Count == 0 ? "" : " " + string.Join(' ', bounds);
    }

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
