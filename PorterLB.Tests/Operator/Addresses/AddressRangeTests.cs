using System.Net;
using System.Numerics;
using CsCheck;
using PorterLB.Operator.Addresses;

namespace PorterLB.Tests.Operator.Addresses;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("192.168.0.91", "192.168.0.91", 1)]
    [InlineData("192.168.0.0/28", "192.168.0.0-192.168.0.15", 16)]
    [InlineData("192.168.0.91/24", "192.168.0.0-192.168.0.255", 256)]
    [InlineData(" 192.168.0.91 - 192.168.0.104 ", "192.168.0.91-192.168.0.104", 14)]
    [InlineData("10.0.0.1/32", "10.0.0.1", 1)]
    [InlineData("fd00::91", "fd00::91", 1)]
    [InlineData("fd00::/120", "fd00::-fd00::ff", 256)]
    [InlineData("fd00::91-fd00::a0", "fd00::91-fd00::a0", 16)]
    public void What_users_write_is_read(string text, string range, long size)
    {
        var parsed = AddressRange.Parse(text);
        Assert.Equal(range, parsed.ToString());
        Assert.Equal(size, parsed.Size);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("1", "'1' is no address")]
    [InlineData("0x7f.0.0.1", "is no address")]
    [InlineData("192.168.0.300", "'300' is above 255")]
    [InlineData("192.168.010.1", "write 10")]
    [InlineData("192.168.0.0/33", "no prefix length from 0 to 32")]
    [InlineData("192.168.0.0/255.255.255.0", "write the prefix length: 192.168.0.0/24")]
    [InlineData("192.168.0.104-192.168.0.91", "write 192.168.0.91-192.168.0.104")]
    [InlineData("192.168.0.91-104", "write it out: 192.168.0.91-192.168.0.104")]
    [InlineData("192.168.0.91-fd00::1", "a range for each family")]
    [InlineData("192.168.0.0/24-192.168.1.0/24", "mixes a CIDR with a range")]
    [InlineData("1.2.3.4-1.2.3.5-1.2.3.6", "more than one dash")]
    [InlineData("fe80::1%eth0", "write it without '%eth0'")]
    [InlineData("::ffff:192.168.0.1", "write 192.168.0.1")]
    [InlineData("[fd00::1]", "is no IPv6 address")]
    [InlineData("lan", "is no address")]
    public void What_is_wrong_is_said_with_what_would_be_right(string text, string words)
    {
        Assert.False(AddressRange.TryParse(text, out _, out var problem));
        Assert.Contains(words, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_are_exact_at_any_width()
    {
        Assert.Equal(BigInteger.Pow(2, 24), AddressRange.Parse("10.0.0.0/8").Size);
        Assert.Equal(BigInteger.Pow(2, 32), AddressRange.Parse("0.0.0.0/0").Size);
        Assert.Equal(BigInteger.Pow(2, 64), AddressRange.Parse("fd00::/64").Size);
        Assert.Equal(BigInteger.Pow(2, 128), AddressRange.Parse("::/0").Size);
    }

    [Fact]
    public void Every_address_survives_the_way_to_a_number_and_back() =>
        Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes))
            .Sample(address => address.ToNumber().ToAddress(IpFamily.IPv4).Equals(address));

    [Fact]
    public void Collapsed_ranges_hold_the_same_addresses() =>
        Gen.Int[0, 40].HashSet[0, 30].Sample(numbers =>
        {
            var ranges = RangeSet.Collapse(numbers.Select(number => ((UInt128)number).ToAddress(IpFamily.IPv4)));
            var expanded = ranges.SelectMany(range => Enumerable.Range((int)range.First, (int)range.Size)).ToArray();
            return expanded.SequenceEqual(numbers.Order())
                && ranges.Zip(ranges.Skip(1)).All(pair => pair.First.Last + 1 < pair.Second.First);
        });
}
