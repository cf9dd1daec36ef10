using System.Collections.Immutable;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>A reason that a condition may have, with the status that it stands for.</summary>
internal sealed record ConditionReason(string Status, string Reason, string Meaning);

/// <summary>
/// A type of condition with its closed list of reasons: programs may rely on it, and <c>docs/reference/conditions.md</c> is written from it.
/// </summary>
/// <param name="Object">The kind of object that carries it.</param>
/// <param name="Type">Its type.</param>
/// <param name="Meaning">What it tells.</param>
internal sealed record ConditionKind(string Object, string Type, string Meaning)
{
    public required ImmutableArray<ConditionReason> Reasons { get; init; }

    /// <summary>The condition for one of the <see cref="Reasons"/>.</summary>
    /// <exception cref="ArgumentException">The reason is not in the list.</exception>
    public Condition For(string status, string reason, string message, long? generation = null) =>
        Reasons.Any(known => known.Status == status && known.Reason == reason)
            ? new Condition { Type = Type, Status = status, Reason = reason, Message = message, ObservedGeneration = generation }
            : throw new ArgumentException($"'{reason}' with status {status} is none of the reasons of {Object} {Type}.", nameof(reason));
}
