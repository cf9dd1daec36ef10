namespace PorterLB.Operator.Services;

/// <summary>The reasons of the manager's Events: a closed list, explained in <c>docs/reference/events.md</c>.</summary>
internal static class EventReasons
{
    public const string AddressAssigned = "AddressAssigned";
    public const string AddressRefused = "AddressRefused";
    public const string AddressKept = "AddressKept";
    public const string AddressReleased = "AddressReleased";
    public const string AddressTakenAway = "AddressTakenAway";
    public const string SharingTolerated = "SharingTolerated";
    public const string NodeElected = "NodeElected";
    public const string NoEligibleNode = "NoEligibleNode";
    public const string ElectionRestored = "ElectionRestored";
    public const string IngressOverwritten = "IngressOverwritten";
    public const string AddressConflict = "AddressConflict";
    public const string EipInvalid = "EipInvalid";
    public const string EipHoldsHosts = "EipHoldsHosts";
}
