using System.Globalization;
using System.Net;
using System.Numerics;

namespace PorterLB.Operator.Addresses;

/// <summary>All addresses from the first to the last, both included: one address, a CIDR or "first-last", as users write it.</summary>
/// <param name="Family">Both ends are of this family.</param>
/// <param name="First">The lowest address.</param>
/// <param name="Last">The highest address, not below <paramref name="First"/>.</param>
internal readonly record struct AddressRange(IpFamily Family, UInt128 First, UInt128 Last)
{
    private const string Forms = "write one address (192.168.0.91), a CIDR (192.168.0.0/28) or a range (192.168.0.91-192.168.0.104), of IPv4 or IPv6";

    public IPAddress FirstAddress => First.ToAddress(Family);

    public IPAddress LastAddress => Last.ToAddress(Family);

    /// <summary>How many addresses. Exact: the whole of IPv6 has 2^128, one more than a UInt128 holds.</summary>
    public BigInteger Size => (BigInteger)(Last - First) + 1;

    public static AddressRange Of(IPAddress address)
    {
        var number = address.ToNumber();
        return new AddressRange(address.Family(), number, number);
    }

    public static AddressRange Parse(string text) =>
        TryParse(text, out var range, out var problem) ? range : throw new FormatException(problem);

    /// <summary>Reads one address, a CIDR (which counts its network and broadcast addresses) or "first-last".</summary>
    /// <param name="text">What the user wrote; spaces around the whole and around the dash are allowed.</param>
    /// <param name="range">The range; with bits set beyond the prefix of a CIDR, the network that holds the address.</param>
    /// <param name="problem">What is wrong and what would be right, or null.</param>
    public static bool TryParse(string? text, out AddressRange range, out string? problem)
    {
        range = default;
        var trimmed = text?.Trim() ?? "";
        if (trimmed.Length == 0)
        {
            problem = $"is empty; {Forms}";
            return false;
        }

        if (trimmed.Contains(',', StringComparison.Ordinal))
        {
            problem = $"'{trimmed}' has a comma; write each entry by itself: spec.addresses and spec.excludes take [{string.Join(", ", trimmed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}]";
            return false;
        }

        problem = trimmed.Contains('/', StringComparison.Ordinal) ? ReadCidr(trimmed, out range)
            : trimmed.Contains('-', StringComparison.Ordinal) ? ReadEnds(trimmed, out range)
            : ReadSingle(trimmed, out range);
        return problem is null;
    }

    public bool Contains(IPAddress address) => address.Family() == Family && Contains(address.ToNumber());

    public bool Contains(UInt128 number) => First <= number && number <= Last;

    public bool Overlaps(AddressRange other) => Family == other.Family && First <= other.Last && other.First <= Last;

    /// <summary>"a" or "a-b".</summary>
    public override string ToString() => First == Last ? $"{FirstAddress}" : $"{FirstAddress}-{LastAddress}";

    private static string? ReadSingle(string text, out AddressRange range)
    {
        range = default;
        if (!AddressText.TryParse(text, out var address, out var problem))
        {
            return problem;
        }

        range = Of(address);
        return null;
    }

    private static string? ReadCidr(string text, out AddressRange range)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var prefix = text[(slash + 1)..];
        if (prefix.Contains('-', StringComparison.Ordinal))
        {
            return $"'{text}' mixes a CIDR with a range; {Forms}";
        }

        if (!AddressText.TryParse(text[..slash], out var address, out var problem))
        {
            return problem;
        }

        var family = address.Family();
        if (!int.TryParse(prefix, NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > family.Bits()
            || (prefix.Length > 1 && prefix[0] == '0'))
        {
            var mask = AddressText.TryParse(prefix, out var netmask, out _) ? PrefixOf(netmask) : null;
            return mask is null
                ? $"'{text}' has no prefix length from 0 to {family.Bits()} after the slash; write it as {address}/{(family == IpFamily.IPv4 ? 28 : 64)}"
                : $"'{text}' has a netmask after the slash; write the prefix length: {address}/{mask}";
        }

        var host = length == 0 ? (UInt128.MaxValue >> (128 - family.Bits())) : ((UInt128)1 << (family.Bits() - length)) - 1;
        var first = address.ToNumber() & ~host;
        range = new AddressRange(family, first, first | host);
        return null;
    }

    private static string? ReadEnds(string text, out AddressRange range)
    {
        range = default;
        var ends = text.Split('-', StringSplitOptions.TrimEntries);
        if (ends.Length != 2)
        {
            return $"'{text}' has more than one dash; {Forms}";
        }

        if (!AddressText.TryParse(ends[0], out var first, out var problem) || !AddressText.TryParse(ends[1], out var last, out problem))
        {
            return ends[1].Length is > 0 and <= 3 && first is not null && first.Family() == IpFamily.IPv4 && ends[1].All(char.IsAsciiDigit)
                ? $"'{text}' shortens the last address; write it out: {first}-{Shortened(first, ends[1])}"
                : problem;
        }

        if (first.Family() != last.Family())
        {
            return $"'{text}' begins in {first.Family()} and ends in {last.Family()}; write a range for each family";
        }

        if (first.ToNumber() > last.ToNumber())
        {
            return $"'{text}' ends before it begins; write {last}-{first}";
        }

        range = new AddressRange(first.Family(), first.ToNumber(), last.ToNumber());
        return null;
    }

    private static string Shortened(IPAddress first, string last)
    {
        var text = first.ToString();
        return text[..(text.LastIndexOf('.') + 1)] + last;
    }

    private static int? PrefixOf(IPAddress netmask)
    {
        if (netmask.Family() != IpFamily.IPv4)
        {
            return null;
        }

        var inverse = ~(uint)netmask.ToNumber();
        return (inverse & (inverse + 1)) == 0 ? BitOperations.LeadingZeroCount(inverse) : null;
    }
}
