using System.Buffers;
using System.Text.Json;
using PorterLB.Operator.Entities;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>What a speaker does, as its Speaker object says it.</summary>
internal static class SpeakerObject
{
    // As the schema says: an object with more would not be stored at all.
    private const int MostInterfaces = 1024;
    private const int MostPeers = 4096;
    private const int MostConflicts = 1024;

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
            .. status.Interfaces.DistinctBy(item => item.Name).OrderBy(item => item.Name, StringComparer.Ordinal).Take(MostInterfaces).Select(item => new V1Alpha2SpeakerInterface
            {
                Name = item.Name,
                Mac = item.Mac.IsZero ? null : $"{item.Mac}",
                Subnets = [.. item.Subnets.Select(subnet => $"{subnet}").Order(StringComparer.Ordinal)],
                Up = item.Up,
                Skipped = item.Skipped,
                Deaf = item.Deaf,
            }),
        ],
        Announced = AnnouncedRanges.Of(status.Announced),
        Peers =
        [
            .. status.Peers.OrderBy(peer => peer.Node, StringComparer.Ordinal).ThenBy(peer => peer.Interface, StringComparer.Ordinal)
                .Take(MostPeers).Select(peer => new V1Alpha2SpeakerPeer { Node = peer.Node, Interface = peer.Interface, Alive = peer.Alive, Direct = peer.Direct }),
        ],
        Conflicts =
        [
            .. status.Conflicts.OrderBy(item => $"{item.Address}", StringComparer.Ordinal).Take(MostConflicts).Select(item => new V1Alpha2AddressConflict
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

    // The API keeps whole seconds.
    private static DateTimeOffset Second(DateTimeOffset time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), time.Offset);
}
