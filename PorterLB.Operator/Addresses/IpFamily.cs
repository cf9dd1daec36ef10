using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Operator.Addresses;

/// <summary>The names are those of <c>spec.ipFamilies</c> in Kubernetes.</summary>
internal enum IpFamily
{
    IPv4,
    IPv6,
}

/// <summary>Addresses as numbers, so that ranges, gaps and sizes are arithmetic.</summary>
internal static class AddressNumber
{
    public static IpFamily Family(this IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.AddressFamily == AddressFamily.InterNetwork ? IpFamily.IPv4 : IpFamily.IPv6;
    }

    public static UInt128 ToNumber(this IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static IPAddress ToAddress(this UInt128 number, IpFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (family == IpFamily.IPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)number);
            return new IPAddress(bytes[..4]);
        }

        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    public static int Bits(this IpFamily family) => family == IpFamily.IPv4 ? 32 : 128;
}
