using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Speaker;

/// <summary>A snapshot of what a speaker does; a new one is made on change only.</summary>
public sealed record SpeakerStatus
{
    /// <summary>Nothing known yet.</summary>
    public static SpeakerStatus Empty { get; } = new();

    /// <summary>Every interface looked at, usable or not, by name.</summary>
    public ImmutableArray<InterfaceStatus> Interfaces { get; init; } = [];

    /// <summary>Addresses answered for by this speaker now.</summary>
    public ImmutableArray<AnnouncedAddress> Announced { get; init; } = [];

    /// <summary>Speakers heard, per interface.</summary>
    public ImmutableArray<PeerStatus> Peers { get; init; } = [];

    /// <summary>Addresses that another machine, no speaker, answers for.</summary>
    public ImmutableArray<AddressConflict> Conflicts { get; init; } = [];

    /// <summary>Speakers of this cluster that sign with another key, heard within the last 10 s: of at most 16 hardware addresses per interface.</summary>
    public ImmutableArray<RefusedPeer> Refused { get; init; } = [];
}

/// <summary>One interface of the node.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="Mac">Its hardware address now.</param>
/// <param name="Subnets">The networks of its addresses, as address/prefix length.</param>
/// <param name="Up">Administratively up and with carrier.</param>
/// <param name="Skipped">Why nothing is announced on it (bridge port, loopback, NOARP, …), or null.</param>
/// <param name="Deaf">Whether nothing is heard on it: neither a hello nor any neighbour's answer.</param>
public sealed record InterfaceStatus(string Name, MacAddress Mac, ImmutableArray<IPNetwork> Subnets, bool Up, string? Skipped, bool Deaf);

/// <summary>One address that this speaker answers for.</summary>
/// <param name="Address">The address.</param>
/// <param name="Interface">Where.</param>
/// <param name="Mac">With which hardware address.</param>
/// <param name="Since">Since when (wall clock, for people).</param>
/// <param name="Epoch">The epoch under which it is held.</param>
/// <param name="Term">0 for an elected holder; greater for a take-over.</param>
public sealed record AnnouncedAddress(IPAddress Address, string Interface, MacAddress Mac, DateTimeOffset Since, long Epoch, int Term);

/// <summary>Another speaker on one of the segments.</summary>
/// <param name="Node">Its node's name.</param>
/// <param name="Interface">Where it is heard.</param>
/// <param name="Alive">Heard, by itself or through others, within the dead-after time.</param>
/// <param name="Direct">Whether its own hellos arrive here.</param>
public sealed record PeerStatus(string Node, string Interface, bool Alive, bool Direct);

/// <summary>An address for which a stranger answers.</summary>
/// <param name="Address">The address.</param>
/// <param name="Interface">Where it was seen.</param>
/// <param name="Mac">The stranger's hardware address.</param>
/// <param name="Since">First seen (wall clock, for people).</param>
/// <param name="Announced">Whether we announce it all the same.</param>
public sealed record AddressConflict(IPAddress Address, string Interface, MacAddress Mac, DateTimeOffset Since, bool Announced);

/// <summary>A speaker of this cluster whose hellos none of our keys signed: what it says is not believed.</summary>
/// <param name="Node">The name that it gives itself, unproven; null when it is none.</param>
/// <param name="Interface">Where it is heard.</param>
/// <param name="Mac">Where its frames come from.</param>
/// <param name="Since">First heard (wall clock, for people).</param>
public sealed record RefusedPeer(string? Node, string Interface, MacAddress Mac, DateTimeOffset Since);
