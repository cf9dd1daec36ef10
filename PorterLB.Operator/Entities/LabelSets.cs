namespace PorterLB.Operator.Entities;

/// <summary>Labels and annotations, compared.</summary>
internal static class LabelSets
{
    /// <summary>Whether two say the same; null is none.</summary>
    public static bool Same(IDictionary<string, string>? one, IDictionary<string, string>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0)
        && (one is null || one.All(label => other is not null && other.TryGetValue(label.Key, out var value) && value == label.Value));
}
