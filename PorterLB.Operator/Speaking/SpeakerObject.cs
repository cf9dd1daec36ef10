using System.Buffers;
using System.Text.Json;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>What a speaker does, as its Speaker object says it.</summary>
internal static class SpeakerObject
{
    public static V1Alpha2SpeakerStatus Of(SpeakerStatus status, string version, DateTimeOffset startedAt, bool leaving) => new()
    {
        Addresses = status.Announced.Length,
        PeersAlive = status.Peers.Where(peer => peer.Alive).Select(peer => peer.Node).Distinct(StringComparer.Ordinal).Count(),
        ConflictCount = status.Conflicts.Length,
        Version = version,
        StartedAt = startedAt,
        Leaving = leaving,
        Interfaces =
        [
            .. status.Interfaces.DistinctBy(item => item.Name).OrderBy(item => item.Name, StringComparer.Ordinal).Select(item => new V1Alpha2SpeakerInterface
            {
                Name = item.Name,
                Mac = item.Mac.IsZero ? null : $"{item.Mac}",
                Subnets = [.. item.Subnets.Select(subnet => $"{subnet}").Order(StringComparer.Ordinal)],
                Up = item.Up,
                Skipped = item.Skipped,
                Deaf = item.Deaf,
            }),
        ],
        Announced =
        [
            .. status.Announced
                .GroupBy(item => (item.Interface, item.Mac, Since: Second(item.Since), Epoch: item.Term > 0 ? item.Epoch : (long?)null, Term: item.Term > 0 ? item.Term : (int?)null))
                .SelectMany(group => RangeSet.Collapse(group.Select(item => item.Address)).Select(range => new V1Alpha2AnnouncedRange
                {
                    Addresses = $"{range}",
                    Interface = group.Key.Interface,
                    Mac = $"{group.Key.Mac}",
                    Since = group.Key.Since,
                    Epoch = group.Key.Epoch,
                    Term = group.Key.Term,
                }))
                .OrderBy(item => item.Addresses, StringComparer.Ordinal),
        ],
        Peers =
        [
            .. status.Peers.OrderBy(peer => peer.Node, StringComparer.Ordinal).ThenBy(peer => peer.Interface, StringComparer.Ordinal)
                .Select(peer => new V1Alpha2SpeakerPeer { Node = peer.Node, Interface = peer.Interface, Alive = peer.Alive, Direct = peer.Direct }),
        ],
        Conflicts =
        [
            .. status.Conflicts.OrderBy(item => $"{item.Address}", StringComparer.Ordinal).Select(item => new V1Alpha2AddressConflict
            {
                Address = $"{item.Address}",
                Interface = item.Interface,
                Mac = $"{item.Mac}",
                Since = Second(item.Since),
                Announced = item.Announced,
            }),
        ],
        Refused =
        [
            .. status.Refused.Select(item => new V1Alpha2RefusedSpeaker { Node = item.Node, Interface = item.Interface, Mac = $"{item.Mac}", Since = Second(item.Since) }),
        ],
    };

    public static V1Alpha2SpeakerCounters Counters(SpeakerTotals totals) => new()
    {
        Answers = totals.Answers,
        Announcements = totals.Announcements,
        Takeovers = totals.Takeovers,
        HellosRefused = totals.HellosRefused,
    };

    public static byte[] Json(V1Alpha2SpeakerStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName("status");
            JsonSerializer.Serialize(json, status, OperatorJsonContext.Default.V1Alpha2SpeakerStatus);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // The API keeps whole seconds; finer ones would only keep addresses from being told of as one range.
    private static DateTimeOffset Second(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), time.Offset);
}
