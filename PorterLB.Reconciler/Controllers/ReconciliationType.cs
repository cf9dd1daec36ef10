namespace PorterLB.Reconciler.Controllers;

/// <summary>What made an object be looked at.</summary>
public enum ReconciliationType
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It, or something that it depends on, changed.</summary>
    Modified,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>Who asked for a reconciliation.</summary>
public enum ReconciliationTriggerSource
{
    /// <summary>A change seen by a watch.</summary>
    ApiServer,

    /// <summary>The operator itself.</summary>
    Operator,
}
