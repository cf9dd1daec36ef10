using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Election;

/// <summary>Whether a node's speaker lives, as far as the manager can tell.</summary>
internal enum Presence
{
    /// <summary>No speaker ever ran there, or it has not been heard of for long.</summary>
    Silent,

    /// <summary>Its lease is renewed, or a living speaker hears it.</summary>
    Present,

    /// <summary>Those that heard it hear it no more: it is dead, whatever its lease says.</summary>
    Unheard,
}

/// <summary>An interface as its speaker tells of it.</summary>
internal sealed record InterfaceFacts(string Name, bool Usable, string? Obstacle, ImmutableArray<IPNetwork> Subnets);

/// <summary>All that an election asks about a node.</summary>
internal sealed record NodeFacts
{
    public required NodeView Node { get; init; }

    public Presence Presence { get; init; }

    public ImmutableArray<InterfaceFacts> Interfaces { get; init; } = [];

    public string Name => Node.Name;

    public static ImmutableArray<InterfaceFacts> InterfacesOf(V1Alpha2Speaker speaker) =>
    [
        .. speaker.Status.Interfaces.Select(item => new InterfaceFacts(
            item.Name,
            item.Up && item.Skipped is null,
            item.Skipped ?? (item.Up ? null : "it is down"),
            [.. item.Subnets.Select(subnet => IPNetwork.TryParse(subnet, out var network) ? network : (IPNetwork?)null).OfType<IPNetwork>()])),
    ];
}
