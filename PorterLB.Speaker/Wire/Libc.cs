using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PorterLB.Speaker.Wire;

/// <summary>The few calls of Linux that .NET has no door to: filters, netlink, and waiting for two things at once.</summary>
internal static unsafe partial class Libc
{
    public const int PollIn = 0x1;
    public const int PollError = 0x8 | 0x10 | 0x20;

    public const int Interrupted = 4;
    public const int NoMemory = 12;
    public const int NoBufferSpace = 105;

    public const int SocketLevel = 1;
    public const int AttachFilter = 26;
    public const int PacketLevel = 263;
    public const int PacketIgnoreOutgoing = 23;
    public const int NetlinkLevel = 270;
    public const int NetlinkAddMembership = 1;

    public const int FamilyNetlink = 16;
    public const int SocketRaw = 3;
    public const int CloseOnExec = 0x80000;

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(SafeFileHandle socket, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeFileHandle socket, void* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeFileHandle socket, void* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(SafeFileHandle socket, int level, int option, void* value, uint length);

    /// <summary>A counter that poll can wait for.</summary>
    /// <exception cref="IOException">The process has no descriptors left.</exception>
    public static SafeFileHandle NewEvent() => Handle(EventFd(0, CloseOnExec), "eventfd");

    /// <summary>A socket that .NET does not know the family of.</summary>
    /// <exception cref="IOException">The kernel refuses it.</exception>
    public static SafeFileHandle NewSocket(int family, int type, int protocol) =>
        Handle(Socket(family, type | CloseOnExec, protocol), "socket");

    public static IOException LastError(string call) =>
        new($"{call}: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

    private static SafeFileHandle Handle(int descriptor, string call) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw LastError(call);

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }
}
