using System.Collections.Immutable;
using PorterLB.Operator.Addresses;
using static PorterLB.Reconciler.Entities.Condition;

namespace PorterLB.Operator.Entities;

/// <summary>Every condition that the manager writes, with every reason that it may have.</summary>
internal static class ConditionKinds
{
    /// <summary>On a Service that has an address.</summary>
    public static readonly ConditionKind Announced = new("Service", "porterlb.io/Announced", "Which node answers for the addresses, on which interface, with which MAC. Absent while the Service has no address.")
    {
        Reasons =
        [
            new(True, "Announced", "Each address is answered for."),
            new(False, "NotAnnounced", "A node is elected and its speaker does not say yet that it answers."),
            new(False, "NoEligibleNode", "No node may answer; the message has the reason of each."),
            new(False, "AddressConflict", "Another machine, no speaker, answers for the address; the message has its MAC."),
            new(False, "IngressOverwritten", "Another program keeps writing the Service's addresses, so PorterLB stopped for a minute."),
        ],
    };

    /// <summary>On a Service for which there is something to tell about its addresses.</summary>
    public static readonly ConditionKind AddressAssigned = new("Service", "porterlb.io/AddressAssigned", "False: the Service has not what it asks for. True: it has, and there is something to know about it. Absent when there is nothing to tell.")
    {
        Reasons =
        [
            .. Refusals.Select(refusal => new ConditionReason(False, $"{refusal.Reason}", refusal.Meaning)),
            new(True, $"{RefusalReason.FamilyUnavailable}", "PreferDualStack, and the Eips that are for it have addresses of one family only."),
            new(True, $"{RefusalReason.PoolExhausted}", "PreferDualStack, and the addresses of the other family are all in use."),
            new(True, $"{RefusalReason.AddressInNoPool}", "It keeps an address that no Eip holds any more: its Eip was narrowed, split or deleted."),
            new(True, $"{RefusalReason.AddressExcluded}", "It keeps an address that its Eip leaves out by now."),
            new(True, $"{RefusalReason.PoolUnavailable}", "It keeps an address of an Eip that is disabled or being deleted."),
            new(True, $"{RefusalReason.PoolForbidden}", "It keeps an address of an Eip whose selectors, made a fence by enforceSelectors, do not choose it."),
            new(True, SharingTolerated, "It shares its address as OpenELB allowed, or without selectors beside policy Local, and the rules do not allow that now."),
        ],
    };

    public static readonly ConditionKind EipReady = new("Eip", "Ready", "Whether addresses can be taken from here.")
    {
        Reasons =
        [
            new(True, "Ready", "They can."),
            new(False, "Invalid", "The spec is wrong, or overlaps an older Eip; the message says it in the webhook's words."),
            new(False, "Disabled", "spec.disable is set."),
            new(False, "Deleting", "It was deleted, and goes when its last Service is released."),
        ],
    };

    public static readonly ConditionKind EipExhausted = new("Eip", "Exhausted", "Whether every address is in use.")
    {
        Reasons =
        [
            new(True, "NoFreeAddress", "None is free."),
            new(False, "FreeAddresses", "The message says how many are."),
        ],
    };

    public static readonly ConditionKind EipHoldsHosts = new("Eip", "HoldsHosts", "Whether addresses of the pool belong to machines of the cluster's own network, or to no single one.")
    {
        Reasons =
        [
            new(True, "NodeAddresses", "Nodes have them; the message names both. A Service that is given one is not announced, for the node answers itself."),
            new(True, "Gateways", "A node's default route leads to them."),
            new(True, "SubnetEnds", "They are the first or the last one of a subnet of the nodes: its network or broadcast address, or, in IPv6, that of every router. A Service that is given one is reached by nobody."),
            new(False, "NoneKnown", "No Node has one, no default route leads to one, and no subnet of the nodes begins or ends with one."),
        ],
    };

    public static readonly ConditionKind LayerTwoReady = new("LayerTwoConfig", "Ready", "Whether the addresses that it governs can be announced.")
    {
        Reasons =
        [
            new(True, "Ready", "At least one node may announce."),
            new(False, "Invalid", "The spec is wrong; the message says it in the webhook's words."),
            new(False, "NoEligibleNode", "No node with a living speaker may announce."),
        ],
    };

    public const string SharingTolerated = "SharingTolerated";

    public static ImmutableArray<ConditionKind> All => [Announced, AddressAssigned, EipReady, EipExhausted, EipHoldsHosts, LayerTwoReady];

    private static ImmutableArray<(RefusalReason Reason, string Meaning)> Refusals =>
    [
        (RefusalReason.RequestInvalid, "The request makes no sense: an address that does not parse, two of one family, a family that the Service has not, an address outside of the Eip that it names."),
        (RefusalReason.NoPool, "There is no Eip, or none that is for this Service."),
        (RefusalReason.PoolNotFound, "The named Eip does not exist."),
        (RefusalReason.PoolUnavailable, "The named Eip, or the one of the requested address, is disabled, being deleted, or not ready."),
        (RefusalReason.PoolForbidden, "The named Eip, or the one of the requested address, enforces selectors that do not match the Service."),
        (RefusalReason.FamilyUnavailable, "The Eips that are for this Service have no address of the family."),
        (RefusalReason.PoolExhausted, "All addresses are in use."),
        (RefusalReason.AddressInNoPool, "The requested address is in no Eip."),
        (RefusalReason.AddressExcluded, "The requested address is one that its Eip leaves out."),
        (RefusalReason.AddressInUse, "The address is used by a Service that does not share it."),
        (RefusalReason.AddressLeaving, "The requested address was released and a node still answers for it."),
        (RefusalReason.TakingOver, "A new manager waits until no write of the former one can arrive; at most 5 s."),
    ];
}
