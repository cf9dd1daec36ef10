using System.Text.Json.Serialization;
using PorterLB.Reconciler.Attributes;

namespace PorterLB.Reconciler.Entities;

/// <summary>
/// A choice of objects by their labels, as <c>metav1.LabelSelector</c>: all of it must hold. An empty selector chooses everything.
/// </summary>
[XMapType(XMapType.Atomic)]
public sealed record LabelSelector
{
    /// <summary>Labels that must have exactly these values.</summary>
    [Pattern(LabelSelectorRequirement.ValuePattern)]
    [Length(-1, 63)]
    [PropertyLimits(-1, 64)]
    [Description("Labels that must have exactly these values.")]
    public IReadOnlyDictionary<string, string>? MatchLabels { get; set; }

    /// <summary>Further requirements.</summary>
    [Items(-1, 64)]
    [Description("Further requirements; all of them must hold.")]
    public IReadOnlyList<LabelSelectorRequirement>? MatchExpressions { get; set; }

    /// <summary>Whether nothing is required.</summary>
    [JsonIgnore]
    public bool IsEmpty => MatchLabels is null or { Count: 0 } && MatchExpressions is null or { Count: 0 };

    /// <summary>Whether an object with these labels is chosen.</summary>
    /// <param name="labels">The object's labels; null is none.</param>
    public bool Matches(IEnumerable<KeyValuePair<string, string>>? labels)
    {
        var present = labels as IReadOnlyDictionary<string, string> ?? (labels ?? []).ToDictionary();
        return (MatchLabels ?? Empty).All(wanted => present.TryGetValue(wanted.Key, out var value) && value == wanted.Value)
            && (MatchExpressions ?? []).All(requirement => requirement.Matches(present));
    }

    private static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();
}

/// <summary>One requirement on one label.</summary>
[ValidationRule(
    "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
    message: "In and NotIn need values; Exists and DoesNotExist have none")]
public sealed record LabelSelectorRequirement
{
    /// <summary>The label's name.</summary>
    [Required]
    [Pattern(@"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$")]
    [Length(1, 317)]
    [Description("The label's name.")]
    public string Key { get; set; } = "";

    /// <summary>What is required.</summary>
    [Required]
    [Description("In, NotIn (also where the label is missing), Exists or DoesNotExist.")]
    public LabelSelectorOperator Operator { get; set; }

    /// <summary>The values of In and NotIn.</summary>
    [Pattern(ValuePattern)]
    [Length(-1, 63)]
    [Items(-1, 256)]
    [Description("The values of In and NotIn; empty for Exists and DoesNotExist.")]
    public IReadOnlyList<string>? Values { get; set; }

    internal const string ValuePattern = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";

    /// <summary>Whether it holds for these labels.</summary>
    /// <param name="labels">An object's labels.</param>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelSelectorOperator.In => present && Values?.Contains(value) == true,
            LabelSelectorOperator.NotIn => !present || Values?.Contains(value) != true,
            LabelSelectorOperator.Exists => present,
            _ => !present,
        };
    }
}

/// <summary>What a requirement asks of a label.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabelSelectorOperator>))]
public enum LabelSelectorOperator
{
    /// <summary>Present with one of the values.</summary>
    In,

    /// <summary>Absent, or present with another value.</summary>
    NotIn,

    /// <summary>Present with any value.</summary>
    Exists,

    /// <summary>Absent.</summary>
    DoesNotExist,
}
