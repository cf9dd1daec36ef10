namespace PorterLB.Reconciler.Client;

/// <summary>What must still be true of an object for it to be deleted; else the server answers with a conflict.</summary>
/// <param name="Uid">The object must be this very one, not a later one of the same name.</param>
/// <param name="ResourceVersion">The object must not have changed since this version.</param>
public sealed record Preconditions(string? Uid = null, string? ResourceVersion = null);
