namespace PorterLB.Reconciler.Attributes;

// Schema attributes: what the generated CustomResourceDefinition says about a property. They are read by `generate` only and cost
// nothing at run time. On a list, those that describe a string or a number describe its items; on a map, its values.

/// <summary>What the field means, in a sentence that <c>kubectl explain</c> shows.</summary>
/// <param name="description">The text.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class DescriptionAttribute(string description) : Attribute
{
    /// <summary>The text.</summary>
    public string Description { get; } = description;
}

/// <summary>A short title of the field.</summary>
/// <param name="title">The text.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TitleAttribute(string title) : Attribute
{
    /// <summary>The text.</summary>
    public string Title { get; } = title;
}

/// <summary>The field must be present.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequiredAttribute : Attribute;

/// <summary>At least one of these fields of the class must be present.</summary>
/// <param name="fields">Their names as in JSON.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AnyRequiredAttribute(params string[] fields) : Attribute
{
    /// <summary>Their names as in JSON.</summary>
    public string[] Fields { get; } = fields;
}

/// <summary>A regular expression (RE2, as the API server runs it) that a string must contain a match of: anchor it.</summary>
/// <param name="regexPattern">The expression.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Struct | AttributeTargets.Class)]
public sealed class PatternAttribute(string regexPattern) : Attribute
{
    /// <summary>The expression.</summary>
    public string RegexPattern { get; } = regexPattern;
}

/// <summary>The smallest number allowed.</summary>
/// <param name="minimum">The bound.</param>
/// <param name="exclusiveMinimum">Whether the bound itself is refused.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMinimumAttribute(double minimum, bool exclusiveMinimum = false) : Attribute
{
    /// <summary>The bound.</summary>
    public double Minimum { get; } = minimum;

    /// <summary>Whether the bound itself is refused.</summary>
    public bool ExclusiveMinimum { get; } = exclusiveMinimum;
}

/// <summary>The largest number allowed.</summary>
/// <param name="maximum">The bound.</param>
/// <param name="exclusiveMaximum">Whether the bound itself is refused.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RangeMaximumAttribute(double maximum, bool exclusiveMaximum = false) : Attribute
{
    /// <summary>The bound.</summary>
    public double Maximum { get; } = maximum;

    /// <summary>Whether the bound itself is refused.</summary>
    public bool ExclusiveMaximum { get; } = exclusiveMaximum;
}

/// <summary>The number must be a multiple of this.</summary>
/// <param name="value">The divisor.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MultipleOfAttribute(double value) : Attribute
{
    /// <summary>The divisor.</summary>
    public double Value { get; } = value;
}

/// <summary>Bounds of a string's length in characters; −1 is no bound.</summary>
/// <param name="minLength">The smallest.</param>
/// <param name="maxLength">The largest.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Struct | AttributeTargets.Class)]
public sealed class LengthAttribute(long minLength = -1, long maxLength = -1) : Attribute
{
    /// <summary>The smallest length, or null.</summary>
    public long? MinLength { get; } = minLength < 0 ? null : minLength;

    /// <summary>The largest length, or null.</summary>
    public long? MaxLength { get; } = maxLength < 0 ? null : maxLength;
}

/// <summary>Bounds of a list's size; −1 is no bound.</summary>
/// <param name="minItems">The smallest.</param>
/// <param name="maxItems">The largest.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ItemsAttribute(long minItems = -1, long maxItems = -1) : Attribute
{
    /// <summary>The smallest size, or null.</summary>
    public long? MinItems { get; } = minItems < 0 ? null : minItems;

    /// <summary>The largest size, or null.</summary>
    public long? MaxItems { get; } = maxItems < 0 ? null : maxItems;
}

/// <summary>
/// No item of the list may stand in it twice. Becomes <c>x-kubernetes-list-type: set</c>: Kubernetes refuses <c>uniqueItems</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UniqueItemsAttribute : Attribute;

/// <summary>Bounds of a map's size; −1 is no bound.</summary>
/// <param name="minProperties">The smallest.</param>
/// <param name="maxProperties">The largest.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class PropertyLimitsAttribute(long minProperties = -1, long maxProperties = -1) : Attribute
{
    /// <summary>The smallest size, or null.</summary>
    public long? MinProperties { get; } = minProperties < 0 ? null : minProperties;

    /// <summary>The largest size, or null.</summary>
    public long? MaxProperties { get; } = maxProperties < 0 ? null : maxProperties;
}

/// <summary>The only values allowed. (A C# enum needs no attribute: its names are the values.)</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EnumValuesAttribute : Attribute
{
    /// <summary>These strings.</summary>
    /// <param name="values">The values.</param>
    public EnumValuesAttribute(params string[] values) => Values = [.. values];

    /// <summary>These integers.</summary>
    /// <param name="values">The values.</param>
    public EnumValuesAttribute(params long[] values) => Values = [.. values];

    /// <summary>These numbers.</summary>
    /// <param name="values">The values.</param>
    public EnumValuesAttribute(params double[] values) => Values = [.. values];

    /// <summary>The values: strings, longs or doubles.</summary>
    public IReadOnlyList<object> Values { get; }
}

