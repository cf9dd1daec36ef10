using System.Buffers.Binary;

namespace PorterLB.Speaker.Packets;

/// <summary>The ones' complement sum of RFC 1071, kept unfolded, so that parts can be added as they become known.</summary>
internal static class InternetChecksum
{
    /// <summary>Adds 16-bit words in network order; an odd last byte counts as the high half of a word.</summary>
    public static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[2..];
        }

        return bytes.IsEmpty ? sum : sum + ((uint)bytes[0] << 8);
    }

    /// <summary>The checksum to write: folded and complemented.</summary>
    public static ushort Finish(uint sum)
    {
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    /// <summary>The sum over an IPv6 pseudo-header (RFC 8200, section 8.1).</summary>
    /// <param name="addresses">Source and destination, 32 bytes.</param>
    /// <param name="length">Length of what the checksum covers besides.</param>
    /// <param name="protocol">Its next-header value.</param>
    public static uint PseudoHeader(ReadOnlySpan<byte> addresses, int length, byte protocol) =>
        Add((uint)length + protocol, addresses[..32]);
}
