using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace PorterLB.Reconciler.Generation;

/// <summary>
/// Writes JSON as block YAML, always in the same way, so that a change of a type is a small change of a file. A string is written
/// bare only where YAML 1.1 and 1.2 both read it as that string.
/// </summary>
public static partial class YamlWriter
{
    private static readonly SearchValues<char> Breaks = SearchValues.Create("\n\r\t\u0085\u2028\u2029\ufeff");
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The YAML of one document, with a line break at its end.</summary>
    /// <param name="document">The document.</param>
    public static string Write(JsonObject document)
    {
        var text = new StringBuilder();
        WriteObject(text, document, 0);
        return text.ToString();
    }

    private static void WriteObject(StringBuilder text, JsonObject value, int indent)
    {
        var first = true;
        foreach (var (key, child) in value)
        {
            // The first key of an item stands on the line of its dash.
            if (!first || text.Length == 0 || text[^1] == '\n')
                text.Append(' ', indent);
            first = false;
            text.Append(Scalar(key)).Append(':');
            switch (child)
            {
                case JsonObject { Count: > 0 } nested:
                    text.Append('\n');
                    WriteObject(text, nested, indent + 2);
                    break;
                case JsonArray { Count: > 0 } list:
                    text.Append('\n');
                    WriteArray(text, list, indent);
                    break;
                case JsonValue when child.GetValueKind() == JsonValueKind.String && IsBlock(child.GetValue<string>()):
                    WriteBlock(text, child.GetValue<string>(), indent + 2);
                    break;
                default:
                    text.Append(' ').Append(Leaf(child)).Append('\n');
                    break;
            }
        }
    }

    // Several lines, each of them visible and none that begins with white space, are readable as they stand.
    private static bool IsBlock(string value) =>
        value.EndsWith('\n')
        && value.TrimEnd('\n').Length == value.Length - 1
        && value[..^1].Split('\n').All(line => line.Length > 0 && line.All(letter => letter is >= ' ' and <= '~') && line[0] != ' ' && line[^1] != ' ');

    private static void WriteBlock(StringBuilder text, string value, int indent)
    {
        text.Append(" |\n");
        foreach (var line in value[..^1].Split('\n'))
            text.Append(' ', indent).Append(line).Append('\n');
    }

    private static void WriteArray(StringBuilder text, JsonArray list, int indent)
    {
        foreach (var item in list)
        {
            text.Append(' ', indent).Append('-').Append(' ');
            switch (item)
            {
                case JsonObject { Count: > 0 } nested:
                    WriteObject(text, nested, indent + 2);
                    break;
                case JsonArray { Count: > 0 }:
                    throw new NotSupportedException("A list in a list: no manifest has one, so it is not written.");
                default:
                    text.Append(Leaf(item)).Append('\n');
                    break;
            }
        }
    }

    private static string Leaf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when value.GetValueKind() == JsonValueKind.String => Scalar(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    private static string Scalar(string value)
    {
        if (Bare().IsMatch(value) && !Reserved().IsMatch(value))
            return value;
        return value.AsSpan().ContainsAny(Breaks) || value.Any(char.IsControl)
            ? JsonValue.Create(value).ToJsonString(Relaxed)
            : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    [GeneratedRegex(@"^([A-Za-z/]|\.(?=[a-z]))([A-Za-z0-9 _./@,()+=;'-]|:(?=[A-Za-z0-9/]))*(?<! )\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bare();

    // YAML 1.1 reads these as booleans, null or numbers.
    [GeneratedRegex(@"^(y|n|yes|no|on|off|true|false|null|\.inf|\.nan)\z", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reserved();
}
