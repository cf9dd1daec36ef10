using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Speaker.Packets;

/// <summary>
/// Every ARP and NDP frame that a speaker sends, made in one piece. The source of a frame is always the interface's own hardware
/// address and the same as inside: switches learn the port from the one, neighbours the address from the other.
/// </summary>
internal static class PreparedFrames
{
    public const byte Solicited = 0x40;
    public const byte Override = 0x20;

    /// <summary>Ethernet, IPv6 and a neighbour advertisement with its link-layer address option.</summary>
    public const int AdvertisementLength = NdpView.OptionsOffset + 8;

    private static readonly byte[] AllNodes = IPAddress.Parse("ff02::1").GetAddressBytes();

    /// <summary>An ARP reply without the asker: <see cref="AddressArp"/> puts it in.</summary>
    public static byte[] ArpReply(MacAddress mac, IPAddress address) =>
        Arp(default, mac, ArpView.Reply, address, default, IPAddress.Any);

    /// <summary>Turns a prepared reply to who sent this request.</summary>
    public static void AddressArp(Span<byte> reply, scoped in ArpView request)
    {
        request.Sender[..MacAddress.Length].CopyTo(reply);
        request.Sender.CopyTo(reply[ArpView.TargetMacOffset..]);
    }

    /// <summary>RFC 5227, section 2.1.1: who has this address? Sender 0.0.0.0, so that nobody's cache changes by the question.</summary>
    public static byte[] ArpProbe(MacAddress mac, IPAddress address) =>
        Arp(MacAddress.Broadcast, mac, ArpView.Request, IPAddress.Any, default, address);

    /// <summary>RFC 5227, section 2.3: an announcement in request form.</summary>
    public static byte[] ArpAnnouncement(MacAddress mac, IPAddress address) =>
        Arp(MacAddress.Broadcast, mac, ArpView.Request, address, default, address);

    /// <summary>An announcement in reply form: some hosts learn from this one only (RFC 5227, section 3, on why both exist).</summary>
    public static byte[] ArpAnnouncementReply(MacAddress mac, IPAddress address) =>
        Arp(MacAddress.Broadcast, mac, ArpView.Reply, address, MacAddress.Broadcast, address);

    /// <summary>An ordinary request to a neighbour, straight to its hardware address where that is known.</summary>
    public static byte[] ArpRequest(MacAddress mac, IPAddress source, IPAddress neighbor, MacAddress? neighborMac) =>
        Arp(neighborMac ?? MacAddress.Broadcast, mac, ArpView.Request, source, default, neighbor);

    /// <summary>A neighbour advertisement without the asker: <see cref="AddressAdvertisement"/> puts it in.</summary>
    /// <param name="mac">The interface's hardware address.</param>
    /// <param name="address">The address, source and target alike.</param>
    /// <param name="sum">The unfinished checksum over everything but the destination and the Solicited flag.</param>
    public static byte[] Advertisement(MacAddress mac, IPAddress address, out uint sum)
    {
        var frame = new byte[AdvertisementLength];
        WriteIPv6(frame, default, mac, address, IPAddress.IPv6Any, NdpView.Advertisement);
        frame[NdpView.FlagsOffset] = Override;
        address.TryWriteBytes(frame.AsSpan(NdpView.TargetOffset), out _);
        WriteLinkAddress(frame, NdpView.TargetLinkAddress, mac);
        sum = Sum(frame);
        return frame;
    }

    /// <summary>
    /// Turns a prepared advertisement to who asked: solicited and straight to it, or, when nobody asked (duplicate address
    /// detection), unsolicited to all nodes (RFC 4861, section 7.2.4).
    /// </summary>
    public static void AddressAdvertisement(Span<byte> frame, uint sum, scoped in NdpView request)
    {
        var destination = frame.Slice(NdpView.DestinationOffset, 16);
        if (request.IsFromNobody)
        {
            AllNodes.CopyTo(destination);
            Ethernet.WriteMulticast(AllNodes, frame);
            frame[NdpView.FlagsOffset] = Override;
        }
        else
        {
            request.Source.CopyTo(destination);
            request.LinkAddress.CopyTo(frame);
            frame[NdpView.FlagsOffset] = Override | Solicited;
            sum += Solicited << 8;
        }

        BinaryPrimitives.WriteUInt16BigEndian(frame[NdpView.ChecksumOffset..], InternetChecksum.Finish(InternetChecksum.Add(sum, destination)));
    }

