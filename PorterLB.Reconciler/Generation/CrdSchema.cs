using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s.Models;
using PorterLB.Reconciler.Attributes;

namespace PorterLB.Reconciler.Generation;

/// <summary>
/// The structural OpenAPI schema of a C# type, as CustomResourceDefinitions of <c>apiextensions.k8s.io/v1</c> want it: every node has
/// one type, nothing that Kubernetes refuses (no <c>$ref</c>, no <c>uniqueItems</c>, no <c>additionalProperties</c> beside properties).
/// </summary>
[RequiresUnreferencedCode(ManifestGeneration.Reason)]
public static class CrdSchema
{
    /// <summary>The schema of a type.</summary>
    /// <param name="type">A class or record with properties.</param>
    /// <exception cref="NotSupportedException">The type, or one that it holds, has no structural schema; the message says which.</exception>
    public static JsonObject Of(Type type) => Of(type, []);

    /// <summary>The CEL rules of a type and of everything that it holds: path in the schema (a JSON pointer) and rules.</summary>
    /// <param name="type">A class or record with properties.</param>
    public static IEnumerable<(string Pointer, JsonArray Rules)> RulesOf(Type type) => RulesOf(type, "");

    internal static IEnumerable<PropertyInfo> Properties(Type type) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.GetCustomAttribute<JsonIgnoreAttribute>() is null && property.GetCustomAttribute<IgnoreAttribute>() is null
        orderby Depth(property.DeclaringType!), property.MetadataToken
        select property;

    internal static string NameOf(PropertyInfo property) =>
        property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    private static int Depth(Type type) => type.BaseType is null ? 0 : 1 + Depth(type.BaseType);

    private static JsonObject Of(Type type, IReadOnlyList<Type> within)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (within.Contains(type))
            throw new NotSupportedException($"{type} holds itself: a structural schema has no references. Use JsonElement with PreserveUnknownFields.");

        var (pattern, length) = (type.GetCustomAttribute<PatternAttribute>(), type.GetCustomAttribute<LengthAttribute>());
        if (pattern is not null || length is not null)
        {
            // A type that is a string with a form of its own (Duration).
            var text = new JsonObject { ["type"] = "string" };
            if (pattern is not null)
                text["pattern"] = pattern.RegexPattern;
            if (length is not null)
                Bounds(text, length);
            if (type.GetCustomAttribute<FormatAttribute>() is { Format: { } form })
                text["format"] = form;
            return text;
        }

