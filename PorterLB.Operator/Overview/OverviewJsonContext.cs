using System.Text.Json.Serialization;

namespace PorterLB.Operator.Overview;

/// <summary>JSON of what the commands print with <c>-o json</c>.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(IReadOnlyList<Step>))]
[JsonSerializable(typeof(IReadOnlyList<ValidationReport>))]
internal sealed partial class OverviewJsonContext : JsonSerializerContext;

/// <summary>Something that <c>porterlb validate</c> found.</summary>
internal sealed record ValidationReport(string File, int Line, string Object, string Severity, string Rule, string Field, string Message);
