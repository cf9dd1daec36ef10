namespace PorterLB.Speaker.Wire;

/// <summary>Neighbouring 32-bit numbers, both ends included: IPv4 addresses, or the last words of IPv6 addresses.</summary>
internal readonly record struct AddressRange(uint First, uint Last)
{
    /// <summary>The fewest ranges that hold these numbers and no other, in order.</summary>
    public static AddressRange[] Of(IEnumerable<uint> numbers)
    {
        List<AddressRange> ranges = [];
        foreach (var number in numbers.Distinct().Order())
        {
            if (ranges.Count > 0 && ranges[^1].Last == number - 1)
            {
                ranges[^1] = ranges[^1] with { Last = number };
            }
            else
            {
                ranges.Add(new AddressRange(number, number));
            }
        }

        return [.. ranges];
    }

    /// <summary>Joins ranges over the narrowest gaps until there are few enough.</summary>
    /// <param name="ranges">In order, with gaps between them.</param>
    /// <param name="count">How many may remain, at least 1.</param>
    /// <returns>The ranges, and how many numbers they hold that were in none before.</returns>
    public static (AddressRange[] Ranges, ulong Excess) Coarsen(AddressRange[] ranges, int count)
    {
        if (ranges.Length <= count)
        {
            return (ranges, 0);
        }

        var closed = Enumerable.Range(1, ranges.Length - 1)
            .OrderBy(i => ranges[i].First - ranges[i - 1].Last).Take(ranges.Length - count).ToHashSet();
        List<AddressRange> joined = [ranges[0]];
        ulong excess = 0;
        for (var i = 1; i < ranges.Length; i++)
        {
            if (closed.Contains(i))
            {
                excess += ranges[i].First - ranges[i - 1].Last - 1;
                joined[^1] = joined[^1] with { Last = ranges[i].Last };
            }
            else
            {
                joined.Add(ranges[i]);
            }
        }

        return ([.. joined], excess);
    }
}
