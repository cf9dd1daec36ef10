using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using PorterLB.Speaker.Packets;
using static PorterLB.Speaker.Hellos.HelloLayout;

namespace PorterLB.Speaker.Hellos;

/// <summary>
/// A hello as bytes and back. Nothing is read before the signature is proven but version, length and cluster tag, and after it
/// every length is still checked: a holder of the key can lie, but it cannot crash.
/// </summary>
internal static class HelloCodec
{
    /// <summary>Bytes that this hello takes, signature included; above <see cref="MaxLength"/> it cannot be written.</summary>
    public static int LengthOf(Hello hello)
    {
        var nodes = new NodeTable(hello);
        return HeaderLength + nodes.Length + (hello.Heard().Length * HeardLength)
            + hello.ClaimsOrNone().Sum(claim => ClaimFixedLength + (IsRelayed(claim, hello) ? ClaimSequenceLength : 0) + AddressLength(claim.Address))
            + SignatureLength;
    }

    /// <summary>Writes and signs a hello.</summary>
    /// <param name="hello">What to say. Ages above 65,535 ms are said to be that old.</param>
    /// <param name="mac">The sender's hardware address: whoever hears it knows the sender's ARP and NDP frames by it.</param>
    /// <param name="clusterTag">Eight bytes that name the cluster.</param>
    /// <param name="keys">The first one signs.</param>
    /// <param name="destination">At least <see cref="MaxLength"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">It is longer than <see cref="MaxLength"/>, or a name or number cannot be written.</exception>
    public static int Write(Hello hello, MacAddress mac, ReadOnlySpan<byte> clusterTag, HelloKeys keys, Span<byte> destination)
    {
        var nodes = new NodeTable(hello);
        var heard = hello.Heard();
        var claims = hello.ClaimsOrNone();
        var length = LengthOf(hello);
        if (length > MaxLength || heard.Length > byte.MaxValue || claims.Length > ushort.MaxValue)
        {
            throw new ArgumentException(
                $"A hello may have {MaxLength} bytes; this one has {length}, {heard.Length} heard peers and {claims.Length} claims.", nameof(hello));
        }

        var header = destination[..HeaderLength];
        header[0] = HelloLayout.Version;
        header[Flags] = BitsOf(hello.Standing);
        BinaryPrimitives.WriteUInt16BigEndian(header[TotalLength..], (ushort)length);
        clusterTag[..ClusterTagLength].CopyTo(header[HelloLayout.ClusterTag..]);
        mac.Write(header[Mac..]);
        header[NodeCount] = (byte)nodes.Count;
        header[HeardCount] = (byte)heard.Length;
        BinaryPrimitives.WriteUInt16BigEndian(header[ClaimCount..], (ushort)claims.Length);
        BinaryPrimitives.WriteUInt64BigEndian(header[Sequence..], hello.Sequence);

        var rest = destination[HeaderLength..];
        nodes.Write(ref rest);
        foreach (var peer in heard)
        {
            rest[0] = nodes.IndexOf(peer.Node, peer.Incarnation);
            rest[1] = (byte)(BitsOf(peer.Standing) | (peer.Direct ? HeardDirectly : 0) | (peer.Proven ? HeardProven : 0));
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], AgeInMilliseconds(peer.Age));
            BinaryPrimitives.WriteUInt64BigEndian(rest[4..], peer.Sequence);
            rest = rest[HeardLength..];
        }

        foreach (var claim in claims)
        {
            var addressLength = AddressLength(claim.Address);
            rest[0] = claim.IsTombstone ? Nobody : nodes.IndexOf(claim.Holder, claim.HolderIncarnation);
            rest[1] = (byte)((addressLength == 16 ? ClaimIPv6 : 0) | (claim.Rank.Steady ? ClaimSteady : 0)
                | (claim.Rank.Fresh ? ClaimFresh : 0) | (claim.Rank.Elected ? ClaimElected : 0));
            BinaryPrimitives.WriteInt32BigEndian(rest[2..], claim.Rank.Term);
            BinaryPrimitives.WriteInt64BigEndian(rest[6..], claim.Rank.Epoch);
            rest = rest[ClaimFixedLength..];
            if (IsRelayed(claim, hello))
            {
                BinaryPrimitives.WriteUInt64BigEndian(rest, claim.Sequence);
                rest = rest[ClaimSequenceLength..];
            }

            claim.Address.TryWriteBytes(rest, out _);
            rest = rest[addressLength..];
        }

        keys.Sign(destination[..(length - SignatureLength)], rest);
        return length;
    }

    /// <summary>Reads a hello, whatever the bytes are: it never throws.</summary>
    /// <param name="message">What a datagram to our group and port carried.</param>
    /// <param name="clusterTag">Eight bytes that name our cluster.</param>
    /// <param name="keys">Any of them may have signed.</param>
    /// <param name="hello">What it says, when the result is <see cref="DropReason.None"/>.</param>
    /// <param name="mac">The sender's hardware address.</param>
    public static DropReason TryRead(
        ReadOnlySpan<byte> message, ReadOnlySpan<byte> clusterTag, HelloKeys keys, out Hello? hello, out MacAddress mac)
    {
        hello = null;
        mac = default;
        if (message.Length < 1)
        {
            return DropReason.Truncated;
        }

        if (message[0] != HelloLayout.Version)
        {
            return DropReason.HelloVersion;
        }

        if (message.Length < HeaderLength + NodeFixedLength + 1 + SignatureLength)
        {
            return DropReason.Truncated;
        }

        if (!message.Slice(HelloLayout.ClusterTag, ClusterTagLength).SequenceEqual(clusterTag[..ClusterTagLength]))
        {
            return DropReason.HelloOtherCluster;
        }

        if (message.Length > MaxLength || BinaryPrimitives.ReadUInt16BigEndian(message[TotalLength..]) != message.Length)
        {
            return DropReason.HelloMalformed;
        }

        var signed = message[..^SignatureLength];
        if (!keys.Verify(signed, message[^SignatureLength..]))
        {
            return DropReason.HelloSignature;
        }

        hello = Read(signed);
        if (hello is null)
        {
            return DropReason.HelloMalformed;
        }

        mac = MacAddress.Read(message[Mac..]);
        return mac.IsZero || mac.IsMulticast ? DropReason.HelloMalformed : DropReason.None;
    }

    private static Hello? Read(ReadOnlySpan<byte> signed)
    {
        if ((signed[Flags] & ~StandingMask) != 0 || StandingFrom(signed[Flags]) is not { } standing)
        {
            return null;
        }

        var sequence = BinaryPrimitives.ReadUInt64BigEndian(signed[Sequence..]);
        var rest = signed[HeaderLength..];
        if (ReadNodes(ref rest, signed[NodeCount]) is not { Length: > 0 } nodes
            || ReadHeard(ref rest, signed[HeardCount], nodes) is not { } heard
            || ReadClaims(ref rest, BinaryPrimitives.ReadUInt16BigEndian(signed[ClaimCount..]), nodes, sequence) is not { } claims
            || !rest.IsEmpty)
        {
            return null;
        }

        return new Hello
        {
            Node = nodes[0].Node,
            Incarnation = nodes[0].Incarnation,
            Sequence = sequence,
            Standing = standing,
            Hears = ImmutableCollectionsFrom(heard),
            Claims = ImmutableCollectionsFrom(claims),
        };
    }

    private static (string Node, Incarnation Incarnation)[]? ReadNodes(ref ReadOnlySpan<byte> rest, int count)
    {
        if (count is 0 or > Nobody || count * (NodeFixedLength + 1) > rest.Length)
        {
            return null;
        }

        var nodes = new (string, Incarnation)[count];
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < NodeFixedLength)
            {
                return null;
            }

            var incarnation = new Incarnation(BinaryPrimitives.ReadUInt64BigEndian(rest), BinaryPrimitives.ReadUInt32BigEndian(rest[8..]));
            int nameLength = rest[12];
            rest = rest[NodeFixedLength..];
            if (nameLength is 0 or > NodeNameMax || nameLength > rest.Length || NameFrom(rest[..nameLength]) is not { } name)
            {
                return null;
            }

            nodes[i] = (name, incarnation);
            rest = rest[nameLength..];
        }

        return nodes;
    }

    private static HeardPeer[]? ReadHeard(ref ReadOnlySpan<byte> rest, int count, (string Node, Incarnation Incarnation)[] nodes)
    {
        if (count * HeardLength > rest.Length)
        {
            return null;
        }

        var heard = new HeardPeer[count];
        for (var i = 0; i < count; i++)
        {
            if (rest[0] >= nodes.Length || StandingFrom(rest[1]) is not { } standing)
            {
                return null;
            }

            var (node, incarnation) = nodes[rest[0]];
            heard[i] = new HeardPeer(
                node,
                incarnation,
                BinaryPrimitives.ReadUInt64BigEndian(rest[4..]),
                TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt16BigEndian(rest[2..])),
                (rest[1] & HeardDirectly) != 0,
                (rest[1] & HeardProven) != 0,
                standing);
            rest = rest[HeardLength..];
        }

        return heard;
    }

    private static Claim[]? ReadClaims(
        ref ReadOnlySpan<byte> rest, int count, (string Node, Incarnation Incarnation)[] nodes, ulong sequence)
    {
        if (count * (ClaimFixedLength + 4) > rest.Length)
        {
            return null;
        }

        var claims = new Claim[count];
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < ClaimFixedLength)
            {
                return null;
            }

            int holder = rest[0];
            var flags = rest[1];
            var term = BinaryPrimitives.ReadInt32BigEndian(rest[2..]);
            var epoch = BinaryPrimitives.ReadInt64BigEndian(rest[6..]);
            var released = holder == Nobody;
            var relayed = holder is not (Sender or Nobody);
            var addressLength = (flags & ClaimIPv6) != 0 ? 16 : 4;
            rest = rest[ClaimFixedLength..];
            if (rest.Length < (relayed ? ClaimSequenceLength : 0) + addressLength
                || (flags & ~KnownClaimFlags) != 0 || term < 0 || epoch < 0
                || released != (term == ClaimRank.Released) || (!released && holder >= nodes.Length))
            {
                return null;
            }

            var toldIn = released ? 0 : sequence;
            if (relayed)
            {
                toldIn = BinaryPrimitives.ReadUInt64BigEndian(rest);
                rest = rest[ClaimSequenceLength..];
            }

            var address = new IPAddress(rest[..addressLength]);
            if (address.IsIPv4MappedToIPv6)
            {
                return null;
            }

            var (node, incarnation) = released ? ("", default) : nodes[holder];
            claims[i] = new Claim(
                address,
                new ClaimRank(epoch, term, (flags & ClaimSteady) != 0, (flags & ClaimFresh) != 0, (flags & ClaimElected) != 0),
                node,
                incarnation,
                toldIn);
            rest = rest[addressLength..];
        }

        return claims;
    }

    private static byte BitsOf(Standing standing) =>
        (byte)((byte)standing.State | (standing.Steady ? Steady : 0) | (standing.Fresh ? Fresh : 0)
            | (standing.Deaf ? Deaf : 0) | (standing.Healthy ? Healthy : 0));

    private static Standing? StandingFrom(byte bits) =>
        (SpeakerState)(bits & StateMask) is var state && state > SpeakerState.Leaving
            ? null
            : new Standing(state, (bits & Steady) != 0, (bits & Fresh) != 0, (bits & Deaf) != 0, (bits & Healthy) != 0);

    /// <summary>Whether this is another's claim, which needs the sequence of the hello that it was told in.</summary>
    private static bool IsRelayed(Claim claim, Hello hello) =>
        !claim.IsTombstone && (claim.Holder != hello.Node || claim.HolderIncarnation != hello.Incarnation);

    /// <summary>
    /// What a hello that was refused says of its sender: to be shown to people, and believed by nobody. Only a name that a Kubernetes
    /// node can have, so that nothing else gets into an object or a terminal by this way.
    /// </summary>
    /// <param name="message">Of our version and long enough for a header, as <see cref="TryRead"/> found.</param>
    public static string? ClaimedName(ReadOnlySpan<byte> message)
    {
        var length = message.Length > HeaderLength + NodeFixedLength ? message[HeaderLength + NodeFixedLength - 1] : 0;
        if (length is 0 or > NodeNameMax || message.Length < HeaderLength + NodeFixedLength + length)
        {
            return null;
        }

        var name = message.Slice(HeaderLength + NodeFixedLength, length);
        return name.IndexOfAnyExcept(NodeNameLetters) < 0 ? Encoding.ASCII.GetString(name) : null;
    }

    /// <summary>The cluster tag of a hello, for people.</summary>
    public static string ClusterOf(ReadOnlySpan<byte> message) =>
        message.Length < HelloLayout.ClusterTag + ClusterTagLength ? "" : Convert.ToHexStringLower(message.Slice(HelloLayout.ClusterTag, ClusterTagLength));

    private static readonly System.Buffers.SearchValues<byte> NodeNameLetters = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-."u8);

    private static string? NameFrom(ReadOnlySpan<byte> bytes)
    {
        // Asked before decoding: an exception per forged name would cost more than the name.
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
    }

    /// <summary>Rounded up: evidence of life may look older on its way, never younger.</summary>
    private static ushort AgeInMilliseconds(TimeSpan age) =>
        (ushort)Math.Clamp(Math.Ceiling(age.TotalMilliseconds), 0, ushort.MaxValue);

    private static int AddressLength(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 16 : 4;

    private static ImmutableArray<T> ImmutableCollectionsFrom<T>(T[] items) =>
        System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(items);

    private static ImmutableArray<HeardPeer> Heard(this Hello hello) => hello.Hears.IsDefault ? [] : hello.Hears;

    private static ImmutableArray<Claim> ClaimsOrNone(this Hello hello) => hello.Claims.IsDefault ? [] : hello.Claims;

    /// <summary>The nodes that a hello speaks of, the sender first, each once.</summary>
    private sealed class NodeTable
    {
        private readonly List<(string Node, Incarnation Incarnation)> _nodes = [];
        private readonly Dictionary<(string Node, Incarnation Incarnation), byte> _indexes = [];

        public NodeTable(Hello hello)
        {
            Add(hello.Node, hello.Incarnation);
            foreach (var peer in hello.Heard())
            {
                Add(peer.Node, peer.Incarnation);
            }

            foreach (var claim in hello.ClaimsOrNone())
            {
                if (!claim.IsTombstone)
                {
                    Add(claim.Holder, claim.HolderIncarnation);
                }
            }
        }

        public int Count => _nodes.Count;

        public int Length { get; private set; }

        public byte IndexOf(string node, Incarnation incarnation) => _indexes[(node, incarnation)];

        public void Write(ref Span<byte> rest)
        {
            foreach (var (node, incarnation) in _nodes)
            {
                BinaryPrimitives.WriteUInt64BigEndian(rest, incarnation.Process);
                BinaryPrimitives.WriteUInt32BigEndian(rest[8..], incarnation.Life);
                var nameLength = Names.GetBytes(node, rest[NodeFixedLength..]);
                rest[12] = (byte)nameLength;
                rest = rest[(NodeFixedLength + nameLength)..];
            }
        }

        private void Add(string node, Incarnation incarnation)
        {
            if (_indexes.ContainsKey((node, incarnation)))
            {
                return;
            }

            var nameLength = Names.GetByteCount(node);
            if (nameLength is 0 or > NodeNameMax)
            {
                throw new ArgumentException($"A node's name has 1 to {NodeNameMax} bytes; '{node}' has {nameLength}.", nameof(node));
            }

            if (_nodes.Count == Nobody)
            {
                throw new ArgumentException($"A hello can speak of at most {Nobody} nodes.", nameof(node));
            }

            _indexes.Add((node, incarnation), (byte)_nodes.Count);
            _nodes.Add((node, incarnation));
            Length += NodeFixedLength + nameLength;
        }
    }
}
