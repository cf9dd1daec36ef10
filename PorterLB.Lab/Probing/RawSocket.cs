using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PorterLB.Lab.Probing;

/// <summary>Whole Ethernet frames, in and out of one interface.</summary>
internal sealed partial class RawSocket : IDisposable
{
    private const int PacketFamily = 17;
    private const int Raw = 3;
    private const ushort AllProtocols = 3;
    private const int SocketLevel = 1;
    private const int ReceiveTimeout = 20;
    private const int ReceiveBufferForced = 33;

    /// <summary>A thousand addresses that move at once are some thousand frames within a moment.</summary>
    private const int BufferBytes = 16 << 20;

    private const int InterfaceNumberAt = 4;
    private readonly SafeFileHandle _handle;

    public RawSocket(string networkInterface)
    {
        var protocol = BinaryPrimitives.ReverseEndianness(AllProtocols);
        _handle = new SafeFileHandle(Checked(Socket(PacketFamily, Raw, protocol)), ownsHandle: true);
        Span<byte> address = stackalloc byte[20];
        BitConverter.TryWriteBytes(address, (ushort)PacketFamily);
        BitConverter.TryWriteBytes(address[2..], protocol);
        BitConverter.TryWriteBytes(address[InterfaceNumberAt..], Checked((int)InterfaceNumber(networkInterface), failure: 0));
        Checked(Bind(_handle, address, address.Length));

        // A blocked read looks up now and then, to see whether it is to end.
        Span<byte> timeout = stackalloc byte[16];
        BitConverter.TryWriteBytes(timeout[8..], 50_000L);
        Checked(SetOption(_handle, SocketLevel, ReceiveTimeout, timeout, timeout.Length));
        Span<byte> buffer = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(buffer, BufferBytes);
        Checked(SetOption(_handle, SocketLevel, ReceiveBufferForced, buffer, buffer.Length));
    }

    /// <summary>The length of a frame, or 0 when none came within 50 ms.</summary>
    public int Receive(Span<byte> frame) => (int)Math.Max(0, Receive(_handle, frame, frame.Length, 0));

    /// <summary>False when the interface does not take it now (its cable is cut).</summary>
    public bool Send(ReadOnlySpan<byte> frame) => Send(_handle, frame, frame.Length, 0) == frame.Length;

    public void Dispose() => _handle.Dispose();

    private static int Checked(int result, int failure = -1) => result == failure ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : result;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeFileHandle socket, int level, int option, ReadOnlySpan<byte> value, int length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint InterfaceNumber(string name);
}
