using PorterLB.Reconciler.Caching;

namespace PorterLB.Reconciler.Client;

/// <summary>An object of the server that does not fit the C# type, so that one bad object never hides the others.</summary>
/// <param name="Key">Which object, as far as its metadata could be read.</param>
/// <param name="Reason">What did not fit, and where in the object.</param>
public sealed record UnreadableEntity(EntityKey Key, string Reason);
