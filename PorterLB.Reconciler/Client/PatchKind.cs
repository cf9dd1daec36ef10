namespace PorterLB.Reconciler.Client;

/// <summary>What the body of a patch means.</summary>
public enum PatchKind
{
    /// <summary>A JSON merge patch (RFC 7396): given members replace, null removes.</summary>
    Merge,

    /// <summary>Server-side apply: the body is all that this field manager wants; what it wanted before and no longer does is removed.</summary>
    Apply,

    /// <summary>A JSON patch (RFC 6902): a list of operations, with tests; all or nothing.</summary>
    Json,
}
