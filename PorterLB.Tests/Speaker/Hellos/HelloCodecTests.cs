using System.Collections.Immutable;
using System.Net;
using CsCheck;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;

namespace PorterLB.Tests.Speaker.Hellos;

public class HelloCodecTests
{
    private static readonly byte[] Tag = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly HelloKeys Keys = new([Key(1)]);
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:0a");

    private static readonly Gen<Incarnation> Incarnations = Gen.Select(Gen.ULong, Gen.UInt, (process, life) => new Incarnation(process, life));
    private static readonly Gen<string> Nodes = Gen.OneOf(Gen.Int[0, 5].Select(i => $"node-{i}"), Gen.String[Gen.Char.AlphaNumeric, 1, 60], Gen.Const("knöten-ü"));
    private static readonly Gen<IPAddress> Addresses = Gen.OneOf(
        Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes)),
        Gen.Byte.Array[16].Select(bytes => new IPAddress(bytes)).Where(address => !address.IsIPv4MappedToIPv6));

    private static readonly Gen<Standing> Standings = Gen.Select(Gen.Int[0, 2], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool,
        (state, steady, fresh, deaf, healthy) => new Standing((SpeakerState)state, steady, fresh, deaf, healthy));

    private static readonly Gen<HeardPeer> Heard = Gen.Select(Nodes, Incarnations, Gen.ULong, Gen.Int[0, 65_535], Gen.Bool, Gen.Bool, Standings,
        (node, incarnation, sequence, age, direct, proven, standing) =>
            new HeardPeer(node, incarnation, sequence, TimeSpan.FromMilliseconds(age), direct, proven, standing));

    private static readonly Gen<ClaimRank> Ranks = Gen.Select(Gen.Long[0, long.MaxValue], Gen.Int[0, int.MaxValue - 1], Gen.Bool, Gen.Bool, Gen.Bool,
        (epoch, term, steady, fresh, elected) => new ClaimRank(epoch, term, steady, fresh, elected));

    private static readonly Gen<Claim> Claims = Gen.OneOf(
        Gen.Select(Addresses, Ranks, Nodes, Incarnations, Gen.ULong, (address, rank, node, incarnation, sequence) =>
            new Claim(address, rank, node, incarnation, sequence)),
        Gen.Select(Addresses, Gen.Long[0, long.MaxValue], (address, epoch) =>
            new Claim(address, new ClaimRank(epoch, ClaimRank.Released, false, false, false), "", default, 0)));

    private static readonly Gen<Hello> Hellos = Gen.Select(
        Nodes, Incarnations, Gen.ULong, Standings, Heard.Array[0, 6], Claims.Array[0, 8], Gen.Select(Addresses, Ranks).Array[0, 8],
        (node, incarnation, sequence, standing, heard, relayed, own) => new Hello
        {
            Node = node,
            Incarnation = incarnation,
            Sequence = sequence,
            Standing = standing,
            Hears = [.. heard],
            Claims = [.. relayed, .. own.Select(claim => new Claim(claim.Item1, claim.Item2, node, incarnation, sequence))],
        }).Where(hello => HelloCodec.LengthOf(hello) <= HelloLayout.MaxLength);

    [Fact]
    public void What_is_written_is_read_back() =>
        Hellos.Sample(hello =>
        {
            var datagram = Write(hello);
            Assert.Equal(DropReason.None, HelloCodec.TryRead(datagram, Tag, Keys, out var read, out var mac));
            Assert.Equal(Mac, mac);
            Assert.Equal(hello with { Hears = [], Claims = [] }, read! with { Hears = [], Claims = [] });
            Assert.Equal(hello.Hears.AsEnumerable(), read.Hears.AsEnumerable());
            Assert.Equal(hello.Claims.AsEnumerable(), read.Claims.AsEnumerable());
        });

    [Fact]
    public void The_room_counts_what_the_codec_writes() =>
        Hellos.Sample(hello =>
        {
            var room = new HelloRoom(hello.Node, hello.Incarnation);
            Assert.All(hello.Hears, peer => Assert.True(room.TryAdd(peer)));
            Assert.All(hello.Claims, claim => Assert.True(room.TryAdd(claim)));
            Assert.Equal(room.Length, Write(hello).Length);
            Assert.Equal(room.Length, HelloCodec.LengthOf(hello));
        });

    [Fact]
    public void A_full_room_makes_a_hello_that_can_be_written()
    {
        var room = new HelloRoom("node-a", new Incarnation(1, 1));
        var claims = ImmutableArray.CreateBuilder<Claim>();
        for (var i = 0; ; i++)
        {
            var claim = new Claim(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]), new ClaimRank(7, 0, true, true, true), "node-a", new Incarnation(1, 1), 1);
            if (!room.TryAdd(claim))
            {
                break;
            }

            claims.Add(claim);
        }

        Assert.InRange(claims.Count, 40, 80);
        var hello = new Hello { Node = "node-a", Incarnation = new(1, 1), Sequence = 1, Standing = default, Claims = claims.ToImmutable() };
        Assert.InRange(Write(hello).Length, HelloLayout.MaxLength - 18, HelloLayout.MaxLength);
        Assert.Throws<ArgumentException>(() => Write(hello with { Claims = hello.Claims.Add(hello.Claims[0]) }));
    }

    [Fact]
    public void No_bytes_whatever_make_the_reader_throw() =>
        Gen.Byte.Array[0, 1300].Sample(bytes =>
            Assert.NotEqual(DropReason.None, HelloCodec.TryRead(bytes, Tag, Keys, out _, out _)));

    [Fact]
    public void No_lie_of_a_key_holder_makes_the_reader_throw() =>
        Gen.Select(Hellos, Gen.Int[0, 1199], Gen.Byte, Gen.Int[0, 60]).Sample((hello, position, value, cut) =>
        {
            var datagram = Write(hello);
            var forged = datagram[..^HelloLayout.SignatureLength];
            forged = forged[..Math.Max(HelloLayout.HeaderLength + 14, forged.Length - cut)];
            forged[position % forged.Length] = value;
            forged[0] = HelloLayout.Version;
            Tag.CopyTo(forged, HelloLayout.ClusterTag);
            var whole = new byte[forged.Length + HelloLayout.SignatureLength];
            forged.CopyTo(whole, 0);
            whole[HelloLayout.TotalLength] = (byte)(whole.Length >> 8);
            whole[HelloLayout.TotalLength + 1] = (byte)whole.Length;
            Keys.Sign(whole.AsSpan(0, forged.Length), whole.AsSpan(forged.Length));
            var reason = HelloCodec.TryRead(whole, Tag, Keys, out var read, out _);
            Assert.True(reason is DropReason.None or DropReason.HelloMalformed);
            Assert.True(reason != DropReason.None || read is not null);
        });

    [Fact]
    public void A_flipped_bit_anywhere_is_refused() =>
        Gen.Select(Hellos, Gen.Int[0, 1199], Gen.Int[0, 7]).Sample((hello, position, bit) =>
        {
            var datagram = Write(hello);
            datagram[position % datagram.Length] ^= (byte)(1 << bit);
            Assert.NotEqual(DropReason.None, HelloCodec.TryRead(datagram, Tag, Keys, out _, out _));
        });

    [Fact]
    public void Each_refusal_has_its_own_name()
    {
        var datagram = Write(Small);
        Assert.Equal(DropReason.HelloSignature, HelloCodec.TryRead(datagram, Tag, new HelloKeys([Key(2)]), out _, out _));
        Assert.Equal(DropReason.HelloOtherCluster, HelloCodec.TryRead(datagram, new byte[8], Keys, out _, out _));
        Assert.Equal(DropReason.Truncated, HelloCodec.TryRead(datagram.AsSpan(0, 40), Tag, Keys, out _, out _));
        Assert.Equal(DropReason.HelloMalformed, HelloCodec.TryRead(datagram.AsSpan(0, datagram.Length - 1), Tag, Keys, out _, out _));
        Assert.Equal(DropReason.Truncated, HelloCodec.TryRead([], Tag, Keys, out _, out _));
        datagram[0] = 2;
        Assert.Equal(DropReason.HelloVersion, HelloCodec.TryRead(datagram, Tag, Keys, out _, out _));
    }

    [Fact]
    public void While_keys_are_exchanged_old_and_new_speakers_understand_each_other()
    {
        HelloKeys before = new([Key(1)]), during = new([Key(1), Key(2)]), swapped = new([Key(2), Key(1)]), after = new([Key(2)]);
        Assert.True(Understands(before, during) && Understands(during, before));
        Assert.True(Understands(during, swapped) && Understands(swapped, during));
        Assert.True(Understands(swapped, after) && Understands(after, swapped));
        Assert.False(Understands(before, after));

        static bool Understands(HelloKeys reader, HelloKeys writer)
        {
            var buffer = new byte[HelloLayout.MaxLength];
            var length = HelloCodec.Write(Small, Mac, Tag, writer, buffer);
            return HelloCodec.TryRead(buffer.AsSpan(0, length), Tag, reader, out _, out _) == DropReason.None;
        }
    }

    [Fact]
    public void The_layout_is_the_documented_one()
    {
        var hello = new Hello
        {
            Node = "ab",
            Incarnation = new(0x0102030405060708, 0x090a0b0c),
            Sequence = 0x1112131415161718,
            Standing = new Standing(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true),
            Hears =
            [
                new HeardPeer("c", new(0x21, 0x22), 0x23, TimeSpan.FromMilliseconds(36.2), Direct: true, Proven: true,
                    new Standing(SpeakerState.Leaving, Steady: false, Fresh: false, Deaf: true, Healthy: false)),
            ],
            Claims =
            [
                new Claim(IPAddress.Parse("192.168.0.91"), new ClaimRank(0x31, 0, true, true, true), "ab", new(0x0102030405060708, 0x090a0b0c), 0x1112131415161718),
                new Claim(IPAddress.Parse("192.168.0.92"), new ClaimRank(0x51, 2, false, true, false), "c", new(0x21, 0x22), 0x52),
                new Claim(IPAddress.Parse("2001:db8::1"), new ClaimRank(0x41, ClaimRank.Released, false, false, false), "", default, 0),
            ],
        };
        Assert.Equal(
            "01" + "2d" + "00b1" + "0102030405060708" + "02000000000a" + "02" + "01" + "0003" + "1112131415161718"
            + "0102030405060708" + "090a0b0c" + "02" + "6162"
            + "0000000000000021" + "00000022" + "01" + "63"
            + "01" + "d2" + "0025" + "0000000000000023"
            + "00" + "0e" + "00000000" + "0000000000000031" + "c0a8005b"
            + "01" + "04" + "00000002" + "0000000000000051" + "0000000000000052" + "c0a8005c"
            + "ff" + "01" + "7fffffff" + "0000000000000041" + "20010db8000000000000000000000001",
            Convert.ToHexStringLower(Write(hello)[..^HelloLayout.SignatureLength]));
    }

    private static Hello Small => new() { Node = "node-a", Incarnation = new(1, 2), Sequence = 3, Standing = default };

    private static byte[] Key(byte fill) => [.. Enumerable.Repeat(fill, 32)];

    private static byte[] Write(Hello hello)
    {
        var buffer = new byte[HelloLayout.MaxLength];
        return buffer[..HelloCodec.Write(hello, Mac, Tag, Keys, buffer)];
    }
}
