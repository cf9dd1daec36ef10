using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using PorterLB.Speaker.Packets;

namespace PorterLB.Speaker.Wire;

/// <summary>One instruction of the classic Berkeley packet filter, as the kernel takes it (struct sock_filter).</summary>
internal readonly record struct FilterInstruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

/// <summary>
/// The kernel's filter for one interface: questions and claims about our addresses, answers to our own questions, and hellos. A flood
/// of questions for other addresses does not wake this process.
/// <para>
/// It is assembled here and not compiled from text by libpcap, for three reasons that were measured or read: a search tree over
/// ranges takes microseconds to make where libpcap's compiler takes 137 ms for 2,000 addresses; the kernel swaps one program for
/// another in one step, while pcap_setfilter puts a filter that drops everything in between; and a program that is too long is made
/// coarser and said to be, where libpcap silently hands every frame of the interface to the process.
/// </para>
/// </summary>
internal sealed class CaptureFilter
{
    /// <summary>The kernel's limit is 4,096 (BPF_MAXINSNS).</summary>
    public const int InstructionsMax = 4_000;

    private const uint Accept = 0x40000;
    private const int FixedLength = 110;

    /// <summary>More different /96 than these are not compared: the search over the last 32 bits is what keeps the flood out.</summary>
    private const int PrefixesMax = 4;

    private CaptureFilter(FilterInstruction[] program, UInt128 excess)
    {
        Program = program;
        Excess = excess;
    }

    public IReadOnlyList<FilterInstruction> Program { get; }

    /// <summary>
    /// How many addresses it lets through that are none of ours: 0 unless it had to be made coarser. (Those of other /96 are not counted, where
    /// ours are of more than four.)
    /// </summary>
    public UInt128 Excess { get; }

