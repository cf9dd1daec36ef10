using System.Collections.Immutable;

namespace PorterLB.Speaker;

/// <summary>What a speaker must know before it starts.</summary>
public sealed record SpeakerOptions
{
    /// <summary>This node's name: 1 to 253 bytes, unique among the speakers, and how <see cref="AddressRights"/> name it.</summary>
    public required string NodeName { get; init; }

    /// <summary>Eight bytes that name the cluster: speakers of another cluster on the same segment are ignored.</summary>
    public required ImmutableArray<byte> ClusterTag { get; init; }

    /// <summary>One or two keys of at least 16 bytes, better 32 random ones. The first signs hellos, both are accepted.</summary>
    public required ImmutableArray<byte[]> Keys { get; init; }

    /// <summary>UDP port of the hellos, the same on all speakers.</summary>
    public ushort HelloPort { get; init; } = 7474;

    /// <summary>
    /// Where the rights are kept for the next start, should their source be out of reach then. They are used when they are of the same
    /// boot and at most 60 s old. Null: nowhere.
    /// </summary>
    public string? StateFile { get; init; }

    /// <summary>Names or globs (<c>eth*</c>) of the interfaces that may be used. Empty: all that can carry announcements.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Where the jitter of the hellos comes from. Null: a generator seeded by the operating system.</summary>
    public Random? Random { get; init; }
}
