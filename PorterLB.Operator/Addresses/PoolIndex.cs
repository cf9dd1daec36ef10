using System.Collections.Immutable;
using System.Net;
using System.Numerics;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Which addresses of a pool are free, for one family. Kept as the gaps between what is taken: the lowest free address is the start of
/// the first gap, taking and returning one splits or joins gaps, and nothing ever walks a range. Cost and memory grow with the number of
/// gaps, never with the size of the pool.
/// </summary>
internal sealed class PoolIndex
{
    public static readonly IComparer<Gap> ByFirst = Comparer<Gap>.Create(static (a, b) => a.First.CompareTo(b.First));
    private readonly ImmutableArray<AddressRange> _ranges;
    private readonly bool _avoidBuggy;
    private readonly SortedSet<Gap> _gaps;
    private BigInteger _taken;

    /// <param name="family">The family; ranges of the other are ignored.</param>
    /// <param name="ranges">What the pool has; may overlap.</param>
    /// <param name="excludes">What of it is never given out; may overlap and reach beyond the pool.</param>
    /// <param name="avoidBuggyAddresses">Leave out IPv4 addresses that end in .0 or .255: some routers drop traffic to them.</param>
    /// <param name="order">How gaps are compared, by their first address; for whoever counts how often.</param>
    public PoolIndex(
        IpFamily family, IEnumerable<AddressRange> ranges, IEnumerable<AddressRange> excludes, bool avoidBuggyAddresses, IComparer<Gap>? order = null)
    {
        Family = family;
        _gaps = new SortedSet<Gap>(order ?? ByFirst);
        _avoidBuggy = avoidBuggyAddresses && family == IpFamily.IPv4;
        _ranges = RangeSet.Except(
            RangeSet.Union(ranges.Where(range => range.Family == family)),
            RangeSet.Union(excludes.Where(range => range.Family == family)));
        foreach (var range in _ranges)
        {
            Size += range.Size - BuggyIn(range.First, range.Last);
            AddGap(range.First, range.Last);
        }
    }

    public IpFamily Family { get; }

    /// <summary>How many addresses can be given out in all.</summary>
    public BigInteger Size { get; }

    public BigInteger Free => Size - _taken;

    public UInt128? LowestFree => _gaps.Min?.First;

    /// <summary>Whether this address can be given out at all.</summary>
    public bool Contains(UInt128 number) => RangeOf(number) is not null && !IsBuggy(number);

    public bool IsFree(UInt128 number) => Contains(number) && GapAt(number) is not null;

    /// <summary>Marks an address as taken.</summary>
    /// <returns>False if it is no free address of this pool.</returns>
    public bool Take(UInt128 number)
    {
        if (!Contains(number) || GapAt(number) is not { } gap)
        {
            return false;
        }

        _gaps.Remove(gap);
        if (number > gap.First)
        {
            AddGap(gap.First, number - 1);
        }

        if (number < gap.Last)
        {
            AddGap(number + 1, gap.Last);
        }

        _taken++;
        return true;
    }

    /// <summary>Marks an address as free again.</summary>
    /// <returns>False if it is no taken address of this pool.</returns>
    public bool Return(UInt128 number)
    {
        if (RangeOf(number) is not { } range || IsBuggy(number) || GapAt(number) is not null)
        {
            return false;
        }

        // Gaps never begin or end with an address that is left out, so a neighbour may lie up to two addresses away.
        var first = number;
        while (first > range.First && IsBuggy(first - 1))
        {
            first--;
        }

        var last = number;
        while (last < range.Last && IsBuggy(last + 1))
        {
            last++;
        }

        if (first > range.First && GapAt(first - 1) is { } below)
        {
            _gaps.Remove(below);
            first = below.First;
        }

        if (last < range.Last && GapAt(last + 1) is { } above)
        {
            _gaps.Remove(above);
            last = above.Last;
        }

        AddGap(first, last);
        _taken--;
        return true;
    }

    /// <summary>Whether it is one of those that some old equipment drops traffic to: IPv4, and ends in .0 or .255.</summary>
    public static bool IsBuggyAddress(IPAddress address) => address.Family() == IpFamily.IPv4 && IsBuggyNumber(address.ToNumber());

    private static bool IsBuggyNumber(UInt128 number) => (byte)number is 0 or 255;

    // How many of 0..number end in .0 or .255.
    private static BigInteger BuggyUpTo(UInt128 number) => ((BigInteger)(number >> 8) * 2) + ((byte)number == 255 ? 2 : 1);

    private bool IsBuggy(UInt128 number) => _avoidBuggy && IsBuggyNumber(number);

    private BigInteger BuggyIn(UInt128 first, UInt128 last) =>
        _avoidBuggy ? BuggyUpTo(last) - (first == 0 ? 0 : BuggyUpTo(first - 1)) : 0;

    private void AddGap(UInt128 first, UInt128 last)
    {
        while (IsBuggy(first) && first < last)
        {
            first++;
        }

        while (IsBuggy(last) && last > first)
        {
            last--;
        }

        if (!IsBuggy(first))
        {
            _gaps.Add(new Gap(first, last));
        }
    }

    private Gap? GapAt(UInt128 number)
    {
        if (_gaps.Count == 0)
        {
            return null;
        }

        var gap = _gaps.GetViewBetween(new Gap(0, 0), new Gap(number, number)).Max;
        return gap is not null && number <= gap.Last ? gap : null;
    }

    private AddressRange? RangeOf(UInt128 number)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].Contains(number))
            {
                return _ranges[middle];
            }

            if (_ranges[middle].First > number)
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        return null;
    }

    /// <summary>Consecutive free addresses.</summary>
    internal sealed record Gap(UInt128 First, UInt128 Last);
}
