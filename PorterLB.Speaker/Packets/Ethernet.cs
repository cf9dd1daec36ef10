using System.Buffers.Binary;

namespace PorterLB.Speaker.Packets;

/// <summary>The frame around everything else: destination, source, type.</summary>
internal static class Ethernet
{
    public const int Destination = 0;
    public const int Source = 6;
    public const int Type = 12;
    public const int HeaderLength = 14;

    public const ushort TypeIPv4 = 0x0800;
    public const ushort TypeArp = 0x0806;
    public const ushort TypeIPv6 = 0x86dd;
    public const ushort TypeVlan = 0x8100;
    public const ushort TypeServiceVlan = 0x88a8;

    /// <summary>The type of a frame of at least <see cref="HeaderLength"/> bytes.</summary>
    public static ushort TypeOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[Type..]);

    /// <summary>Where a frame to this IPv6 multicast group goes (RFC 2464, section 7).</summary>
    public static void WriteMulticast(ReadOnlySpan<byte> group, Span<byte> destination)
    {
        destination[0] = 0x33;
        destination[1] = 0x33;
        group[12..16].CopyTo(destination[2..]);
    }

    public static void WriteHeader(Span<byte> frame, MacAddress destination, MacAddress source, ushort type)
    {
        destination.Write(frame[Destination..]);
        source.Write(frame[Source..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[Type..], type);
    }
}
