using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Speaker;

/// <summary>
/// Everything that a speaker is told: the whole truth, not a change. An address that was in the last
/// <see cref="Rights"/> and is missing here has been released.
/// </summary>
/// <param name="Addresses">By address. IPv4-mapped IPv6 addresses are not allowed: map them to IPv4 first.</param>
public sealed record Rights(ImmutableDictionary<IPAddress, AddressRights> Addresses)
{
    /// <summary>
    /// Where addresses may come later: their segments are listened to from now on, so that the first address of one need not wait until
    /// it is known who else is there.
    /// </summary>
    public ImmutableArray<ExpectedAddresses> Expected { get; init; } = [];

    /// <summary>No addresses at all.</summary>
    public static Rights None { get; } = new(ImmutableDictionary<IPAddress, AddressRights>.Empty);
}

/// <summary>A range of which addresses may be given out.</summary>
/// <param name="First">Any address of it.</param>
/// <param name="Interfaces">As in <see cref="AddressRights.Interfaces"/>.</param>
public sealed record ExpectedAddresses(IPAddress First, ImmutableArray<string> Interfaces)
{
    /// <inheritdoc/>
    public bool Equals(ExpectedAddresses? other) => other is not null && First.Equals(other.First) && Interfaces.SequenceEqual(other.Interfaces, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => First.GetHashCode();
}

/// <summary>Who may answer for one address, and how (protocol: the rights come from outside, the ownership is decided on the wire).</summary>
public sealed record AddressRights
{
    /// <summary>The address to answer for.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>
    /// The epoch of the election: grows with every election of this address, whoever holds it, and never restarts.
    /// In Kubernetes it is the resourceVersion of the Service that the election was based on.
    /// </summary>
    public required long Epoch { get; init; }

    /// <summary>The node that was elected, or null when nobody could be.</summary>
    public required string? Elected { get; init; }

    /// <summary>The nodes that may hold the address, in ordinal order, the elected one among them if it may.</summary>
    public required ImmutableArray<string> Eligible { get; init; }

    /// <summary>
    /// Where to answer: interface names or globs (<c>eth*</c>), or <c>can_reach:IP</c> for the interface of the route to that
    /// address. Empty: the interface whose subnet holds the address.
    /// </summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>How to answer.</summary>
    public AnnouncementPolicy Policy { get; init; } = AnnouncementPolicy.Default;
}

/// <summary>What to do when another machine already answers for an address that no speaker has held.</summary>
public enum ConflictPolicy
{
    /// <summary>Do not announce; report the conflict; ask again.</summary>
    Refuse,

    /// <summary>Announce all the same; report the conflict.</summary>
    Announce,
}

/// <summary>How an address is announced.</summary>
public sealed record AnnouncementPolicy
{
    /// <summary>The defaults: probe first, refuse on conflict, hello each 100 ms, dead after 400 ms, no refresh.</summary>
    public static AnnouncementPolicy Default { get; } = new();

    /// <summary>Interval between two hellos of a speaker on a segment. The smallest of all addresses on an interface counts.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A speaker not heard for this long is dead. At least 3 × <see cref="HeartbeatInterval"/>.</summary>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Whether to ask (RFC 5227 probe, RFC 4862 DAD) before the first announcement of an address that no speaker has held.</summary>
    public bool Probe { get; init; } = true;

    /// <summary>What to do when the probe is answered by a stranger.</summary>
    public ConflictPolicy OnConflict { get; init; } = ConflictPolicy.Refuse;

    /// <summary>Interval of gratuitous announcements for ever after the claim burst; zero means never.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.Zero;
}