    /// <summary>Makes the filter of an interface.</summary>
    /// <param name="mac">Its hardware address.</param>
    /// <param name="targets">The addresses that concern it.</param>
    /// <param name="helloPort">The UDP port of the hellos.</param>
    /// <param name="instructionsMax">How long it may be, 200 at least. If that is not enough, ranges with the narrowest gaps between
    /// them are joined.</param>
    public static CaptureFilter For(MacAddress mac, IEnumerable<IPAddress> targets, ushort helloPort, int instructionsMax = InstructionsMax)
    {
        var addresses = targets.ToArray();
        var v4 = AddressRange.Of(addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).Select(AnswerTable.KeyOfIPv4));
        var keys6 = addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6).Select(AnswerTable.KeyOfIPv6).ToArray();
        Prefixed[] v6 = [.. keys6.GroupBy(key => key >> 32).OrderBy(group => group.Key).Select(group => new Prefixed(group.Key, RangesOf(group)))];
        if (v6.Length > PrefixesMax)
        {
            v6 = [new Prefixed(null, RangesOf(keys6))];
        }

        // Requests are searched by target, then by sender; if there is no room for two searches, senders of requests go unseen: a host
        // that uses one of our addresses is still heard by its announcements and replies.
        var room = instructionsMax - FixedLength;
        var cost6 = v6.Sum(part => Cost(part.Ranges.Length));
        var twice = Cost(v4.Length) * 2 + cost6 <= room;
        UInt128 excess = 0;
        if (!twice && Cost(v4.Length) + cost6 > room)
        {
            var share = (double)room / Cost(1) / (v4.Length + v6.Sum(part => part.Ranges.Length));
            v4 = Coarsened(v4);
            v6 = [.. v6.Select(part => part with { Ranges = Coarsened(part.Ranges) })];

            AddressRange[] Coarsened(AddressRange[] ranges)
            {
                var (fewer, more) = AddressRange.Coarsen(ranges, Math.Max(1, (int)(ranges.Length * share)));
                excess += more;
                return fewer;
            }
        }

        return new CaptureFilter(new Assembler(mac, v4, v6, helloPort, twice).Assemble(), excess);
    }

    private static AddressRange[] RangesOf(IEnumerable<UInt128> keys) => AddressRange.Of(keys.Select(key => (uint)key));

    /// <summary>A bound on the instructions of a search over so many ranges: three each, and the ends and long jumps of its blocks.</summary>
    private static int Cost(int ranges) => (ranges * 3) + (6 * (ranges / Assembler.BlockRanges + 1));

    /// <param name="Prefix">The first 96 bits; null = whatever they are.</param>
    /// <param name="Ranges">The last 32.</param>
    private readonly record struct Prefixed(UInt128? Prefix, AddressRange[] Ranges);

    private sealed class Assembler(
        MacAddress mac, AddressRange[] v4, Prefixed[] v6, ushort helloPort, bool twice)
    {
        /// <summary>Ranges searched with jumps of one byte: at most 3 instructions each, and the two ends, stay below 255.</summary>
        public const int BlockRanges = 80;

        private const ushort LoadWord = 0x20;
        private const ushort LoadHalf = 0x28;
        private const ushort LoadByte = 0x30;
        private const ushort LoadHalfIndexed = 0x48;
        private const ushort LoadIPv4HeaderLength = 0xb1;
        private const ushort Subtract = 0x14;
        private const ushort Jump = 0x05;
        private const ushort JumpEqual = 0x15;
        private const ushort JumpGreater = 0x25;
        private const ushort JumpGreaterOrEqual = 0x35;
        private const ushort JumpSet = 0x45;
        private const ushort Return = 0x06;

        /// <summary>Offsets of what is known about a frame beside its bytes (linux/filter.h).</summary>
        private const uint PacketType = 0xffff_f004;
        private const uint VlanTagPresent = 0xffff_f030;

        /// <summary>PACKET_HOST, PACKET_BROADCAST and PACKET_MULTICAST; above it frames to other hosts and our own.</summary>
        private const uint PacketTypeToUsMax = 2;

        private readonly List<FilterInstruction> _program = [];
        private readonly List<(int At, Label Label)> _jumps = [];

        private sealed class Label
        {
            public int At { get; set; } = -1;
        }

        public FilterInstruction[] Assemble()
        {
            Label arp = new(), ipv4 = new(), ipv6 = new(), drop = new();
            Emit(LoadByte, PacketType);
            DropIf(JumpGreater, PacketTypeToUsMax);
            Emit(LoadWord, VlanTagPresent);
            DropUnless(JumpEqual, 0);
            Emit(LoadHalf, Ethernet.Type);
            GoIf(JumpEqual, Ethernet.TypeArp, arp);
            GoIf(JumpEqual, Ethernet.TypeIPv6, ipv6);
            GoIf(JumpEqual, Ethernet.TypeIPv4, ipv4);
            Emit(Return, 0);
            Place(arp);
            Arp(drop);
            Place(ipv6);
            IPv6(drop);
            Place(ipv4);
            IPv4Hello();
            Place(drop);
            Emit(Return, 0);
            foreach (var (at, label) in _jumps)
            {
                _program[at] = _program[at] with { Operand = (uint)(label.At - at - 1) };
            }

            return [.. _program];
        }

        private void Arp(Label drop)
        {
            Label request = new(), sender = new(), search = new();
            Emit(LoadHalf, ArpView.Operation);
            GoIf(JumpEqual, ArpView.Request, request);
            AcceptIfToUs();
            Go(sender);
            Place(request);
            Emit(LoadWord, ArpView.TargetIPOffset);
            if (twice)
            {
                Search(v4, sender);
            }
            else
            {
                Go(search);
            }

            Place(sender);
            Emit(LoadWord, ArpView.SenderIPOffset);
            Place(search);
            Search(v4, drop);
        }

        private void IPv6(Label drop)
        {
            Label icmp = new(), hello = new(), advertisement = new(), prefix = new();
            Emit(LoadByte, NdpView.NextHeader);
            GoIf(JumpEqual, NdpView.IcmpV6, icmp);
            GoIf(JumpEqual, HelloFrame.Udp, hello);
            Emit(Return, 0);
            Place(icmp);
            Emit(LoadByte, NdpView.Icmp);
            GoIf(JumpEqual, NdpView.Solicitation, prefix);
            GoIf(JumpEqual, NdpView.Advertisement, advertisement);
            Emit(Return, 0);
            Place(advertisement);
            AcceptIfToUs();
            Place(prefix);
            foreach (var (wanted, ranges) in v6)
            {
                Label next = new();
                for (var word = 0; wanted is { } bits && word < 3; word++)
                {
                    Emit(LoadWord, (uint)(NdpView.TargetOffset + (4 * word)));
                    GoUnless(JumpEqual, (uint)(bits >> (64 - (32 * word))), next);
                }

                Emit(LoadWord, NdpView.TargetOffset + 12);
                Search(ranges, drop);
                Place(next);
            }

            Emit(Return, 0);
            Place(hello);
            Span<byte> group = stackalloc byte[16];
            HelloFrame.GroupIPv6.TryWriteBytes(group, out _);
            for (var word = 0; word < 4; word++)
            {
                Emit(LoadWord, (uint)(NdpView.DestinationOffset + (4 * word)));
                DropUnless(JumpEqual, BinaryPrimitives.ReadUInt32BigEndian(group[(4 * word)..]));
            }

            Emit(LoadHalf, NdpView.Icmp + 2);
            DropUnless(JumpEqual, helloPort);
            Emit(Return, Accept);
        }

        private void IPv4Hello()
        {
            Emit(LoadByte, Ethernet.HeaderLength + 9);
            DropUnless(JumpEqual, HelloFrame.Udp);
            Emit(LoadWord, Ethernet.HeaderLength + 16);
            DropUnless(JumpEqual, AnswerTable.KeyOfIPv4(HelloFrame.GroupIPv4));

            // In a later fragment, what stands where the port would be is something else.
            Emit(LoadHalf, Ethernet.HeaderLength + 6);
            DropIf(JumpSet, 0x1fff);
            Emit(LoadIPv4HeaderLength, Ethernet.HeaderLength);
            Emit(LoadHalfIndexed, Ethernet.HeaderLength + 2);
            DropUnless(JumpEqual, helloPort);
            Emit(Return, Accept);
        }

        /// <summary>Accepts what goes to our hardware address alone: the answers to our own questions.</summary>
        private void AcceptIfToUs()
        {
            Span<byte> bytes = stackalloc byte[MacAddress.Length];
            mac.Write(bytes);
            Label no = new();
            Emit(LoadWord, Ethernet.Destination);
            GoUnless(JumpEqual, BinaryPrimitives.ReadUInt32BigEndian(bytes), no);
            Emit(LoadHalf, Ethernet.Destination + 4);
            GoUnless(JumpEqual, BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]), no);
            Emit(Return, Accept);
            Place(no);
        }

        /// <summary>Accepts if the word just loaded is in one of the ranges, else goes on at the label.</summary>
        private void Search(AddressRange[] ranges, Label otherwise)
        {
            if (ranges.Length == 0)
            {
                Go(otherwise);
                return;
            }

            // Counted from the lowest: the kernel's translation needs an instruction more for every operand with the highest bit set,
            // which is half of all addresses, and its memory for filters is bounded (optmem_max). What is below wraps to the top.
            var lowest = ranges[0].First;
            Emit(Subtract, lowest);
            Tree([.. ranges.Select(range => new AddressRange(range.First - lowest, range.Last - lowest))], otherwise);
        }

        private void Tree(ReadOnlySpan<AddressRange> ranges, Label otherwise)
        {
            if (ranges.Length > BlockRanges)
            {
                var middle = ranges.Length / 2;
                Label upper = new();
                GoIf(JumpGreaterOrEqual, ranges[middle].First, upper);
                Tree(ranges[..middle], otherwise);
                Place(upper);
                Tree(ranges[middle..], otherwise);
                return;
            }

            var start = _program.Count;
            Block(ranges);
            var accept = _program.Count;
            Emit(Return, Accept);
            Go(otherwise);
            for (var at = start; at < accept; at++)
            {
                var instruction = _program[at];
                _program[at] = instruction with { IfTrue = Near(instruction.IfTrue, at, accept), IfFalse = Near(instruction.IfFalse, at, accept) };
            }
        }

        private const byte ToAccept = 254;
        private const byte ToReject = 255;

        private static byte Near(byte jump, int at, int accept) => jump switch
        {
            ToAccept => checked((byte)(accept - at - 1)),
            ToReject => checked((byte)(accept - at)),
            _ => jump,
        };

        private void Block(ReadOnlySpan<AddressRange> ranges)
        {
            if (ranges.Length > 1)
            {
                var middle = ranges.Length / 2;
                var at = _program.Count;
                Emit(JumpGreaterOrEqual, ranges[middle].First);
                Block(ranges[..middle]);
                _program[at] = _program[at] with { IfTrue = checked((byte)(_program.Count - at - 1)) };
                Block(ranges[middle..]);
            }
            else if (ranges[0].First == ranges[0].Last)
            {
                _program.Add(new FilterInstruction(JumpEqual, ToAccept, ToReject, ranges[0].First));
            }
            else
            {
                _program.Add(new FilterInstruction(JumpGreaterOrEqual, 0, ToReject, ranges[0].First));
                _program.Add(new FilterInstruction(JumpGreater, ToReject, ToAccept, ranges[0].Last));
            }
        }

        private void Emit(ushort code, uint operand) => _program.Add(new FilterInstruction(code, 0, 0, operand));

        private void Place(Label label) => label.At = _program.Count;

        private void Go(Label label)
        {
            _jumps.Add((_program.Count, label));
            Emit(Jump, 0);
        }

        private void GoIf(ushort test, uint operand, Label label)
        {
            _program.Add(new FilterInstruction(test, 0, 1, operand));
            Go(label);
        }

        private void GoUnless(ushort test, uint operand, Label label)
        {
            _program.Add(new FilterInstruction(test, 1, 0, operand));
            Go(label);
        }

        private void DropIf(ushort test, uint operand)
        {
            _program.Add(new FilterInstruction(test, 0, 1, operand));
            Emit(Return, 0);
        }

        private void DropUnless(ushort test, uint operand)
        {
            _program.Add(new FilterInstruction(test, 1, 0, operand));
            Emit(Return, 0);
        }
    }
}
