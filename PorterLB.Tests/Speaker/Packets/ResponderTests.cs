using System.Net;
using CsCheck;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;

namespace PorterLB.Tests.Speaker.Packets;

public class ResponderTests
{
    private static readonly byte[] Tag = new byte[8];
    private static readonly HelloKeys Keys = new([new byte[32]]);
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress Asker = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress NotHeldV4 = IPAddress.Parse("192.168.0.92");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::91");
    private static readonly IPAddress NotHeldV6 = IPAddress.Parse("2001:db8::92");
    private static readonly IPAddress AskerV4 = IPAddress.Parse("192.168.0.1");
    private static readonly IPAddress AskerV6 = IPAddress.Parse("fe80::1");
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_ARP_request_for_a_held_address_is_answered_broadcast_or_not(bool broadcast) =>
        AssertAnswered(PreparedFrames.ArpRequest(Asker, AskerV4, V4, broadcast ? null : Mac));

    [Fact]
    public void A_probe_for_a_held_address_is_answered_so_that_the_prober_lets_it_be() =>
        AssertAnswered(PreparedFrames.ArpProbe(Asker, V4));

    [Fact]
    public void Every_form_of_solicitation_for_a_held_address_is_answered()
    {
        AssertAnswered(PreparedFrames.Solicitation(Asker, AskerV6, V6, null));
        AssertAnswered(PreparedFrames.Solicitation(Asker, AskerV6, V6, Mac));
        AssertAnswered(PreparedFramesTests.WithoutOptions(PreparedFrames.Solicitation(Asker, AskerV6, V6, Mac)));
        AssertAnswered(PreparedFrames.DuplicateProbe(Asker, V6));
    }

    [Fact]
    public void Frames_padded_to_sixty_bytes_are_answered_too() =>
        AssertAnswered([.. PreparedFrames.ArpRequest(Asker, AskerV4, V4, null), .. new byte[18]]);

    [Fact]
    public void A_frozen_process_answers_nothing_that_queued_while_it_slept()
    {
        var responder = NewResponder();
        responder.Deadline = Now - TimeSpan.FromTicks(1);
        Assert.Equal(DropReason.Expired, responder.Judge(PreparedFrames.ArpRequest(Asker, AskerV4, V4, null), Now).Drop);
        Assert.Equal(DropReason.Expired, responder.Judge(PreparedFrames.Solicitation(Asker, AskerV6, V6, null), Now).Drop);
        responder.Deadline = Now;
        AssertAnswered(responder, PreparedFrames.ArpRequest(Asker, AskerV4, V4, null));
    }

    [Fact]
    public void Whoever_speaks_as_one_of_our_addresses_claims_it_held_or_not()
    {
        AssertClaimed(V4, PreparedFrames.ArpAnnouncement(Asker, V4));
        AssertClaimed(NotHeldV4, PreparedFrames.ArpAnnouncementReply(Asker, NotHeldV4));
        AssertClaimed(V4, PreparedFrames.ArpRequest(Asker, V4, AskerV4, null));
        AssertClaimed(V6, PreparedFrames.UnsolicitedAdvertisement(Asker, V6));
        AssertClaimed(NotHeldV6, PreparedFrames.UnsolicitedAdvertisement(Asker, NotHeldV6));
    }

