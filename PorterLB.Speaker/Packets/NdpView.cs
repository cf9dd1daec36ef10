using System.Buffers.Binary;

namespace PorterLB.Speaker.Packets;

/// <summary>
/// A neighbour solicitation or advertisement (RFC 4861, sections 4.3 and 4.4), checked once by the rules of sections 7.1.1 and
/// 7.1.2 and then read by offset.
/// </summary>
internal readonly ref struct NdpView
{
    public const int PayloadLength = Ethernet.HeaderLength + 4;
    public const int NextHeader = Ethernet.HeaderLength + 6;
    public const int HopLimit = Ethernet.HeaderLength + 7;
    public const int SourceOffset = Ethernet.HeaderLength + 8;
    public const int DestinationOffset = Ethernet.HeaderLength + 24;
    public const int Icmp = Ethernet.HeaderLength + 40;
    public const int CodeOffset = Icmp + 1;
    public const int ChecksumOffset = Icmp + 2;
    public const int FlagsOffset = Icmp + 4;
    public const int TargetOffset = Icmp + 8;
    public const int OptionsOffset = Icmp + 24;

    public const byte IcmpV6 = 58;
    public const byte Solicitation = 135;
    public const byte Advertisement = 136;

    public const byte SourceLinkAddress = 1;
    public const byte TargetLinkAddress = 2;

    private readonly ReadOnlySpan<byte> _frame;
    private readonly int _linkAddress;

    private NdpView(ReadOnlySpan<byte> frame, int linkAddress)
    {
        _frame = frame;
        _linkAddress = linkAddress;
    }

    public bool IsSolicitation => _frame[Icmp] == Solicitation;

    public UInt128 Target => BinaryPrimitives.ReadUInt128BigEndian(_frame[TargetOffset..]);

    /// <summary>The sender's address; all zero in duplicate address detection.</summary>
    public ReadOnlySpan<byte> Source => _frame.Slice(SourceOffset, 16);

    /// <summary>Whether this asks if the target is free (RFC 4862, section 5.4).</summary>
    public bool IsFromNobody => Source.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>
    /// Where the answer goes: the link-layer address option if there is one, else whoever sent the frame. A unicast solicitation may
    /// leave the option out (RFC 4861, section 4.3), and some routers' reachability probes do.
    /// </summary>
    public ReadOnlySpan<byte> LinkAddress => _linkAddress > 0 ? _frame.Slice(_linkAddress, MacAddress.Length) : _frame.Slice(Ethernet.Source, MacAddress.Length);

    /// <summary>Checks a frame of type IPv6 with next header ICMPv6.</summary>
    /// <param name="frame">The whole frame, at least an Ethernet header.</param>
    /// <param name="view">Valid when the result is <see cref="DropReason.None"/>.</param>
    public static DropReason Check(ReadOnlySpan<byte> frame, out NdpView view)
    {
        view = default;
        if (frame.Length < OptionsOffset)
        {
            return DropReason.Truncated;
        }

        if (frame[NextHeader] != IcmpV6 || frame[Icmp] is not (Solicitation or Advertisement))
        {
            return DropReason.OtherProtocol;
        }

        if (frame[HopLimit] != 255)
        {
            return DropReason.HopLimit;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(frame[PayloadLength..]);
        if (length > frame.Length - Icmp)
        {
            return DropReason.Truncated;
        }

        if (length < OptionsOffset - Icmp || frame[CodeOffset] != 0 || frame[TargetOffset] == 0xff || frame[SourceOffset] == 0xff)
        {
            return DropReason.NdpMalformed;
        }

        var message = frame.Slice(Icmp, length);
        var sum = InternetChecksum.PseudoHeader(frame.Slice(SourceOffset, 32), length, IcmpV6);
        if (InternetChecksum.Finish(InternetChecksum.Add(sum, message)) != 0)
        {
            return DropReason.Checksum;
        }

        if (!TryFindLinkAddress(message, out var option))
        {
            return DropReason.NdpMalformed;
        }

        view = new NdpView(frame, option > 0 ? Icmp + option : 0);
        if (view.IsFromNobody && (!view.IsSolicitation || option > 0 || !IsSolicitedNodeGroup(frame.Slice(DestinationOffset, 16))))
        {
            return DropReason.NdpMalformed;
        }

        // An advertisement to a group answers nobody in particular, so it cannot call itself solicited.
        if (!view.IsSolicitation && frame[DestinationOffset] == 0xff && (frame[FlagsOffset] & PreparedFrames.Solicited) != 0)
        {
            return DropReason.NdpMalformed;
        }

        var sender = MacAddress.Read(view.LinkAddress);
        return sender.IsZero || sender.IsMulticast ? DropReason.BadSender : DropReason.None;
    }

    /// <summary>Walks the options; a length of zero would never end (RFC 4861, section 4.6).</summary>
    private static bool TryFindLinkAddress(ReadOnlySpan<byte> message, out int offset)
    {
        offset = 0;
        var wanted = message[0] == Solicitation ? SourceLinkAddress : TargetLinkAddress;
        for (var position = OptionsOffset - Icmp; position < message.Length;)
        {
            if (message.Length - position < 2 || message[position + 1] == 0 || message[position + 1] * 8 > message.Length - position)
            {
                return false;
            }

            if (message[position] == wanted && offset == 0)
            {
                offset = position + 2;
            }

            position += message[position + 1] * 8;
        }

        return true;
    }

    private static bool IsSolicitedNodeGroup(ReadOnlySpan<byte> address) => address[..13].SequenceEqual(SolicitedNode.Prefix);
}
