using System.Buffers.Binary;
using System.Net;

namespace PorterLB.Speaker.Packets;

/// <summary>A hello's datagram as an Ethernet frame: built and taken apart by us, so that no UDP socket is bound.</summary>
internal static class HelloFrame
{
    public const byte Udp = 17;
    public const int UdpHeaderLength = 8;
    private const int IPv4HeaderLength = 20;
    private const int IPv6HeaderLength = 40;

    /// <summary>The longest headers before a hello.</summary>
    public const int HeadersMax = Ethernet.HeaderLength + IPv6HeaderLength + UdpHeaderLength;

    /// <summary>RFC 4727, section 2.4.2: for experiments, never forwarded, and flooded by every switch (RFC 4541, section 2.1.2).</summary>
    public static IPAddress GroupIPv4 { get; } = new([224, 0, 0, 254]);

    /// <summary>RFC 4727, section 3.4.1: for experiments, link-local.</summary>
    public static IPAddress GroupIPv6 { get; } = IPAddress.Parse("ff02::114");

    private static ReadOnlySpan<byte> GroupIPv4Bytes => [224, 0, 0, 254];

    private static ReadOnlySpan<byte> GroupIPv6Bytes => [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0x14];

    /// <summary>Where the message begins in a frame from this kind of source.</summary>
    public static int MessageOffset(bool ipv6) =>
        Ethernet.HeaderLength + (ipv6 ? IPv6HeaderLength : IPv4HeaderLength) + UdpHeaderLength;

    /// <summary>Puts the headers before a message that stands at <see cref="MessageOffset"/> already.</summary>
    /// <param name="frame">From the first byte of the frame to the last of the message.</param>
    /// <param name="mac">The interface's hardware address.</param>
    /// <param name="source">The interface's address; its family decides.</param>
    /// <param name="port">Source and destination port.</param>
    public static void WriteHeaders(Span<byte> frame, MacAddress mac, IPAddress source, ushort port)
    {
        if (source.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            WriteIPv6Headers(frame, mac, source, port);
        }
        else
        {
            WriteIPv4Headers(frame, mac, source, port);
        }
    }

    /// <summary>Whether this is a datagram to our group and port; only then the rest of this type has a say.</summary>
    public static bool IsOurs(ReadOnlySpan<byte> frame, ushort port)
    {
        switch (Ethernet.TypeOf(frame))
        {
            case Ethernet.TypeIPv4:
                if (frame.Length < Ethernet.HeaderLength + IPv4HeaderLength)
                {
                    return false;
                }

                var ip = frame[Ethernet.HeaderLength..];
                var headerLength = (ip[0] & 0xf) * 4;
                return ip[9] == Udp && ip[16..20].SequenceEqual(GroupIPv4Bytes)
                    && headerLength >= IPv4HeaderLength && ip.Length >= headerLength + UdpHeaderLength
                    && BinaryPrimitives.ReadUInt16BigEndian(ip[(headerLength + 2)..]) == port;
            case Ethernet.TypeIPv6:
                return frame.Length >= HeadersMax
                    && frame[NdpView.NextHeader] == Udp && frame.Slice(NdpView.DestinationOffset, 16).SequenceEqual(GroupIPv6Bytes)
                    && BinaryPrimitives.ReadUInt16BigEndian(frame[(NdpView.Icmp + 2)..]) == port;
            default:
                return false;
        }
    }

    /// <summary>Takes a frame apart that <see cref="IsOurs"/>.</summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="message">What the datagram carries, when the result is <see cref="DropReason.None"/>.</param>
    public static DropReason Check(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> message)
    {
        message = default;
        var ip = frame[Ethernet.HeaderLength..];
        var ipv6 = Ethernet.TypeOf(frame) == Ethernet.TypeIPv6;
        if (!ipv6 && (ip[0] != 0x45 || (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3fff) != 0))
        {
            return DropReason.HelloFragmented;
        }

        if (ip[ipv6 ? 7 : 8] != 255)
        {
            return DropReason.HopLimit;
        }

        var udp = ip[(ipv6 ? IPv6HeaderLength : IPv4HeaderLength)..];
        int length = BinaryPrimitives.ReadUInt16BigEndian(udp[4..]);
        if (length < UdpHeaderLength || length > udp.Length)
        {
            return DropReason.Truncated;
        }

        message = udp[UdpHeaderLength..length];
        return DropReason.None;
    }

    /// <summary>What the datagram of a frame carries that was checked.</summary>
    public static ReadOnlySpan<byte> MessageOf(ReadOnlySpan<byte> frame) => Check(frame, out var message) == DropReason.None ? message : default;

    /// <summary>Who sent a frame that was checked.</summary>
    public static IPAddress SourceOf(ReadOnlySpan<byte> frame) => Ethernet.TypeOf(frame) == Ethernet.TypeIPv6
        ? new IPAddress(frame.Slice(NdpView.SourceOffset, 16))
        : new IPAddress(frame.Slice(Ethernet.HeaderLength + 12, 4));

    private static void WriteIPv4Headers(Span<byte> frame, MacAddress mac, IPAddress source, ushort port)
    {
        Ethernet.WriteHeader(frame, default, mac, Ethernet.TypeIPv4);
        ReadOnlySpan<byte> group = [0x01, 0x00, 0x5e, 0x00, 0x00, 0xfe];
        group.CopyTo(frame);
        var ip = frame[Ethernet.HeaderLength..];
        ip[..IPv4HeaderLength].Clear();
        ip[0] = 0x45;

        // CS6, as routing protocols mark theirs: a full queue should drop a download before it drops a sign of life.
        ip[1] = 0xc0;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[6] = 0x40;
        ip[8] = 255;
        ip[9] = Udp;
        source.TryWriteBytes(ip[12..], out _);
        GroupIPv4Bytes.CopyTo(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(0, ip[..IPv4HeaderLength])));

        var udp = ip[IPv4HeaderLength..];
        var pseudoHeader = InternetChecksum.Add((uint)udp.Length + Udp, ip[12..IPv4HeaderLength]);
        WriteUdp(udp, port, pseudoHeader);
    }

    private static void WriteIPv6Headers(Span<byte> frame, MacAddress mac, IPAddress source, ushort port)
    {
        Ethernet.WriteHeader(frame, default, mac, Ethernet.TypeIPv6);
        Ethernet.WriteMulticast(GroupIPv6Bytes, frame);
        var ip = frame[Ethernet.HeaderLength..];
        ip[..IPv6HeaderLength].Clear();
        ip[0] = 0x6c;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(ip.Length - IPv6HeaderLength));
        ip[6] = Udp;
        ip[7] = 255;
        source.TryWriteBytes(ip[8..], out _);
        GroupIPv6Bytes.CopyTo(ip[24..]);

        var udp = ip[IPv6HeaderLength..];
        WriteUdp(udp, port, InternetChecksum.PseudoHeader(ip[8..], udp.Length, Udp));
    }

    private static void WriteUdp(Span<byte> udp, ushort port, uint pseudoHeader)
    {
        BinaryPrimitives.WriteUInt16BigEndian(udp, port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], 0);
        var checksum = InternetChecksum.Finish(InternetChecksum.Add(pseudoHeader, udp));

        // Zero would say "no checksum" (RFC 768); its ones' complement twin says the same sum.
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], checksum == 0 ? ushort.MaxValue : checksum);
    }
}
