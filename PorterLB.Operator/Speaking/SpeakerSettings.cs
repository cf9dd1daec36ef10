namespace PorterLB.Operator.Speaking;

/// <summary>What the speaker's flags say.</summary>
/// <param name="NodeName">The Node that this runs on.</param>
/// <param name="Namespace">Where the lease and the hello keys live.</param>
/// <param name="HelloPort">UDP port of the hellos.</param>
/// <param name="StateFolder">Where rights and identity survive the process, or null.</param>
/// <param name="IgnoreExcludeLabel">Whether nodes that are excluded from load balancers may announce all the same; as for the manager.</param>
internal sealed record SpeakerSettings(string NodeName, string Namespace, ushort HelloPort, string? StateFolder, bool IgnoreExcludeLabel);
