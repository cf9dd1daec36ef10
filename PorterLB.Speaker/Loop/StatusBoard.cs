using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>Puts what all segments do into one status for people, in an order of its own, so that two can be compared.</summary>
/// <param name="allowedNames">The interfaces that may be used; empty: all.</param>
/// <param name="clock">To say times by the wall clock.</param>
internal sealed class StatusBoard(ImmutableArray<string> allowedNames, MachineClock clock)
{
    private readonly Dictionary<(int, IPAddress), (TimeSpan Since, DateTimeOffset Wall)> _wallTimes = [];

    /// <summary>The status as it is now.</summary>
    public SpeakerStatus Make(ImmutableArray<LocalInterface> interfaces, ImmutableDictionary<int, Segment> segments)
    {
        var allowed = new InterfaceChoice(interfaces, allowedNames, _ => null).Usable.Select(usable => usable.Index).ToHashSet();
        var held = segments.SelectMany(pair => pair.Value.Machine.Held.Select(address => (pair.Key, pair.Value, Held: address))).ToArray();
        foreach (var gone in _wallTimes.Keys.Except(held.Select(entry => (entry.Key, entry.Held.Address))).ToArray())
        {
            _wallTimes.Remove(gone);
        }

        return new SpeakerStatus
        {
            Interfaces =
            [
                .. interfaces.OrderBy(candidate => candidate.Name, StringComparer.Ordinal).Select(candidate => new InterfaceStatus(
                    candidate.Name,
                    candidate.Mac,
                    candidate.Subnets,
                    candidate.Up,
                    candidate.Skipped ?? (allowed.Contains(candidate.Index) ? null : "not among the interfaces that may be used"),
                    segments.TryGetValue(candidate.Index, out var segment) && segment.Machine.Deaf)),
            ],
            Announced =
            [
                .. held.OrderBy(entry => entry.Held.Address.ToString(), StringComparer.Ordinal).Select(entry => new AnnouncedAddress(
                    entry.Held.Address,
                    entry.Value.Interface.Name,
                    entry.Value.Interface.Mac,
                    WallTime((entry.Key, entry.Held.Address), entry.Held.Since),
                    entry.Held.Rank.Epoch,
                    entry.Held.Rank.Term)),
            ],
            Peers =
            [
                .. from segment in segments.Values
                   from peer in segment.Machine.Peers
                   orderby peer.Node, segment.Interface.Name
                   select new PeerStatus(peer.Node, segment.Interface.Name, peer.Alive, peer.Direct),
            ],
            Conflicts =
            [
                .. from segment in segments.Values
                   from conflict in segment.Machine.Conflicts
                   select new AddressConflict(
                       conflict.Address, segment.Interface.Name, conflict.Mac, clock.ToWallClock(conflict.Since), conflict.Announced),
            ],
            Refused =
            [
                .. from segment in segments.Values
                   from refused in segment.Neighbors.Refused
                   orderby refused.Node, refused.Mac.ToString(), segment.Interface.Name
                   select new RefusedPeer(refused.Node, segment.Interface.Name, refused.Mac, clock.ToWallClock(refused.Since)),
            ],
        };
    }

    /// <summary>Reckoned once: the difference between the clocks wanders, and a time that wanders would be a change of status.</summary>
    private DateTimeOffset WallTime((int, IPAddress) key, TimeSpan since)
    {
        if (!_wallTimes.TryGetValue(key, out var known) || known.Since != since)
        {
            known = (since, clock.ToWallClock(since));
            _wallTimes[key] = known;
        }

        return known.Wall;
    }

    /// <summary>Whether two say the same, but for times that are reckoned anew each time.</summary>
    public static bool Same(SpeakerStatus left, SpeakerStatus right) =>
        left.Announced.AsSpan().SequenceEqual(right.Announced.AsSpan())
        && left.Peers.AsSpan().SequenceEqual(right.Peers.AsSpan())
        && left.Conflicts.Select(WithoutTime).SequenceEqual(right.Conflicts.Select(WithoutTime))
        && left.Refused.Select(WithoutTime).SequenceEqual(right.Refused.Select(WithoutTime))
        && left.Interfaces.Select(WithoutSubnets).SequenceEqual(right.Interfaces.Select(WithoutSubnets))
        && left.Interfaces.SelectMany(each => each.Subnets).SequenceEqual(right.Interfaces.SelectMany(each => each.Subnets));

    private static AddressConflict WithoutTime(AddressConflict conflict) => conflict with { Since = default };

    private static RefusedPeer WithoutTime(RefusedPeer refused) => refused with { Since = default };

    private static InterfaceStatus WithoutSubnets(InterfaceStatus status) => status with { Subnets = default };
}
