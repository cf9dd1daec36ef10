using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace PorterLB.Operator.Validation;

/// <summary>One object of a file, as JSON, and where each of its fields stands.</summary>
/// <param name="File">The file, as the user named it.</param>
/// <param name="Line">Its first line.</param>
/// <param name="Json">The object.</param>
/// <param name="Lines">The line of each field, by its path (<c>spec.addresses[1]</c>).</param>
internal sealed record ManifestDocument(string File, int Line, JsonObject Json, IReadOnlyDictionary<string, int> Lines)
{
    public string ApiVersion => Text(Json["apiVersion"]);

    public string Kind => Text(Json["kind"]);

    public string Name => Text((Json["metadata"] as JsonObject)?["name"]);

    public string Namespace => Text((Json["metadata"] as JsonObject)?["namespace"]) is { Length: > 0 } name ? name : "default";

    /// <summary>The line of a field, or of the nearest one around it that is there.</summary>
    public int LineOf(string field)
    {
        for (var path = field; path.Length > 0; path = path[..Math.Max(0, path.LastIndexOfAny(['.', '[']))])
        {
            if (Lines.TryGetValue(path, out var line))
            {
                return line;
            }
        }

        return Line;
    }

    /// <summary>All objects of a text of YAML or JSON; the items of a List one by one.</summary>
    /// <exception cref="FormatException">It is neither; the message says where and why.</exception>
    public static IReadOnlyList<ManifestDocument> Read(string file, TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (YamlException exception)
        {
            throw new FormatException($"{file}:{exception.Start.Line}: error: this is no YAML: {exception.Message.Split("): ")[^1].TrimEnd('.')}. Correct it there, or a line above.", exception);
        }

        var documents = new List<ManifestDocument>();
        foreach (var document in stream.Documents)
        {
            switch (document.RootNode)
            {
                case YamlMappingNode root:
                    Add(documents, file, root);
                    break;
                case YamlScalarNode { Value: null or "" }:
                    break;
                case var other:
                    throw new FormatException($"{file}:{other.Start.Line}: error: this is no Kubernetes object. Write one with apiVersion, kind and metadata.");
            }
        }

        return documents;
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static void Add(List<ManifestDocument> documents, string file, YamlMappingNode root)
    {
        if (root.Children.FirstOrDefault(child => child.Key is YamlScalarNode { Value: "kind" }).Value is YamlScalarNode { Value: { } kind } && kind.EndsWith("List", StringComparison.Ordinal)
            && root.Children.FirstOrDefault(child => child.Key is YamlScalarNode { Value: "items" }).Value is YamlSequenceNode items)
        {
            foreach (var item in items.OfType<YamlMappingNode>())
            {
                Add(documents, file, item);
            }

            return;
        }

        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        documents.Add(new ManifestDocument(file, (int)root.Start.Line, (JsonObject)Convert(root, "", lines)!, lines));
    }

    private static JsonNode? Convert(YamlNode node, string path, Dictionary<string, int> lines)
    {
        lines.TryAdd(path, (int)node.Start.Line);
        switch (node)
        {
            case YamlMappingNode mapping:
                var json = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    var name = (key as YamlScalarNode)?.Value ?? "";
                    if (name == "<<" && Convert(value, path, lines) is JsonObject merged)
                    {
                        foreach (var (field, part) in merged)
                        {
                            json.TryAdd(field, part?.DeepClone());
                        }

                        continue;
                    }

                    var inner = path.Length == 0 ? name : $"{path}.{name}";
                    lines[inner] = (int)key.Start.Line;
                    json[name] = Convert(value, inner, lines);
                }

                return json;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Select((item, i) => Convert(item, $"{path}[{i}]", lines))]);
            default:
                return Scalar((YamlScalarNode)node);
        }
    }

    // What kubectl's reader makes of a plain scalar: YAML 1.1's words for true and false too.
    private static JsonValue? Scalar(YamlScalarNode node)
    {
        var text = node.Value ?? "";
        if (node.Style is not (ScalarStyle.Plain or ScalarStyle.Any))
        {
            return JsonValue.Create(text);
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => JsonValue.Create(true),
            "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => JsonValue.Create(false),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ when text.Any(char.IsAsciiDigit) && text.All(letter => char.IsAsciiDigit(letter) || letter is '.' or '-' or '+' or 'e' or 'E')
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) => JsonValue.Create(real),
            _ => JsonValue.Create(text),
        };
    }
}
