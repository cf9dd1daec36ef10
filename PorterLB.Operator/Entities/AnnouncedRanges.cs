using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Speaker;

namespace PorterLB.Operator.Entities;

/// <summary>
/// What a speaker announces, as its object tells it. Addresses told of in the same words are one entry; of ten thousand that lie apart and
/// were taken at other times, the words become coarser rather than the object larger than etcd takes (1.5 MB).
/// </summary>
internal static class AnnouncedRanges
{
    public const int MostEntries = 2048;

    // Of 39 characters at most, where addresses lie apart: 640 KB.
    private const int MostRanges = 16_384;

    // A Speaker object that claims more than this says nothing useful, and must not cost the manager its memory.
    private const int MostRead = 65_536;

    // The API keeps whole seconds.
    private static readonly TimeSpan[] Precisions = [TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1)];

    /// <summary>As few entries as tell all; at most 16,384 ranges are listed.</summary>
    public static IReadOnlyList<V1Alpha2AnnouncedRange> Of(IReadOnlyCollection<AnnouncedAddress> announced)
    {
        var entries = Precisions.Select(precision => Group(announced, precision)).FirstOrDefault(groups => groups.Count <= MostEntries) ?? Group(announced, Precisions[^1]);
        var left = MostRanges;
        var result = new List<V1Alpha2AnnouncedRange>();
        foreach (var (words, addresses) in entries.Take(MostEntries))
        {
            var ranges = RangeSet.Collapse(addresses);
            if (left == 0)
            {
                break;
            }

            result.Add(words with { Addresses = string.Join(',', ranges.Take(left)) });
            left -= Math.Min(left, ranges.Length);
        }

        return [.. result.OrderBy(item => item.Addresses, StringComparer.Ordinal)];
    }

    /// <summary>Every address, with the words that it is told of in. What cannot be read is left out.</summary>
    public static IEnumerable<(IPAddress Address, V1Alpha2AnnouncedRange Words)> Read(V1Alpha2SpeakerStatus status) => All(status).Take(MostRead);

    private static IEnumerable<(IPAddress Address, V1Alpha2AnnouncedRange Words)> All(V1Alpha2SpeakerStatus status)
    {
        foreach (var item in status.Announced)
        {
            foreach (var text in item.Addresses.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!AddressRange.TryParse(text, out var range, out _))
                {
                    continue;
                }

                var number = range.First;
                while (true)
                {
                    yield return (number.ToAddress(range.Family), item);
                    if (number++ == range.Last)
                    {
                        break;
                    }
                }
            }
        }
    }

    // Which election it was taken over from matters between two that hold an address at once; where words must be saved, they are saved here.
    private static Dictionary<V1Alpha2AnnouncedRange, List<IPAddress>> Group(IEnumerable<AnnouncedAddress> announced, TimeSpan precision)
    {
        var groups = new Dictionary<V1Alpha2AnnouncedRange, List<IPAddress>>();
        foreach (var item in announced)
        {
            var words = new V1Alpha2AnnouncedRange
            {
                Interface = item.Interface,
                Mac = $"{item.Mac}",
                Since = new DateTimeOffset(item.Since.Ticks - (item.Since.Ticks % precision.Ticks), item.Since.Offset),
                Epoch = item.Term > 0 && precision == Precisions[0] ? item.Epoch : null,
                Term = item.Term > 0 ? item.Term : null,
            };
            (groups.TryGetValue(words, out var addresses) ? addresses : groups[words] = []).Add(item.Address);
        }

        return groups;
    }
}
