using System.Text.Json.Serialization;
using PorterLB.Reconciler.Attributes;

namespace PorterLB.Reconciler.Entities;

/// <summary>One aspect of an object's state, as <c>metav1.Condition</c>.</summary>
public sealed record Condition
{
    /// <summary>The aspect, in CamelCase, or with a domain before a slash.</summary>
    [Required]
    [Length(1, 316)]
    [Pattern(@"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$")]
    [Description("The aspect of the state, in CamelCase.")]
    public string Type { get; set; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    [Required]
    [EnumValues("True", "False", "Unknown")]
    [Description("True, False or Unknown.")]
    public string Status { get; set; } = Unknown;

    /// <summary>The generation of the spec that this was judged from.</summary>
    [RangeMinimum(0)]
    [Description("The metadata.generation that this was judged from.")]
    public long? ObservedGeneration { get; set; }

    /// <summary>When <see cref="Status"/> changed last.</summary>
    [Required]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    [Description("When the status changed last.")]
    public DateTimeOffset LastTransitionTime { get; set; }

    /// <summary>Why, as one CamelCase word.</summary>
    [Required]
    [Length(1, 1024)]
    [Pattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    [Description("Why, as one CamelCase word for programs.")]
    public string Reason { get; set; } = "";

    /// <summary>Why, for people.</summary>
    [Required]
    [Length(-1, 32768)]
    [Description("Why, in a sentence for people.")]
    public string Message { get; set; } = "";

    /// <summary>The status of what holds.</summary>
    public const string True = "True";

    /// <summary>The status of what does not hold.</summary>
    public const string False = "False";

    /// <summary>The status of what nobody knows.</summary>
    public const string Unknown = "Unknown";
}
