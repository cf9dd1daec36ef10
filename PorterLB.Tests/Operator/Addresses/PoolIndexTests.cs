using System.Numerics;
using CsCheck;
using PorterLB.Operator.Addresses;

namespace PorterLB.Tests.Operator.Addresses;

public sealed class PoolIndexTests
{
    private static PoolIndex Index(bool avoidBuggy, params string[] ranges) =>
        new(ranges[0].Contains(':', StringComparison.Ordinal) ? IpFamily.IPv6 : IpFamily.IPv4, ranges.Select(AddressRange.Parse), [], avoidBuggy);

    [Theory]
    [InlineData("10.0.0.0/8")]
    [InlineData("fd00::/64")]
    [InlineData("::/0")]
    public void A_huge_pool_costs_what_a_small_one_costs(string range)
    {
        var index = Index(avoidBuggy: true, range);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(index.Take(index.LowestFree!.Value));
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
        Assert.Equal(index.Size - 10_000, index.Free);
    }

    [Fact]
    public void The_same_history_takes_the_same_number_of_comparisons_whatever_the_size_of_the_pool()
    {
        var counts = new[] { "10.0.0.0/28", "10.0.0.0/8", "fd00::/64", "::/0" }.Select(range => Comparisons(range, addresses: 14)).ToArray();
        Assert.All(counts, count => Assert.Equal(counts[0], count));

        // And of the addresses in use only the logarithm counts: a hundred times as many cost less than three times as much each.
        var few = Comparisons("10.0.0.0/8", 100) / 100.0;
        var many = Comparisons("10.0.0.0/8", 10_000) / 10_000.0;
        Assert.InRange(many / few, 0, 3);
    }

    // Every address is taken, every other one returned and taken again.
    private static long Comparisons(string range, int addresses)
    {
        var count = 0L;
        var pool = AddressRange.Parse(range);
        var index = new PoolIndex(pool.Family, [pool], [], avoidBuggyAddresses: false, Comparer<PoolIndex.Gap>.Create((one, other) =>
        {
            count++;
            return PoolIndex.ByFirst.Compare(one, other);
        }));
        var taken = new List<UInt128>();
        for (var i = 0; i < addresses; i++)
        {
            taken.Add(index.LowestFree!.Value);
            Assert.True(index.Take(taken[i]));
        }

        for (var i = 0; i < addresses; i += 2)
        {
            Assert.True(index.Return(taken[i]));
        }

        for (var i = 0; i < addresses; i += 2)
        {
            Assert.Equal(taken[i], index.LowestFree);
            Assert.True(index.Take(taken[i]));
        }

        return count;
    }

    [Fact]
    public void Buggy_addresses_are_counted_out_exactly()
    {
        Assert.Equal(BigInteger.Pow(2, 24) - (2 * BigInteger.Pow(2, 16)), Index(avoidBuggy: true, "10.0.0.0/8").Size);
        Assert.Equal(254, Index(avoidBuggy: true, "192.168.0.0/24").Size);
        Assert.Equal(0, Index(avoidBuggy: true, "192.168.0.255-192.168.1.0").Size);
        Assert.Null(Index(avoidBuggy: true, "192.168.0.255-192.168.1.0").LowestFree);
    }

    [Fact]
    public void A_full_pool_whose_gaps_are_all_left_out_has_nothing_free()
    {
        var index = Index(avoidBuggy: true, "10.0.0.0/20");
        while (index.LowestFree is { } lowest)
        {
            index.Take(lowest);
        }

        Assert.Equal(0, index.Free);
        Assert.True(index.Return(AddressRange.Parse("10.0.7.17").First));
        Assert.Equal("10.0.7.17", index.LowestFree!.Value.ToAddress(IpFamily.IPv4).ToString());
        Assert.Equal(1, index.Free);
    }

    [Fact]
    public void It_agrees_with_a_plain_list_over_any_history()
    {
        var range = Gen.Select(Gen.Int[200, 560], Gen.Int[0, 90], (first, length) => new AddressRange(IpFamily.IPv4, (UInt128)first, (UInt128)(first + length)));
        var step = Gen.Select(Gen.Bool, Gen.Int[190, 660]);
        Gen.Select(range.Array[1, 3], range.Array[0, 2], Gen.Bool, step.Array[0, 200]).Sample((ranges, excludes, avoidBuggy, steps) =>
        {
            var index = new PoolIndex(IpFamily.IPv4, ranges, excludes, avoidBuggy);
            var all = Enumerable.Range(0, 1000)
                .Where(number => ranges.Any(r => r.Contains((UInt128)number)) && !excludes.Any(r => r.Contains((UInt128)number)))
                .Where(number => !avoidBuggy || number % 256 is not (0 or 255))
                .ToHashSet();
            var free = new SortedSet<int>(all);
            Assert.Equal(all.Count, index.Size);
            foreach (var (take, number) in steps)
            {
                var target = take && free.Count > 0 && number % 2 == 0 ? free.Min : number;
                Assert.Equal(take ? free.Remove(target) : all.Contains(target) && free.Add(target), take ? index.Take((UInt128)target) : index.Return((UInt128)target));
                Assert.Equal(free.Count, index.Free);
                Assert.Equal(free.Count == 0 ? null : free.Min, (int?)index.LowestFree);
                Assert.Equal(free.Contains(number), index.IsFree((UInt128)number));
            }
        });
    }
}
