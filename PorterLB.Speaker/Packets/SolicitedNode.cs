using System.Net;

namespace PorterLB.Speaker.Packets;

/// <summary>The multicast group in which an IPv6 address is asked for (RFC 4291, section 2.7.1): ff02::1:ff00:0/104 and its last 24 bits.</summary>
internal static class SolicitedNode
{
    public static ReadOnlySpan<byte> Prefix => [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];

    /// <summary>Writes the 16 bytes of the group of this address.</summary>
    public static void Write(ReadOnlySpan<byte> address, Span<byte> group)
    {
        Prefix.CopyTo(group);
        address[13..16].CopyTo(group[13..]);
    }

    /// <summary>The group of this IPv6 address.</summary>
    public static IPAddress GroupOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        Span<byte> group = stackalloc byte[16];
        Write(bytes, group);
        return new IPAddress(group);
    }
}