    /// <summary>RFC 4861, section 7.2.6: tells all nodes that the address is here now.</summary>
    public static byte[] UnsolicitedAdvertisement(MacAddress mac, IPAddress address)
    {
        var frame = Advertisement(mac, address, out var sum);
        AllNodes.CopyTo(frame, NdpView.DestinationOffset);
        Ethernet.WriteMulticast(AllNodes, frame);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(NdpView.ChecksumOffset), InternetChecksum.Finish(InternetChecksum.Add(sum, AllNodes)));
        return frame;
    }

    /// <summary>RFC 4862, section 5.4.2: is this address free? From ::, so without a link-layer address.</summary>
    public static byte[] DuplicateProbe(MacAddress mac, IPAddress address)
    {
        var frame = new byte[NdpView.OptionsOffset];
        WriteIPv6(frame, default, mac, IPAddress.IPv6Any, SolicitedNode.GroupOf(address), NdpView.Solicitation);
        address.TryWriteBytes(frame.AsSpan(NdpView.TargetOffset), out _);
        Ethernet.WriteMulticast(frame.AsSpan(NdpView.DestinationOffset, 16), frame);
        WriteChecksum(frame);
        return frame;
    }

    /// <summary>An ordinary solicitation to a neighbour: straight to it where its hardware address is known (RFC 4861, section 7.3.3).</summary>
    public static byte[] Solicitation(MacAddress mac, IPAddress source, IPAddress neighbor, MacAddress? neighborMac)
    {
        var frame = new byte[AdvertisementLength];
        var destination = neighborMac is null ? SolicitedNode.GroupOf(neighbor) : neighbor;
        WriteIPv6(frame, neighborMac ?? default, mac, source, destination, NdpView.Solicitation);
        neighbor.TryWriteBytes(frame.AsSpan(NdpView.TargetOffset), out _);
        WriteLinkAddress(frame, NdpView.SourceLinkAddress, mac);
        if (neighborMac is null)
        {
            Ethernet.WriteMulticast(frame.AsSpan(NdpView.DestinationOffset, 16), frame);
        }

        WriteChecksum(frame);
        return frame;
    }

    /// <summary>The frames that ask, without claiming, who has this address.</summary>
    public static byte[] Probe(MacAddress mac, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? ArpProbe(mac, address) : DuplicateProbe(mac, address);

    private static byte[] Arp(
        MacAddress destination, MacAddress mac, ushort operation, IPAddress senderIP, MacAddress targetMac, IPAddress targetIP)
    {
        var frame = new byte[ArpView.FrameLength];
        Ethernet.WriteHeader(frame, destination, mac, Ethernet.TypeArp);
        ReadOnlySpan<byte> ethernetIPv4 = [0, 1, 8, 0, 6, 4];
        ethernetIPv4.CopyTo(frame.AsSpan(Ethernet.HeaderLength));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(ArpView.Operation), operation);
        mac.Write(frame.AsSpan(ArpView.SenderMacOffset));
        senderIP.TryWriteBytes(frame.AsSpan(ArpView.SenderIPOffset), out _);
        targetMac.Write(frame.AsSpan(ArpView.TargetMacOffset));
        targetIP.TryWriteBytes(frame.AsSpan(ArpView.TargetIPOffset), out _);
        return frame;
    }

    private static void WriteIPv6(Span<byte> frame, MacAddress linkDestination, MacAddress mac, IPAddress source, IPAddress destination, byte type)
    {
        Ethernet.WriteHeader(frame, linkDestination, mac, Ethernet.TypeIPv6);
        frame[Ethernet.HeaderLength] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(frame[NdpView.PayloadLength..], (ushort)(frame.Length - NdpView.Icmp));
        frame[NdpView.NextHeader] = NdpView.IcmpV6;
        frame[NdpView.HopLimit] = 255;
        source.TryWriteBytes(frame[NdpView.SourceOffset..], out _);
        destination.TryWriteBytes(frame[NdpView.DestinationOffset..], out _);
        frame[NdpView.Icmp] = type;
    }

    private static void WriteLinkAddress(Span<byte> frame, byte option, MacAddress mac)
    {
        frame[NdpView.OptionsOffset] = option;
        frame[NdpView.OptionsOffset + 1] = 1;
        mac.Write(frame[(NdpView.OptionsOffset + 2)..]);
    }

    private static uint Sum(ReadOnlySpan<byte> frame)
    {
        var message = frame[NdpView.Icmp..];
        return InternetChecksum.Add(InternetChecksum.PseudoHeader(frame[NdpView.SourceOffset..], message.Length, NdpView.IcmpV6), message);
    }

    private static void WriteChecksum(Span<byte> frame) =>
        BinaryPrimitives.WriteUInt16BigEndian(frame[NdpView.ChecksumOffset..], InternetChecksum.Finish(Sum(frame)));
}