        if (type == typeof(string) || type == typeof(char))
            return new() { ["type"] = "string" };
        if (type == typeof(bool))
            return new() { ["type"] = "boolean" };
        if (type == typeof(int) || type == typeof(short) || type == typeof(byte) || type == typeof(ushort))
            return new() { ["type"] = "integer", ["format"] = "int32" };
        if (type == typeof(long) || type == typeof(uint))
            return new() { ["type"] = "integer", ["format"] = "int64" };
        if (type == typeof(double) || type == typeof(float))
            return new() { ["type"] = "number", ["format"] = "double" };
        if (type == typeof(DateTime) || type == typeof(DateTimeOffset))
            return new() { ["type"] = "string", ["format"] = "date-time" };
        if (type.IsEnum)
            return new() { ["type"] = "string", ["enum"] = new JsonArray([.. EnumNames(type).Select(name => JsonValue.Create(name))]) };
        if (type == typeof(V1ObjectMeta))
            return new() { ["type"] = "object" };
        if (type == typeof(ResourceQuantity) || type == typeof(IntOrString))
        {
            return new()
            {
                ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }),
                ["x-kubernetes-int-or-string"] = true,
            };
        }

        if (type == typeof(JsonElement) || type == typeof(object) || typeof(JsonNode).IsAssignableFrom(type))
            return new() { ["type"] = "object", ["x-kubernetes-preserve-unknown-fields"] = true };
        if (ValueOfMap(type) is { } value)
            return new() { ["type"] = "object", ["additionalProperties"] = Of(value, within) };
        if (ItemOfList(type) is { } item)
            return new() { ["type"] = "array", ["items"] = Of(item, within) };
        if (type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true || type.IsInterface)
            throw new NotSupportedException($"{type} has no structural schema. Use a string, a number, a bool, a list, a map or a class of these.");
        return OfObject(type, [.. within, type]);
    }

    private static JsonObject OfObject(Type type, IReadOnlyList<Type> within)
    {
        var schema = new JsonObject();
        if (type.GetCustomAttribute<DescriptionAttribute>() is { } description)
            schema["description"] = description.Description;
        if (type.GetCustomAttribute<ExternalDocsAttribute>() is { } docs)
            schema["externalDocs"] = Docs(docs);
        schema["type"] = "object";
        if (type.GetCustomAttribute<PropertyLimitsAttribute>() is { } limits)
            Bounds(schema, limits);

        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var property in Properties(type))
        {
            properties[NameOf(property)] = Of(property, within);
            if (property.GetCustomAttribute<RequiredAttribute>() is not null)
                required.Add((JsonNode)NameOf(property));
        }

        if (properties.Count > 0)
            schema["properties"] = properties;
        if (required.Count > 0)
            schema["required"] = required;
        if (type.GetCustomAttribute<AnyRequiredAttribute>() is { } any)
            schema["anyOf"] = new JsonArray([.. any.Fields.Select(field => new JsonObject { ["required"] = new JsonArray(field) })]);
        if (type.GetCustomAttribute<PreserveUnknownFieldsAttribute>() is not null)
            schema["x-kubernetes-preserve-unknown-fields"] = true;
        if (type.GetCustomAttribute<XMapTypeAttribute>() is { } mapType)
            schema["x-kubernetes-map-type"] = Lower(mapType.Type);
        return schema;
    }

    internal static JsonObject Of(PropertyInfo property) => Of(property, []);

    private static JsonObject Of(PropertyInfo property, IReadOnlyList<Type> within)
    {
        JsonObject schema;
        try
        {
            schema = Of(property.PropertyType, within);
        }
        catch (NotSupportedException reason) when (!reason.Message.Contains(" (in ", StringComparison.Ordinal))
        {
            throw new NotSupportedException($"{reason.Message} (in {property.DeclaringType}.{property.Name})", reason);
        }

        var attributes = property.GetCustomAttributes().ToList();
        foreach (var attribute in attributes)
            Apply(schema, Leaf(schema), attribute);

        // Words first, so that a reader of the YAML meets the meaning before the form.
        foreach (var key in (string[])["title", "description"])
        {
            if (schema.TryGetPropertyValue(key, out var text) && schema.Remove(key))
                schema.Insert(0, key, text);
        }

        return schema;
    }

    /// <summary>What a restriction on text or numbers is about: the items of a list, the values of a map, else the value itself.</summary>
    private static JsonObject Leaf(JsonObject schema) => schema switch
    {
        _ when schema["items"] is JsonObject items => Leaf(items),
        _ when schema["additionalProperties"] is JsonObject values => Leaf(values),
        _ => schema,
    };

    private static void Apply(JsonObject schema, JsonObject leaf, Attribute attribute)
    {
        switch (attribute)
        {
            case DescriptionAttribute description:
                schema["description"] = description.Description;
                break;
            case TitleAttribute title:
                schema["title"] = title.Title;
                break;
            case DefaultValueAttribute value:
                schema["default"] = Value(value.Value, value.Json);
                break;
            case ExampleAttribute example:
                schema["example"] = Value(example.Value, example.Json);
                break;
            case ExternalDocsAttribute docs:
                schema["externalDocs"] = Docs(docs);
                break;
            case PatternAttribute pattern:
                leaf["pattern"] = pattern.RegexPattern;
                break;
            case LengthAttribute length:
                Bounds(leaf, length);
                break;
            case EnumValuesAttribute values:
                leaf["enum"] = new JsonArray([.. values.Values.Select(value => Value(value, json: false))]);
                break;
            case FormatAttribute { Format: null }:
                leaf.Remove("format");
                break;
            case FormatAttribute format:
                leaf["format"] = format.Format;
                break;
            case RangeMinimumAttribute minimum:
                leaf["minimum"] = Number(minimum.Minimum);
                if (minimum.ExclusiveMinimum)
                    leaf["exclusiveMinimum"] = true;
                break;
            case RangeMaximumAttribute maximum:
                leaf["maximum"] = Number(maximum.Maximum);
                if (maximum.ExclusiveMaximum)
                    leaf["exclusiveMaximum"] = true;
                break;
            case MultipleOfAttribute multiple:
                leaf["multipleOf"] = Number(multiple.Value);
                break;
            case ItemsAttribute items:
                if (items.MinItems is { } minItems)
                    schema["minItems"] = minItems;
                if (items.MaxItems is { } maxItems)
                    schema["maxItems"] = maxItems;
                break;
            case UniqueItemsAttribute:
                schema["x-kubernetes-list-type"] = "set";
                break;
            case PropertyLimitsAttribute limits:
                Bounds(schema, limits);
                break;
            case XListTypeAttribute list:
                schema["x-kubernetes-list-type"] = Lower(list.Type);
                break;
            case XListMapKeysAttribute keys:
                schema["x-kubernetes-list-map-keys"] = new JsonArray([.. keys.Keys.Select(key => JsonValue.Create(key))]);
                break;
            case XMapTypeAttribute map:
                schema["x-kubernetes-map-type"] = Lower(map.Type);
                break;
            case PreserveUnknownFieldsAttribute:
                schema["x-kubernetes-preserve-unknown-fields"] = true;
                break;
            case EmbeddedResourceAttribute:
                schema["x-kubernetes-embedded-resource"] = true;
                schema["x-kubernetes-preserve-unknown-fields"] = true;
                break;
            default:
                // JSON's own attributes, the compiler's, and the CEL rules that go into a file of their own.
                break;
        }
    }

    private static IEnumerable<(string Pointer, JsonArray Rules)> RulesOf(Type type, string pointer)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ValueOfMap(type) is { } value)
            return RulesOf(value, $"{pointer}/additionalProperties");
        if (type != typeof(string) && ItemOfList(type) is { } item)
            return RulesOf(item, $"{pointer}/items");
        if (type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true || type == typeof(V1ObjectMeta) || type.IsEnum)
            return [];

        var own = type.GetCustomAttributes<ValidationRuleAttribute>().Select(Rule).ToArray();
        return
        [
            .. own.Length > 0 ? [(pointer, new JsonArray([.. own]))] : Array.Empty<(string, JsonArray)>(),
            .. from property in Properties(type)
               let path = $"{pointer}/properties/{NameOf(property)}"
               let rules = property.GetCustomAttributes<ValidationRuleAttribute>().Select(Rule).ToArray()
               from found in RulesOf(property.PropertyType, path) is var inner && rules.Length > 0
                   ? Merge(path, rules, inner)
                   : inner
               select found,
        ];
    }

    private static IEnumerable<(string Pointer, JsonArray Rules)> Merge(string path, JsonNode[] rules, IEnumerable<(string Pointer, JsonArray Rules)> inner)
    {
        var all = inner.ToList();
        var same = all.Find(found => found.Pointer == path);
        var merged = new JsonArray([.. rules, .. same.Rules is null ? [] : same.Rules.Select(rule => rule!.DeepClone())]);
        return [(path, merged), .. all.Where(found => found.Pointer != path)];
    }

    private static JsonNode Rule(ValidationRuleAttribute rule)
    {
        var json = new JsonObject { ["rule"] = rule.Rule };
        foreach (var (key, text) in new[] { ("fieldPath", rule.FieldPath), ("message", rule.Message), ("messageExpression", rule.MessageExpression), ("reason", rule.Reason) })
        {
            if (text is not null)
                json[key] = text;
        }

        return json;
    }

    private static void Bounds(JsonObject schema, LengthAttribute length)
    {
        if (length.MinLength is { } min)
            schema["minLength"] = min;
        if (length.MaxLength is { } max)
            schema["maxLength"] = max;
    }

    private static void Bounds(JsonObject schema, PropertyLimitsAttribute limits)
    {
        if (limits.MinProperties is { } min)
            schema["minProperties"] = min;
        if (limits.MaxProperties is { } max)
            schema["maxProperties"] = max;
    }

    private static JsonObject Docs(ExternalDocsAttribute docs)
    {
        var json = new JsonObject { ["url"] = docs.Url };
        if (docs.Description is { } description)
            json["description"] = description;
        return json;
    }

    private static JsonNode? Value(object value, bool json) => value switch
    {
        string text when json => JsonNode.Parse(text),
        string text => JsonValue.Create(text),
        bool flag => JsonValue.Create(flag),
        long number => JsonValue.Create(number),
        double number => Number(number),
        _ => throw new NotSupportedException($"{value.GetType()} is no JSON value."),
    };

    private static JsonValue Number(double number) =>
        number == Math.Truncate(number) && Math.Abs(number) < 1L << 53 ? JsonValue.Create((long)number) : JsonValue.Create(number);

    private static string Lower(Enum value) => value.ToString().ToLower(CultureInfo.InvariantCulture);

    private static IEnumerable<string> EnumNames(Type type) =>
        from name in Enum.GetNames(type)
        select type.GetField(name)!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? name;

    private static Type? ValueOfMap(Type type) => (Generic(type, typeof(IReadOnlyDictionary<,>)) ?? Generic(type, typeof(IDictionary<,>))) switch
    {
        null => null,
        { GenericTypeArguments: [var key, var value] } when key == typeof(string) => value,
        _ => throw new NotSupportedException($"{type} has keys that are no strings: JSON has no such map."),
    };

    private static Type? ItemOfList(Type type) => Generic(type, typeof(IEnumerable<>))?.GenericTypeArguments[0];

    private static Type? Generic(Type type, Type definition) =>
        type.GetInterfaces().Prepend(type).FirstOrDefault(candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == definition);
}
