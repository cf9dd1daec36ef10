using System.Collections.Immutable;

namespace PorterLB.Operator.Addresses;

/// <summary>Sets of ranges of one family as sorted, disjoint, not adjacent ranges.</summary>
internal static class RangeSet
{
    /// <summary>Sorts, joins what overlaps or touches.</summary>
    public static ImmutableArray<AddressRange> Union(IEnumerable<AddressRange> ranges)
    {
        var result = ImmutableArray.CreateBuilder<AddressRange>();
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            // "last + 1" would overflow at the end of IPv6; "first - 1" cannot below another range's last.
            if (result.Count > 0 && (range.First <= result[^1].Last || range.First - 1 == result[^1].Last))
            {
                result[^1] = result[^1] with { Last = UInt128.Max(result[^1].Last, range.Last) };
            }
            else
            {
                result.Add(range);
            }
        }

        return result.ToImmutable();
    }

    /// <summary>What is in <paramref name="ranges"/> and not in <paramref name="without"/>; both as <see cref="Union"/> returns them.</summary>
    public static ImmutableArray<AddressRange> Except(ImmutableArray<AddressRange> ranges, ImmutableArray<AddressRange> without)
    {
        var result = ImmutableArray.CreateBuilder<AddressRange>();
        var next = 0;
        foreach (var range in ranges)
        {
            while (next < without.Length && without[next].Last < range.First)
            {
                next++;
            }

            var first = range.First;
            var whole = true;
            for (var i = next; i < without.Length && without[i].First <= range.Last; i++)
            {
                if (without[i].First > first)
                {
                    result.Add(range with { First = first, Last = without[i].First - 1 });
                }

                if (without[i].Last >= range.Last)
                {
                    whole = false;
                    break;
                }

                first = without[i].Last + 1;
            }

            if (whole)
            {
                result.Add(range with { First = first });
            }
        }

        return result.ToImmutable();
    }

    /// <summary>The addresses as few ranges, in order, IPv4 before IPv6.</summary>
    public static ImmutableArray<AddressRange> Collapse(IEnumerable<System.Net.IPAddress> addresses) =>
        [.. addresses.Select(AddressRange.Of).GroupBy(range => range.Family).OrderBy(group => group.Key).SelectMany(group => Union(group))];
}
