namespace PorterLB.Reconciler.Entities;

/// <summary>A list of conditions, one per type.</summary>
public static class Conditions
{
    /// <summary>
    /// The list with this condition in it. The transition time is kept while the status stays, as Kubernetes' conventions ask, so
    /// that an equal condition gives an equal list, and nothing is written.
    /// </summary>
    /// <param name="conditions">The list so far; it is not changed.</param>
    /// <param name="condition">The condition as it is now; its transition time is ignored.</param>
    /// <param name="now">The time of the change, if it is one.</param>
    public static IReadOnlyList<Condition> With(this IReadOnlyList<Condition> conditions, Condition condition, DateTimeOffset now)
    {
        var old = conditions.Find(condition.Type);
        var current = condition with
        {
            LastTransitionTime = old is not null && old.Status == condition.Status ? old.LastTransitionTime : now,
        };
        if (current == old)
            return conditions;
        return old is null
            ? [.. conditions, current]
            : [.. conditions.Select(other => other.Type == current.Type ? current : other)];
    }

    /// <summary>The list without the condition of this type.</summary>
    /// <param name="conditions">The list so far; it is not changed.</param>
    /// <param name="type">The type.</param>
    public static IReadOnlyList<Condition> Without(this IReadOnlyList<Condition> conditions, string type) =>
        conditions.Find(type) is null ? conditions : [.. conditions.Where(other => other.Type != type)];

    /// <summary>The condition of this type, or null.</summary>
    /// <param name="conditions">The list.</param>
    /// <param name="type">The type.</param>
    public static Condition? Find(this IReadOnlyList<Condition> conditions, string type) =>
        conditions.FirstOrDefault(condition => condition.Type == type);
}
