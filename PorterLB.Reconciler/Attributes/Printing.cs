namespace PorterLB.Reconciler.Attributes;

/// <summary>Whether <c>kubectl get</c> shows a column always or with <c>-o wide</c> only.</summary>
public enum PrinterColumnPriority
{
    /// <summary>Always.</summary>
    StandardView,

    /// <summary>With <c>-o wide</c>.</summary>
    WideView,
}

/// <summary>A column of <c>kubectl get</c> that shows this property.</summary>
/// <param name="priority">When it is shown.</param>
/// <param name="name">Its heading; null takes the property's name.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AdditionalPrinterColumnAttribute(
    PrinterColumnPriority priority = default,
    string? name = null) : Attribute
{
    /// <summary>When it is shown.</summary>
    public PrinterColumnPriority Priority { get; } = priority;

    /// <summary>Its heading, or null.</summary>
    public string? Name { get; } = name;
}

/// <summary>A column of <c>kubectl get</c> for any path. Columns stand in the order of the attributes, before those of properties.</summary>
/// <param name="jsonPath">The path, with a leading dot.</param>
/// <param name="name">Its heading.</param>
/// <param name="type"><c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c> or <c>date</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GenericAdditionalPrinterColumnAttribute(string jsonPath, string name, string type) : Attribute
{
    /// <summary>The path.</summary>
    public string JsonPath { get; } = jsonPath;

    /// <summary>Its heading.</summary>
    public string Name { get; } = name;

    /// <summary>Its type.</summary>
    public string Type { get; } = type;

    /// <summary>What the column says, or null.</summary>
    public string? Description { get; init; }

    /// <summary>The format, or null.</summary>
    public string? Format { get; init; }

    /// <summary>When it is shown.</summary>
    public PrinterColumnPriority Priority { get; init; }
}
