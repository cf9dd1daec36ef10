using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PorterLB.Lab.Probing;

/// <summary>
/// ARP and NDP as the lab's observer needs them. Written apart from the product's own, which it judges.
/// </summary>
internal static class NeighborFrames
{
    private const ushort Arp = 0x0806;
    private const ushort IPv6 = 0x86dd;
    private const byte Icmp6 = 58;
    private const byte NeighborSolicitation = 135;
    private const byte NeighborAdvertisement = 136;

    /// <summary>What a frame says about an address: who has it, and whether somebody had asked.</summary>
    public sealed record Saying(IPAddress Address, string Mac, bool IsClaim);

    public static byte[] Question(IPAddress target, PhysicalAddress mac, IPAddress sender) =>
        target.AddressFamily == AddressFamily.InterNetwork ? ArpRequest(target, mac, sender) : Solicitation(target, mac, sender);

    /// <summary>Whether it is a speaker's hello: UDP to port 7474 of the group 224.0.0.254 or ff02::114.</summary>
    public static bool IsHello(ReadOnlySpan<byte> frame) =>
        (frame.Length > 42 && frame[..6].SequenceEqual((ReadOnlySpan<byte>)[0x01, 0, 0x5e, 0, 0, 0xfe]) && BinaryPrimitives.ReadUInt16BigEndian(frame[36..]) == 7474)
        || (frame.Length > 62 && frame[..6].SequenceEqual((ReadOnlySpan<byte>)[0x33, 0x33, 0, 0, 0x01, 0x14]) && BinaryPrimitives.ReadUInt16BigEndian(frame[56..]) == 7474);

    /// <summary>Null when the frame says nothing about an address.</summary>
    public static Saying? Read(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 42)
        {
            return null;
        }

        var body = frame[14..];
        switch (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]))
        {
            case Arp:
                var (sender, target) = (new IPAddress(body.Slice(14, 4)), new IPAddress(body.Slice(24, 4)));
                var isReply = BinaryPrimitives.ReadUInt16BigEndian(body[6..]) == 2;
                var isGratuitous = sender.Equals(target);
                return isReply || isGratuitous ? new Saying(sender, Mac(body.Slice(8, 6)), isGratuitous) : null;

            case IPv6 when body.Length >= 64 && body[6] == Icmp6 && body[40] == NeighborAdvertisement:
                // A unicast answer is to a question; to all nodes it is a claim, or the answer to a DAD probe.
                var option = body.Length >= 72 && body[64] == 2 ? body.Slice(66, 6) : frame.Slice(6, 6);
                return new Saying(new IPAddress(body.Slice(48, 16)), Mac(option), body[24] == 0xff);

            default:
                return null;
        }
    }

    private static string Mac(ReadOnlySpan<byte> bytes) => string.Join(':', Convert.ToHexStringLower(bytes).Chunk(2).Select(pair => new string(pair)));

    private static byte[] ArpRequest(IPAddress target, PhysicalAddress mac, IPAddress sender)
    {
        var frame = new byte[42];
        frame.AsSpan(0, 6).Fill(0xff);
        mac.GetAddressBytes().CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), Arp);
        ((ReadOnlySpan<byte>)[0, 1, 8, 0, 6, 4, 0, 1]).CopyTo(frame.AsSpan(14));
        mac.GetAddressBytes().CopyTo(frame, 22);
        sender.GetAddressBytes().CopyTo(frame, 28);
        target.GetAddressBytes().CopyTo(frame, 38);
        return frame;
    }

    private static byte[] Solicitation(IPAddress target, PhysicalAddress mac, IPAddress sender)
    {
        var address = target.GetAddressBytes();
        byte[] group = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, .. address[13..]];
        var frame = new byte[14 + 40 + 32];
        ((ReadOnlySpan<byte>)[0x33, 0x33, .. group[12..]]).CopyTo(frame);
        mac.GetAddressBytes().CopyTo(frame, 6);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), IPv6);

        var packet = frame.AsSpan(14);
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], 32);
        packet[6] = Icmp6;
        packet[7] = 255;
        sender.GetAddressBytes().CopyTo(packet[8..]);
        group.CopyTo(packet[24..]);
        packet[40] = NeighborSolicitation;
        address.CopyTo(packet[48..]);
        (packet[64], packet[65]) = (1, 1);
        mac.GetAddressBytes().CopyTo(packet[66..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[42..], Checksum(packet));
        return frame;
    }

    /// <summary>RFC 4443, 2.3: over the pseudo-header (addresses, length, next header) and the message.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> packet)
    {
        uint sum = (uint)(packet.Length - 40) + Icmp6;
        for (var i = 8; i < packet.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