    [Fact]
    public void Only_what_comes_straight_to_us_and_claims_without_asking_counts_as_asked_for()
    {
        Assert.False(Unasked(With(PreparedFrames.ArpReply(Asker, V4), 0, 2, 0, 0, 0, 0, 0x0a)));
        Assert.True(Unasked(PreparedFrames.ArpAnnouncement(Asker, V4)));
        Assert.True(Unasked(PreparedFrames.ArpAnnouncementReply(Asker, V4)));
        Assert.True(Unasked(PreparedFrames.ArpRequest(Asker, V4, AskerV4, Mac)));
        Assert.True(Unasked(PreparedFrames.UnsolicitedAdvertisement(Asker, V6)));
        Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.Solicitation(Mac, AskerV6, V6, null), out var question));
        Assert.False(Unasked([.. new Target(V6, Asker).AnswerTo(question)]));

        static bool Unasked(byte[] frame)
        {
            var verdict = NewResponder().Judge(frame, Now);
            Assert.Equal(Finding.Claimed, verdict.Finding);
            return verdict.Unasked;
        }
    }

    [Fact]
    public void A_speaker_with_another_key_is_named_at_most_once_a_second_and_a_neighbor_cluster_too()
    {
        var responder = NewResponder();
        var forged = HelloFrameOf(Asker, keys: new HelloKeys([[.. Enumerable.Repeat((byte)7, 32)]]));
        var verdict = responder.Judge(forged, Now);
        Assert.Equal((DropReason.HelloSignature, Finding.WrongKey, Asker), (verdict.Drop, verdict.Finding, verdict.Mac));
        Assert.Equal("node-b", HelloCodec.ClaimedName(HelloFrame.MessageOf(forged)));
        Assert.Equal(Finding.None, responder.Judge(forged, Now + TimeSpan.FromMilliseconds(999)).Finding);
        Assert.Equal(Finding.WrongKey, responder.Judge(forged, Now + TimeSpan.FromSeconds(1)).Finding);
        var other = HelloFrameOf(Asker, tag: [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Equal((DropReason.HelloOtherCluster, Finding.OtherCluster), Told(responder.Judge(other, Now + TimeSpan.FromSeconds(2))));
        Assert.Equal("0102030405060708", HelloCodec.ClusterOf(HelloFrame.MessageOf(other)));

        static (DropReason, Finding) Told(Verdict verdict) => (verdict.Drop, verdict.Finding);
    }

    [Fact]
    public void A_name_that_no_node_can_have_is_not_repeated_from_a_forged_hello() =>
        Assert.Null(HelloCodec.ClaimedName(HelloFrame.MessageOf(HelloFrameOf(Asker, node: "\u001b[2J"))));

    [Fact]
    public void A_neighbor_s_answer_to_us_proves_ears()
    {
        var reply = PreparedFrames.ArpReply(Asker, AskerV4);
        Mac.Write(reply);
        Assert.Equal(Finding.NeighborAnswered, NewResponder().Judge(reply, Now).Finding);
        Assert.Equal(DropReason.None, NdpView.Check(PreparedFrames.Solicitation(Mac, AskerV6, AskerV6, null), out var solicitation));
        Assert.Equal(Finding.NeighborAnswered, NewResponder().Judge(new Target(AskerV6, Asker).AnswerTo(solicitation), Now).Finding);
    }

    [Fact]
    public void Every_frame_of_another_station_proves_ears_and_none_of_our_own_does()
    {
        var responder = NewResponder();
        responder.Judge(PreparedFrames.ArpRequest(Mac, AskerV4, V4, null), Now);
        Assert.Equal(TimeSpan.MinValue, responder.LastHeard);
        responder.Judge(PreparedFrames.ArpRequest(Asker, AskerV4, IPAddress.Parse("10.9.9.9"), null), Now);
        Assert.Equal(Now, responder.LastHeard);
    }

    public static TheoryData<string, byte[]> Refused()
    {
        var arp = PreparedFrames.ArpRequest(Asker, AskerV4, V4, null);
        var ndp = PreparedFrames.Solicitation(Asker, AskerV6, V6, null);
        return new()
        {
            { nameof(DropReason.Truncated), [] },
            { nameof(DropReason.Truncated), arp[..13] },
            { nameof(DropReason.Truncated), arp[..41] },
            { nameof(DropReason.VlanTagged), [.. arp[..12], 0x81, 0x00, 0x00, 0x64, .. arp[12..]] },
            { nameof(DropReason.VlanTagged), [.. arp[..12], 0x88, 0xa8, 0x00, 0x64, .. arp[12..]] },
            { nameof(DropReason.OtherProtocol), With(arp, 12, 0x88, 0xcc) },
            { nameof(DropReason.Own), PreparedFrames.ArpRequest(Mac, AskerV4, V4, null) },
            { nameof(DropReason.Own), With(arp, ArpView.SenderMacOffset, 2, 0, 0, 0, 0, 0x0a) },
            { nameof(DropReason.OtherHost), PreparedFrames.ArpRequest(Asker, AskerV4, V4, MacAddress.Parse("02:00:00:00:00:0c")) },
            { nameof(DropReason.ArpMalformed), With(arp, 14, 0, 6) },
            { nameof(DropReason.ArpMalformed), With(arp, 16, 0x86, 0xdd) },
            { nameof(DropReason.ArpMalformed), With(arp, 18, 8) },
            { nameof(DropReason.ArpMalformed), With(arp, 19, 16) },
            { nameof(DropReason.ArpOperation), With(arp, 20, 0, 3) },
            { nameof(DropReason.BadSender), With(arp, ArpView.SenderMacOffset, 0, 0, 0, 0, 0, 0) },
            { nameof(DropReason.BadSender), With(arp, ArpView.SenderMacOffset, 1) },
            { nameof(DropReason.OtherTarget), PreparedFrames.ArpRequest(Asker, AskerV4, IPAddress.Parse("192.168.0.93"), null) },
            { nameof(DropReason.NotHeld), PreparedFrames.ArpRequest(Asker, AskerV4, NotHeldV4, null) },
            { nameof(DropReason.Truncated), ndp[..77] },
            { nameof(DropReason.Truncated), ndp[..78] },
            { nameof(DropReason.HopLimit), With(ndp, NdpView.HopLimit, 254) },
            { nameof(DropReason.HopLimit), With(HelloFrameOf(Asker), Ethernet.HeaderLength + 8, 254) },
            { nameof(DropReason.HelloFragmented), With(HelloFrameOf(Asker), Ethernet.HeaderLength + 6, 0x20) },
            { nameof(DropReason.OtherProtocol), With(HelloFrameOf(Asker), Ethernet.HeaderLength + 20 + 2, 0, 53) },
            { nameof(DropReason.Truncated), HelloFrameOf(Asker)[..80] },
            { nameof(DropReason.HelloVersion), With(HelloFrameOf(Asker), HelloFrame.MessageOffset(ipv6: false), 9) },
            { nameof(DropReason.Checksum), With(ndp, NdpView.ChecksumOffset, 0, 0) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.CodeOffset, 1) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.TargetOffset, 0xff) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.SourceOffset, 0xff) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.OptionsOffset + 1, 0) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.OptionsOffset + 1, 2) },
            { nameof(DropReason.NdpMalformed), Resummed(ndp, NdpView.SourceOffset, new byte[16]) },
            { nameof(DropReason.BadSender), Resummed(ndp, NdpView.OptionsOffset + 2, 1) },
            { nameof(DropReason.OtherProtocol), With(ndp, NdpView.Icmp, 134) },
            { nameof(DropReason.OtherTarget), PreparedFrames.Solicitation(Asker, AskerV6, IPAddress.Parse("2001:db8::93"), null) },
            { nameof(DropReason.NotHeld), PreparedFrames.Solicitation(Asker, AskerV6, NotHeldV6, null) },
            { nameof(DropReason.OtherTarget), PreparedFrames.UnsolicitedAdvertisement(Asker, IPAddress.Parse("2001:db8::93")) },
        };
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_answered_has_a_named_reason(string reason, byte[] frame)
    {
        var verdict = NewResponder().Judge(frame, Now);
        Assert.Equal(reason, verdict.Drop.ToString());
        Assert.True(verdict.Answer.IsEmpty);
        Assert.Equal(Finding.None, verdict.Finding);
    }

    [Fact]
    public void No_frame_whatever_makes_it_throw_and_every_one_is_answered_told_or_named()
    {
        var responder = NewResponder();
        byte[][] seeds =
        [
            PreparedFrames.ArpRequest(Asker, AskerV4, V4, null), PreparedFrames.Solicitation(Asker, AskerV6, V6, null),
            PreparedFrames.DuplicateProbe(Asker, V6), PreparedFrames.UnsolicitedAdvertisement(Asker, V6), HelloFrameOf(Asker),
        ];
        Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Select(Gen.Int[0, 300], Gen.Byte).Array[0, 4], Gen.Int[0, 300]).Sample((seed, changes, length) =>
        {
            var frame = seeds[seed].ToArray();
            Array.Resize(ref frame, changes.Length == 0 ? frame.Length : Math.Min(length, frame.Length + 20));
            foreach (var (position, value) in changes.Where(change => change.Item1 < frame.Length))
            {
                frame[position] = value;
            }

            var verdict = responder.Judge(frame, Now);
            Assert.True(verdict.Drop != DropReason.None || !verdict.Answer.IsEmpty || verdict.Finding != Finding.None);
            Assert.True(verdict.Drop == DropReason.None || (verdict.Answer.IsEmpty && verdict.Finding is Finding.None or Finding.WrongKey or Finding.OtherCluster));
        }, iter: 50_000, threads: 1);
    }

    [Fact]
    public void A_hello_is_passed_on_with_its_sender()
    {
        var verdict = NewResponder().Judge(HelloFrameOf(Asker), Now);
        Assert.Equal(Finding.Hello, verdict.Finding);
        Assert.Equal("node-b", verdict.Hello?.Node);
        Assert.Equal(Asker, verdict.Mac);
    }

    [Fact]
    public void Answering_and_dropping_allocate_nothing()
    {
        var responder = NewResponder();
        byte[][] frames =
        [
            PreparedFrames.ArpRequest(Asker, AskerV4, V4, null),
            PreparedFrames.ArpRequest(Asker, AskerV4, NotHeldV4, null),
            PreparedFrames.ArpRequest(Asker, AskerV4, IPAddress.Parse("192.168.0.93"), null),
            PreparedFrames.ArpProbe(Asker, V4),
            PreparedFrames.Solicitation(Asker, AskerV6, V6, null),
            PreparedFrames.DuplicateProbe(Asker, V6),
            PreparedFrames.Solicitation(Asker, AskerV6, IPAddress.Parse("2001:db8::93"), null),
            PreparedFrames.ArpAnnouncement(Asker, V4),
            HelloFrameOf(Asker, keys: new HelloKeys([[.. Enumerable.Repeat((byte)7, 32)]])),
            [.. new byte[60]],
        ];
        Run(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(10_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int times)
        {
            for (var i = 0; i < times; i++)
            {
                foreach (var frame in frames)
                {
                    responder.Judge(frame, Now);
                }
            }
        }
    }

    [Fact]
    public void Any_address_of_many_is_found_and_no_other()
    {
        var held = Enumerable.Range(0, 2_000).Select(i => new IPAddress([10, 1, (byte)(i >> 8), (byte)i]))
            .Concat(Enumerable.Range(0, 2_000).Select(i => new IPAddress([0x20, 1, 0xd, 0xb8, (byte)(i * 7), 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(i >> 8), (byte)i]))).ToArray();
        var responder = NewResponder(held, []);
        foreach (var address in held)
        {
            AssertAnswered(responder, PreparedFrames.Probe(Asker, address));
        }

        Assert.Equal(DropReason.OtherTarget, responder.Judge(PreparedFrames.ArpProbe(Asker, IPAddress.Parse("10.1.8.0")), Now).Drop);
        Assert.Equal(DropReason.OtherTarget, responder.Judge(PreparedFrames.ArpProbe(Asker, IPAddress.Parse("10.0.255.255")), Now).Drop);
    }

    private static Responder NewResponder() => NewResponder([V4, V6], [NotHeldV4, NotHeldV6]);

    private static Responder NewResponder(IPAddress[] held, IPAddress[] others) => new(Tag, Keys, 7474)
    {
        Table = new AnswerTable(Mac, [.. held.Concat(others).Select(address => new Target(address, Mac) { Held = held.Contains(address) })]),
        Deadline = TimeSpan.MaxValue,
    };

    private static byte[] HelloFrameOf(MacAddress mac, HelloKeys? keys = null, byte[]? tag = null, string node = "node-b")
    {
        var hello = new Hello { Node = node, Incarnation = new(1, 1), Sequence = 1, Standing = default };
        var offset = HelloFrame.MessageOffset(ipv6: false);
        var frame = new byte[offset + HelloLayout.MaxLength];
        var length = HelloCodec.Write(hello, mac, tag ?? Tag, keys ?? Keys, frame.AsSpan(offset));
        frame = frame[..(offset + length)];
        HelloFrame.WriteHeaders(frame, mac, AskerV4, 7474);
        return frame;
    }

    private static void AssertAnswered(byte[] frame) => AssertAnswered(NewResponder(), frame);

    private static void AssertAnswered(Responder responder, byte[] frame)
    {
        var verdict = responder.Judge(frame, Now);
        Assert.Equal(DropReason.None, verdict.Drop);
        Assert.False(verdict.Answer.IsEmpty);
        Assert.Equal(Mac, MacAddress.Read(verdict.Answer[6..]));
    }

    private static void AssertClaimed(IPAddress address, byte[] frame)
    {
        var verdict = NewResponder().Judge(frame, Now);
        Assert.Equal(Finding.Claimed, verdict.Finding);
        Assert.Equal(address, verdict.Target?.Address);
        Assert.Equal(Asker, verdict.Mac);
        Assert.True(verdict.Answer.IsEmpty);
    }

    private static byte[] With(byte[] frame, int offset, params byte[] bytes)
    {
        var changed = frame.ToArray();
        bytes.CopyTo(changed, offset);
        return changed;
    }

    private static byte[] Resummed(byte[] frame, int offset, params byte[] bytes) => PreparedFramesTests.Resummed(With(frame, offset, bytes));
}
