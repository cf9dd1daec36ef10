using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>The condition of a Service that says what there is to know about its addresses, in the words of the Event.</summary>
internal static class AssignedCondition
{
    /// <summary>Null when there is nothing to tell.</summary>
    /// <param name="allocation">What it has, and why not all.</param>
    /// <param name="standing">The condition on it.</param>
    public static Condition? Of(Allocation allocation, Condition? standing) => allocation switch
    {
        // For the five seconds of a take-over nothing is known that is worth a write.
        { Refusal.Reason: RefusalReason.TakingOver } => standing,
        { Refusal: { } refusal } => ConditionKinds.AddressAssigned.For(allocation.IsSatisfied ? Condition.True : Condition.False, $"{refusal.Reason}", refusal.Message),
        { Kept: { } kept } => ConditionKinds.AddressAssigned.For(Condition.True, $"{kept.Reason}", kept.Message),
        { Tolerated: { } tolerated } => ConditionKinds.AddressAssigned.For(Condition.True, ConditionKinds.SharingTolerated, $"{tolerated}."),
        _ => null,
    };
}
