using System.Buffers.Binary;

namespace PorterLB.Speaker.Packets;

/// <summary>
/// An ARP packet for Ethernet and IPv4 (RFC 826), checked once and then read by offset. Section 4 of RFC 5227 names its kinds:
/// a probe asks without claiming (sender 0.0.0.0), an announcement claims without asking (sender = target).
/// </summary>
internal readonly ref struct ArpView
{
    public const int Operation = 20;
    public const int SenderMacOffset = 22;
    public const int SenderIPOffset = 28;
    public const int TargetMacOffset = 32;
    public const int TargetIPOffset = 38;

    /// <summary>Ethernet header and ARP packet; frames are padded beyond it.</summary>
    public const int FrameLength = 42;

    public const ushort Request = 1;
    public const ushort Reply = 2;

    /// <summary>Hardware type Ethernet, protocol type IPv4, lengths 6 and 4.</summary>
    private const ulong EthernetIPv4 = 0x0001_0800_0604;

    private readonly ReadOnlySpan<byte> _frame;

    private ArpView(ReadOnlySpan<byte> frame) => _frame = frame;

    public bool IsRequest => _frame[Operation + 1] == Request;

    public uint SenderIP => BinaryPrimitives.ReadUInt32BigEndian(_frame[SenderIPOffset..]);

    public uint TargetIP => BinaryPrimitives.ReadUInt32BigEndian(_frame[TargetIPOffset..]);

    public MacAddress SenderMac => MacAddress.Read(_frame[SenderMacOffset..]);

    /// <summary>Sender and target are the same address: a claim, not a question.</summary>
    public bool IsAnnouncement => SenderIP == TargetIP;

    /// <summary>Hardware and protocol address of the sender, as they stand: what a reply says as its target.</summary>
    public ReadOnlySpan<byte> Sender => _frame.Slice(SenderMacOffset, 10);

    /// <summary>Checks a frame of type ARP.</summary>
    /// <param name="frame">The whole frame, at least an Ethernet header.</param>
    /// <param name="view">Valid when the result is <see cref="DropReason.None"/>.</param>
    public static DropReason Check(ReadOnlySpan<byte> frame, out ArpView view)
    {
        view = default;
        if (frame.Length < FrameLength)
        {
            return DropReason.Truncated;
        }

        if (BinaryPrimitives.ReadUInt64BigEndian(frame[(Ethernet.HeaderLength - 2)..]) << 16 >> 16 != EthernetIPv4)
        {
            return DropReason.ArpMalformed;
        }

        if (BinaryPrimitives.ReadUInt16BigEndian(frame[Operation..]) is not (Request or Reply))
        {
            return DropReason.ArpOperation;
        }

        view = new ArpView(frame);
        var sender = view.SenderMac;
        return sender.IsZero || sender.IsMulticast ? DropReason.BadSender : DropReason.None;
    }
}