/// <summary>The value that the API server writes where the field is absent.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DefaultValueAttribute : Attribute
{
    /// <summary>A boolean.</summary>
    /// <param name="value">The value.</param>
    public DefaultValueAttribute(bool value) => Value = value;

    /// <summary>An integer.</summary>
    /// <param name="value">The value.</param>
    public DefaultValueAttribute(long value) => Value = value;

    /// <summary>A number.</summary>
    /// <param name="value">The value.</param>
    public DefaultValueAttribute(double value) => Value = value;

    /// <summary>A string, or JSON text with <see cref="Json"/>.</summary>
    /// <param name="value">The value.</param>
    public DefaultValueAttribute(string value) => Value = value;

    /// <summary>The value: a bool, long, double or string.</summary>
    public object Value { get; }

    /// <summary>Whether the string is JSON text: an object or a list.</summary>
    public bool Json { get; set; }
}

/// <summary>An example of a value.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ExampleAttribute : Attribute
{
    /// <summary>A boolean.</summary>
    /// <param name="value">The value.</param>
    public ExampleAttribute(bool value) => Value = value;

    /// <summary>An integer.</summary>
    /// <param name="value">The value.</param>
    public ExampleAttribute(long value) => Value = value;

    /// <summary>A number.</summary>
    /// <param name="value">The value.</param>
    public ExampleAttribute(double value) => Value = value;

    /// <summary>A string, or JSON text with <see cref="Json"/>.</summary>
    /// <param name="value">The value.</param>
    public ExampleAttribute(string value) => Value = value;

    /// <summary>The value: a bool, long, double or string.</summary>
    public object Value { get; }

    /// <summary>Whether the string is JSON text: an object or a list.</summary>
    public bool Json { get; set; }
}

/// <summary>The format of a string or number (<c>date-time</c>, <c>ipv4</c>, …); null takes away the one that the type implies.</summary>
/// <param name="format">The format.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Struct | AttributeTargets.Class)]
public sealed class FormatAttribute(string? format) : Attribute
{
    /// <summary>The format, or null.</summary>
    public string? Format { get; } = format;
}

/// <summary>Documentation outside the schema.</summary>
/// <param name="url">Where.</param>
/// <param name="description">What is there.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class ExternalDocsAttribute(string url, string? description = null) : Attribute
{
    /// <summary>Where.</summary>
    public string Url { get; } = url;

    /// <summary>What is there, or null.</summary>
    public string? Description { get; } = description;
}

/// <summary>
/// A rule in CEL. Servers before 1.25 refuse a CustomResourceDefinition that has one, so the generator writes them into a
/// component of their own.
/// </summary>
/// <param name="rule">The expression; <c>self</c> is the annotated value.</param>
/// <param name="fieldPath">The field that the error names, relative to <c>self</c>, or null.</param>
/// <param name="message">What the user reads.</param>
/// <param name="messageExpression">A CEL expression that makes the message.</param>
/// <param name="reason"><c>FieldValueInvalid</c>, <c>FieldValueForbidden</c>, <c>FieldValueRequired</c>, <c>FieldValueDuplicate</c> or null.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class ValidationRuleAttribute(
    string rule,
    string? fieldPath = null,
    string? message = null,
    string? messageExpression = null,
    string? reason = null) : Attribute
{
    /// <summary>The expression.</summary>
    public string Rule { get; } = rule;

    /// <summary>The field that the error names, or null.</summary>
    public string? FieldPath { get; } = fieldPath;

    /// <summary>What the user reads, or null.</summary>
    public string? Message { get; } = message;

    /// <summary>A CEL expression that makes the message, or null.</summary>
    public string? MessageExpression { get; } = messageExpression;

    /// <summary>The reason, or null.</summary>
    public string? Reason { get; } = reason;
}

/// <summary>The field holds a whole Kubernetes object.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EmbeddedResourceAttribute : Attribute;

/// <summary>Fields that the schema does not know are kept, not pruned.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class PreserveUnknownFieldsAttribute : Attribute;

/// <summary>The property, or the entity, is left out of what is generated.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class IgnoreAttribute : Attribute;

/// <summary>How two writers of one list are merged (server-side apply).</summary>
public enum XListType
{
    /// <summary>The list is one value.</summary>
    Atomic,

    /// <summary>Each item is a value of its own, present once.</summary>
    Set,

    /// <summary>Items are objects known by their <see cref="XListMapKeysAttribute"/>.</summary>
    Map,
}

/// <summary>How two writers of one list are merged.</summary>
/// <param name="type">How.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class XListTypeAttribute(XListType type) : Attribute
{
    /// <summary>How.</summary>
    public XListType Type { get; } = type;
}

/// <summary>The fields that tell the items of a list of <see cref="XListType.Map"/> apart.</summary>
/// <param name="keys">Their names as in JSON.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class XListMapKeysAttribute(params string[] keys) : Attribute
{
    /// <summary>Their names as in JSON.</summary>
    public string[] Keys { get; } = keys;
}

/// <summary>How two writers of one object are merged (server-side apply).</summary>
public enum XMapType
{
    /// <summary>Each field is a value of its own.</summary>
    Granular,

    /// <summary>The object is one value.</summary>
    Atomic,
}

/// <summary>How two writers of one object are merged.</summary>
/// <param name="type">How.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class XMapTypeAttribute(XMapType type) : Attribute
{
    /// <summary>How.</summary>
    public XMapType Type { get; } = type;
}
