using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using PorterLB.Speaker;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>The filter is run here instruction by instruction, as the kernel would.</summary>
public class CaptureFilterTests
{
    private const ushort HelloPort = 7474;
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress Asker = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly IPAddress AskerV4 = IPAddress.Parse("172.16.0.1");
    private static readonly IPAddress AskerV6 = IPAddress.Parse("fe80::1");

    private static readonly Gen<IPAddress> V4 = Gen.OneOf(
        Gen.Int[0, 400].Select(i => new IPAddress([192, 168, (byte)(i >> 8), (byte)i])),
        Gen.UInt.Where(bits => bits != 0).Select(bits => new IPAddress([(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits])));

    private static readonly Gen<IPAddress> V6 = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 400], Gen.UInt, (prefix, host, random) =>
    {
        var bytes = IPAddress.Parse($"2001:db8:{prefix}::").GetAddressBytes();
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), prefix == 5 ? random : (uint)host);
        return new IPAddress(bytes);
    });

    [Fact]
    public void It_lets_through_questions_and_claims_about_our_addresses_and_no_others() =>
        Gen.Select(V4.Array[0, 60], V6.Array[0, 60], V4, V6, Gen.Bool).Sample((targets4, targets6, other4, other6, one) =>
        {
            if (one && targets4.Length > 0)
            {
                other4 = targets4[^1];
            }

            if (one && targets6.Length > 0)
            {
                other6 = targets6[^1];
            }

            var filter = CaptureFilter.For(Mac, [.. targets4, .. targets6], HelloPort);
            Assert.Equal(UInt128.Zero, filter.Excess);
            Assert.Equal(targets4.Contains(other4), Passes(filter, PreparedFrames.ArpRequest(Asker, AskerV4, other4, null)));
            Assert.Equal(targets4.Contains(other4), Passes(filter, PreparedFrames.ArpProbe(Asker, other4)));
            Assert.Equal(targets4.Contains(other4), Passes(filter, PreparedFrames.ArpAnnouncement(Asker, other4)));
            Assert.Equal(targets4.Contains(other4), Passes(filter, PreparedFrames.ArpAnnouncementReply(Asker, other4)));
            Assert.Equal(targets4.Contains(other4), Passes(filter, PreparedFrames.ArpRequest(Asker, other4, AskerV4, null)));

            // Beyond four different /96 only the last 32 bits are compared.
            bool known6 = targets6.Contains(other6)
                || (targets6.Select(target => Convert.ToHexString(target.GetAddressBytes()[..12])).Distinct().Count() > 4
                    && targets6.Any(target => target.GetAddressBytes().AsSpan(12).SequenceEqual(other6.GetAddressBytes().AsSpan(12))));
            Assert.Equal(known6, Passes(filter, PreparedFrames.Solicitation(Asker, AskerV6, other6, null)));
            Assert.Equal(known6, Passes(filter, PreparedFrames.DuplicateProbe(Asker, other6)));
            Assert.Equal(known6, Passes(filter, PreparedFrames.UnsolicitedAdvertisement(Asker, other6)));
        });

    [Fact]
    public void The_last_bits_of_one_prefix_after_another_ones_are_no_address_of_ours()
    {
        var (one, two) = (IPAddress.Parse("2001:db8:4::2e"), IPAddress.Parse("2001:db8:5::8"));
        var filter = CaptureFilter.For(Mac, [one, two], HelloPort);
        foreach (var (address, passes) in ((IPAddress, bool)[])[(one, true), (two, true), (IPAddress.Parse("2001:db8:4::8"), false), (IPAddress.Parse("2001:db8:5::2e"), false)])
        {
            Assert.Equal(passes, Passes(filter, PreparedFrames.Solicitation(Asker, AskerV6, address, null)));
        }
    }

    [Fact]
    public void It_lets_through_the_answers_to_our_own_questions()
    {
        var filter = CaptureFilter.For(Mac, [], HelloPort);
        var reply = PreparedFrames.ArpReply(Asker, AskerV4);
        Assert.False(Passes(filter, reply));
        Mac.Write(reply);
        Assert.True(Passes(filter, reply));
        NdpView.Check(PreparedFrames.Solicitation(Mac, AskerV6, AskerV6, null), out var question);
        Assert.True(Passes(filter, new Target(AskerV6, Asker).AnswerTo(question)));
    }

    [Theory]
    [InlineData("192.168.0.7", HelloPort, true)]
    [InlineData("fe80::7", HelloPort, true)]
    [InlineData("192.168.0.7", HelloPort + 1, false)]
    [InlineData("fe80::7", HelloPort + 1, false)]
    public void It_lets_through_hellos_to_our_port(string source, int port, bool passes)
    {
        var from = IPAddress.Parse(source);
        var frame = new byte[HelloFrame.MessageOffset(from.AddressFamily == AddressFamily.InterNetworkV6) + 100];
        HelloFrame.WriteHeaders(frame, Asker, from, (ushort)port);
        Assert.Equal(passes, Passes(CaptureFilter.For(Mac, [], HelloPort), frame));
    }

    [Fact]
    public void Our_own_frames_frames_to_other_hosts_and_tagged_frames_do_not_wake_us()
    {
        var target = IPAddress.Parse("192.168.0.91");
        var filter = CaptureFilter.For(Mac, [target], HelloPort);
        var frame = PreparedFrames.ArpProbe(Asker, target);
        Assert.True(Passes(filter, frame, packetType: 1));
        Assert.False(Passes(filter, frame, packetType: 3));
        Assert.False(Passes(filter, frame, packetType: 4));
        Assert.False(Passes(filter, frame, packetType: 1, tagged: true));
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_000, false)]
    public void Ten_thousand_addresses_fit_and_what_is_too_much_is_said(int count, bool contiguous)
    {
        var targets = Enumerable.Range(0, count).Select(i => contiguous ? i : i * 3).SelectMany(i => new[]
        {
            new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]),
            new IPAddress([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(i >> 16), (byte)(i >> 8), (byte)i]),
        }).ToArray();
        var filter = CaptureFilter.For(Mac, targets, HelloPort);
        Assert.InRange(filter.Program.Count, 60, CaptureFilter.InstructionsMax);
        Assert.Equal(contiguous, filter.Excess == UInt128.Zero);
        Assert.All(targets, target => Assert.True(Passes(filter, PreparedFrames.Probe(Asker, target))));
        Assert.False(Passes(filter, PreparedFrames.ArpProbe(Asker, IPAddress.Parse("10.200.0.0"))));
    }

    [Fact]
    public void A_thousand_scattered_addresses_are_told_apart_exactly()
    {
        var targets = Enumerable.Range(0, 1_000).Select(i => new IPAddress([192, 168, (byte)(i >> 7), (byte)(i << 1)])).ToArray();
        var filter = CaptureFilter.For(Mac, targets, HelloPort);
        Assert.Equal(UInt128.Zero, filter.Excess);
        for (var i = 0; i < 2_000; i++)
        {
            var address = new IPAddress([192, 168, (byte)(i >> 8), (byte)i]);
            Assert.Equal((i & 1) == 0, Passes(filter, PreparedFrames.ArpProbe(Asker, address)));
        }
    }

    [Fact]
    public void However_short_it_must_be_it_never_shuts_out_a_target() =>
        Gen.Select(V4.Array[1, 100], V6.Array[1, 100], Gen.Int[200, 600]).Sample((targets4, targets6, most) =>
        {
            var filter = CaptureFilter.For(Mac, [.. targets4, .. targets6], HelloPort, most);
            Assert.InRange(filter.Program.Count, 1, most);
            Assert.All(targets4.Concat(targets6), target => Assert.True(Passes(filter, PreparedFrames.Probe(Asker, target))));
        });

    private static bool Passes(CaptureFilter filter, ReadOnlySpan<byte> frame, uint packetType = 1, bool tagged = false)
    {
        uint accumulator = 0, index = 0;
        for (var at = 0; ; at++)
        {
            var (code, ifTrue, ifFalse, operand) = filter.Program[at];
            var offset = (code == 0x48 ? index : 0) + operand;
            switch (code)
            {
                case 0x30 when operand == 0xffff_f004:
                    accumulator = packetType;
                    break;
                case 0x20 when operand == 0xffff_f030:
                    accumulator = tagged ? 1u : 0;
                    break;
                case 0x20 or 0x28 or 0x30 or 0x48:
                    var size = code == 0x20 ? 4 : code == 0x30 ? 1 : 2;
                    if (offset + size > frame.Length)
                    {
                        return false;
                    }

                    accumulator = 0;
                    foreach (var octet in frame.Slice((int)offset, size))
                    {
                        accumulator = (accumulator << 8) | octet;
                    }

                    break;
                case 0xb1:
                    index = (frame[(int)operand] & 0xfu) * 4;
                    break;
                case 0x14:
                    accumulator -= operand;
                    break;
                case 0x05:
                    at += (int)operand;
                    break;
                case 0x15:
                    at += accumulator == operand ? ifTrue : ifFalse;
                    break;
                case 0x25:
                    at += accumulator > operand ? ifTrue : ifFalse;
                    break;
                case 0x35:
                    at += accumulator >= operand ? ifTrue : ifFalse;
                    break;
                case 0x45:
                    at += (accumulator & operand) != 0 ? ifTrue : ifFalse;
                    break;
                case 0x06:
                    return operand != 0;
                default:
                    throw new InvalidOperationException($"No instruction {code:x2}.");
            }
        }
    }
}
