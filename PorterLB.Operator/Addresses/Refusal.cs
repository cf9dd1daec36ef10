namespace PorterLB.Operator.Addresses;

/// <summary>Why a Service has no address, or not the one it asks for. A closed list: programs may rely on it.</summary>
internal enum RefusalReason
{
    /// <summary>The request makes no sense: an address that does not parse, two of one family, a family that the Service has not.</summary>
    RequestInvalid,

    /// <summary>There is no Eip, or none that is for this Service.</summary>
    NoPool,

    /// <summary>The named Eip does not exist.</summary>
    PoolNotFound,

    /// <summary>The named Eip, or the one of the requested address, gives out nothing: disabled, being deleted, or not ready.</summary>
    PoolUnavailable,

    /// <summary>The named Eip, or the one of the requested address, enforces selectors that do not match the Service.</summary>
    PoolForbidden,

    /// <summary>The Eips that are for this Service have no address of the family.</summary>
    FamilyUnavailable,

    /// <summary>All addresses are in use.</summary>
    PoolExhausted,

    /// <summary>The requested address is in no Eip.</summary>
    AddressInNoPool,

    /// <summary>The requested address is one that its Eip leaves out.</summary>
    AddressExcluded,

    /// <summary>The requested address is used by a Service that does not share it.</summary>
    AddressInUse,

    /// <summary>The requested address was released and a node still answers for it.</summary>
    AddressLeaving,

    /// <summary>New addresses wait until writes of a former leader can no longer arrive.</summary>
    TakingOver,
}

/// <summary>A refusal in words for the user: what, why, and what to do. The one text for Event, webhook and command.</summary>
/// <param name="Reason">For programs.</param>
/// <param name="Message">For people.</param>
internal sealed record Refusal(RefusalReason Reason, string Message);
