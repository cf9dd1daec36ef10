using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Reads one address strictly. <see cref="IPAddress.TryParse(string, out IPAddress)"/> takes "1", "0x7f.1" and "010.0.0.1" for addresses
/// (the last one as octal, 8.0.0.1); whoever writes that means something else.
/// </summary>
internal static class AddressText
{
    /// <summary>Reads an IPv4 or IPv6 address.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="address">The address, or null.</param>
    /// <param name="problem">What is wrong and what would be right, or null.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPAddress? address, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        problem = text.Contains(':', StringComparison.Ordinal) ? ReadV6(text, out address) : ReadV4(text, out address);
        return problem is null && address is not null;
    }

    private static string? ReadV4(string text, out IPAddress? address)
    {
        address = null;
        var parts = text.Split('.');
        if (parts.Length != 4 || parts.Any(part => part.Length == 0 || !part.All(char.IsAsciiDigit)))
        {
            return $"'{text}' is no address; write an IPv4 address as 192.168.0.91 or an IPv6 address as fd00::91";
        }

        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < 4; i++)
        {
            if (parts[i].Length > 1 && parts[i][0] == '0')
            {
                return $"'{text}' has a leading zero in '{parts[i]}', which some programs read as octal; write {parts[i].TrimStart('0').PadLeft(1, '0')}";
            }

            if (!byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
            {
                return $"'{text}' is no IPv4 address: '{parts[i]}' is above 255; each of the four numbers is 0 to 255";
            }
        }

        address = new IPAddress(bytes);
        return null;
    }

    private static string? ReadV6(string text, out IPAddress? address)
    {
        address = null;
        if (text.Contains('%', StringComparison.Ordinal))
        {
            return $"'{text}' names a zone; an address of a Service has none: write it without '{text[text.IndexOf('%', StringComparison.Ordinal)..]}'";
        }

        if (text.StartsWith('[') || !IPAddress.TryParse(text, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return $"'{text}' is no IPv6 address; write it as fd00::91";
        }

        if (parsed.IsIPv4MappedToIPv6)
        {
            return $"'{text}' is an IPv4 address in IPv6 form; write {parsed.MapToIPv4()}";
        }

        address = parsed;
        return null;
    }
}
