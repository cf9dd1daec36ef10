using System.Net;
using System.Net.NetworkInformation;
using PacketDotNet;
using PorterLB.Speaker;
using PorterLB.Speaker.Packets;

namespace PorterLB.Tests.Speaker.Packets;

/// <summary>Every frame that is sent, byte by byte against its RFC, and read back by a parser that is not ours.</summary>
public class PreparedFramesTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress NeighborMac = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::91");

    [Fact]
    public void A_probe_asks_from_0_0_0_0_and_claims_nothing() =>
        AssertFrame(
            "ffffffffffff 02000000000a 0806  0001 0800 06 04 0001  02000000000a 00000000  000000000000 c0a8005b",
            PreparedFrames.ArpProbe(Mac, V4));

    [Fact]
    public void An_announcement_has_the_address_as_sender_and_target() =>
        AssertFrame(
            "ffffffffffff 02000000000a 0806  0001 0800 06 04 0001  02000000000a c0a8005b  000000000000 c0a8005b",
            PreparedFrames.ArpAnnouncement(Mac, V4));

    [Fact]
    public void An_announcement_in_reply_form_is_a_reply_to_everybody() =>
        AssertFrame(
            "ffffffffffff 02000000000a 0806  0001 0800 06 04 0002  02000000000a c0a8005b  ffffffffffff c0a8005b",
            PreparedFrames.ArpAnnouncementReply(Mac, V4));

    [Fact]
    public void A_request_to_a_known_neighbor_goes_straight_to_it() =>
        AssertFrame(
            "02000000000b 02000000000a 0806  0001 0800 06 04 0001  02000000000a c0a80005  000000000000 c0a80001",
            PreparedFrames.ArpRequest(Mac, IPAddress.Parse("192.168.0.5"), IPAddress.Parse("192.168.0.1"), NeighborMac));

    [Fact]
    public void An_unsolicited_advertisement_goes_to_all_nodes_and_overrides() =>
        AssertFrame(
            "333300000001 02000000000a 86dd  60000000 0020 3a ff  20010db8000000000000000000000091 ff020000000000000000000000000001" +
            "88 00 f801 20000000 20010db8000000000000000000000091  02 01 02000000000a",
            PreparedFrames.UnsolicitedAdvertisement(Mac, V6));

    [Fact]
    public void A_duplicate_probe_comes_from_nobody_and_goes_to_the_solicited_node_group() =>
        AssertFrame(
            "3333ff000091 02000000000a 86dd  60000000 0018 3a ff  00000000000000000000000000000000 ff0200000000000000000001ff000091" +
            "87 00 4bcd 00000000 20010db8000000000000000000000091",
            PreparedFrames.DuplicateProbe(Mac, V6));

    [Fact]
    public void An_ARP_reply_turns_to_who_asked()
    {
        var target = new Target(V4, Mac);
        Assert.Equal(DropReason.None, ArpView.Check(PreparedFrames.ArpRequest(NeighborMac, IPAddress.Parse("192.168.0.1"), V4, null), out var request));
        AssertFrame(
            "02000000000b 02000000000a 0806  0001 0800 06 04 0002  02000000000a c0a8005b  02000000000b c0a80001",
            target.AnswerTo(request).ToArray());
    }

    [Fact]
    public void A_solicitation_is_answered_to_its_sender_solicited_and_overriding()
    {
        var asker = IPAddress.Parse("fe80::1");
        Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.Solicitation(NeighborMac, asker, V6, null), out var request));
        var answer = new Target(V6, Mac).AnswerTo(request).ToArray();
        AssertAdvertisement(answer, asker, solicited: true);
        Assert.Equal(NeighborMac, MacAddress.Read(answer));
    }

    [Fact]
    public void An_unreachability_probe_without_link_layer_option_is_answered_to_the_frame_s_source()
    {
        var asker = IPAddress.Parse("fe80::1");
        var probe = WithoutOptions(PreparedFrames.Solicitation(NeighborMac, asker, V6, Mac));
        Assert.Equal(DropReason.None, NdpView.Check(probe, out var request));
        var answer = new Target(V6, Mac).AnswerTo(request).ToArray();
        AssertAdvertisement(answer, asker, solicited: true);
        Assert.Equal(NeighborMac, MacAddress.Read(answer));
    }

    [Fact]
    public void Duplicate_address_detection_is_answered_to_all_nodes_unsolicited()
    {
        Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.DuplicateProbe(NeighborMac, V6), out var request));
        var answer = new Target(V6, Mac).AnswerTo(request).ToArray();
        AssertAdvertisement(answer, IPAddress.Parse("ff02::1"), solicited: false);
        Assert.Equal(MacAddress.Parse("33:33:00:00:00:01"), MacAddress.Read(answer));
    }

    [Fact]
    public void A_prepared_advertisement_is_right_for_one_asker_after_the_other()
    {
        var target = new Target(V6, Mac);
        foreach (var asker in new[] { "fe80::1", "2001:db8::ffff:ffff:ffff", "fe80::ffff:ffff:ffff:ffff", "2001:db8::1" })
        {
            Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.DuplicateProbe(NeighborMac, V6), out var duplicate));
            AssertAdvertisement(target.AnswerTo(duplicate).ToArray(), IPAddress.Parse("ff02::1"), solicited: false);
            Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.Solicitation(NeighborMac, IPAddress.Parse(asker), V6, null), out var request));
            AssertAdvertisement(target.AnswerTo(request).ToArray(), IPAddress.Parse(asker), solicited: true);
        }
    }

    [Fact]
    public void Another_parser_reads_the_same_ARP()
    {
        foreach (var frame in new[] { PreparedFrames.ArpProbe(Mac, V4), PreparedFrames.ArpAnnouncement(Mac, V4), PreparedFrames.ArpAnnouncementReply(Mac, V4) })
        {
            var arp = Packet.ParsePacket(LinkLayers.Ethernet, frame).Extract<ArpPacket>();
            Assert.Equal(V4, arp.TargetProtocolAddress);
            Assert.Equal(PhysicalAddress.Parse("02000000000A"), arp.SenderHardwareAddress);
            Assert.Equal(LinkLayers.Ethernet, arp.HardwareAddressType);
        }
    }

    [Theory]
    [InlineData("192.168.0.5")]
    [InlineData("0.0.0.0")]
    [InlineData("fe80::5")]
    public void Another_parser_reads_the_hello_s_datagram(string source)
    {
        byte[] message = [.. Enumerable.Range(0, 501).Select(i => (byte)(i * 7))];
        var from = IPAddress.Parse(source);
        var ipv6 = from.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        var frame = new byte[HelloFrame.MessageOffset(ipv6) + message.Length];
        message.CopyTo(frame, HelloFrame.MessageOffset(ipv6));
        HelloFrame.WriteHeaders(frame, Mac, from, 7474);

        var packet = Packet.ParsePacket(LinkLayers.Ethernet, frame);
        var ip = packet.Extract<IPPacket>();
        var udp = packet.Extract<UdpPacket>();
        Assert.Equal(from, ip.SourceAddress);
        Assert.Equal(ipv6 ? HelloFrame.GroupIPv6 : HelloFrame.GroupIPv4, ip.DestinationAddress);
        Assert.Equal(255, ip.TimeToLive);
        Assert.Equal(7474, udp.SourcePort);
        Assert.Equal(7474, udp.DestinationPort);
        Assert.True(udp.ValidChecksum);
        Assert.True(ip is not IPv4Packet v4 || v4.ValidChecksum);
        Assert.Equal(message, udp.PayloadData);

        Assert.True(HelloFrame.IsOurs(frame, 7474));
        Assert.False(HelloFrame.IsOurs(frame, 7475));
        Assert.Equal(DropReason.None, HelloFrame.Check(frame, out var read));
        Assert.Equal(message, read.ToArray());
        frame[ipv6 ? NdpView.HopLimit : 22] = 254;
        Assert.Equal(DropReason.HopLimit, HelloFrame.Check(frame, out _));
    }

    internal static byte[] WithoutOptions(byte[] solicitation)
    {
        var frame = solicitation[..NdpView.OptionsOffset];
        frame[NdpView.PayloadLength + 1] = NdpView.OptionsOffset - NdpView.Icmp;
        return Resummed(frame);
    }

    internal static byte[] Resummed(byte[] frame)
    {
        frame[NdpView.ChecksumOffset] = frame[NdpView.ChecksumOffset + 1] = 0;
        var length = (frame[NdpView.PayloadLength] << 8) + frame[NdpView.PayloadLength + 1];
        var sum = InternetChecksum.PseudoHeader(frame.AsSpan(NdpView.SourceOffset, 32), length, NdpView.IcmpV6);
        var checksum = InternetChecksum.Finish(InternetChecksum.Add(sum, frame.AsSpan(NdpView.Icmp, length)));
        frame[NdpView.ChecksumOffset] = (byte)(checksum >> 8);
        frame[NdpView.ChecksumOffset + 1] = (byte)checksum;
        return frame;
    }

    private static void AssertAdvertisement(byte[] frame, IPAddress to, bool solicited)
    {
        var packet = Packet.ParsePacket(LinkLayers.Ethernet, frame);
        var ip = packet.Extract<IPv6Packet>();
        Assert.Equal(V6, ip.SourceAddress);
        Assert.Equal(to, ip.DestinationAddress);
        Assert.Equal(255, ip.HopLimit);
        Assert.Equal(PhysicalAddress.Parse("02000000000A"), packet.Extract<EthernetPacket>().SourceHardwareAddress);
        Assert.Equal(IcmpV6Type.NeighborAdvertisement, packet.Extract<IcmpV6Packet>().Type);
        var flags = frame[NdpView.FlagsOffset];
        Assert.Equal(solicited ? 0x60 : 0x20, flags);
        Assert.Equal(Convert.FromHexString("02010200" + "0000000a"), frame[NdpView.OptionsOffset..]);
        Assert.Equal(DropReason.None, NdpView.Check(frame, out var view));
        Assert.Equal(Mac, MacAddress.Read(view.LinkAddress));
    }

    private static void AssertFrame(string expected, byte[] frame) =>
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(frame));
}
