using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PorterLB.Speaker.Wire;

/// <summary>
/// A routing netlink socket (rtnetlink(7)): questions about interfaces, addresses, routes and neighbours, and events when they change.
/// Needs no privilege. One thread at a time.
/// </summary>
internal sealed unsafe class Netlink : IDisposable
{
    public const ushort NewLink = 16;
    public const ushort GetLink = 18;
    public const ushort NewAddress = 20;
    public const ushort GetAddress = 22;
    public const ushort NewRoute = 24;
    public const ushort GetRoute = 26;
    public const ushort NewNeighbor = 28;
    public const ushort GetNeighbor = 30;

    /// <summary>RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE.</summary>
    private static readonly int[] ChangeGroups = [1, 5, 7, 9, 11];

    private const ushort Request = 0x1;
    private const ushort Dump = 0x300;
    private const ushort TypeError = 2;
    private const ushort TypeDone = 3;
    private const int RouteProtocol = 0;
    private const int AddressLength = 12;

    private readonly SafeFileHandle _socket = Libc.NewSocket(Libc.FamilyNetlink, Libc.SocketRaw, RouteProtocol);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private uint _sequence;

    /// <exception cref="IOException">The kernel refuses the socket.</exception>
    public Netlink(bool changes = false)
    {
        var address = stackalloc byte[AddressLength];
        new Span<byte>(address, AddressLength).Clear();
        *(ushort*)address = Libc.FamilyNetlink;
        if (Libc.Bind(_socket, address, AddressLength) != 0)
        {
            throw Libc.LastError("bind to netlink");
        }

        foreach (var group in changes ? ChangeGroups : [])
        {
            // A kernel without IPv6 has no such groups, and nothing to tell of it either.
            Libc.SetSocketOption(_socket, Libc.NetlinkLevel, Libc.NetlinkAddMembership, &group, sizeof(int));
        }
    }

    public int Descriptor => (int)_socket.DangerousGetHandle();

    /// <summary>Takes whatever changes are waiting, without a look inside: they say that it is time to ask anew.</summary>
    /// <returns>Whether there was any. An overflow counts as one.</returns>
    public bool DrainChanges()
    {
        const int doNotWait = 0x40;
        var any = false;
        fixed (byte* buffer = _buffer)
        {
            for (; ; any = true)
            {
                if (Libc.Receive(_socket, buffer, (nuint)_buffer.Length, doNotWait) < 0 && Marshal.GetLastPInvokeError() != Libc.NoBufferSpace)
                {
                    return any;
                }
            }
        }
    }

    /// <summary>Asks for everything of one kind.</summary>
    /// <param name="type">What kind.</param>
    /// <param name="header">The fixed part of the question, and attributes that narrow it.</param>
    /// <param name="each">Called with the fixed part and the attributes of each answer.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public void DumpAll(ushort type, ReadOnlySpan<byte> header, NetlinkAnswer each) => Ask(type, Request | Dump, header, each);

    /// <summary>Asks for one thing.</summary>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(ushort type, ReadOnlySpan<byte> header, NetlinkAnswer answer)
    {
        try
        {
            Ask(type, Request, header, answer);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Ask(ushort type, ushort flags, ReadOnlySpan<byte> header, NetlinkAnswer each)
    {
        Span<byte> message = stackalloc byte[NetlinkMessages.HeaderLength + header.Length];
        MemoryMarshal.Write(message, message.Length);
        MemoryMarshal.Write(message[4..], type);
        MemoryMarshal.Write(message[6..], flags);
        MemoryMarshal.Write(message[8..], ++_sequence);
        message[12..16].Clear();
        header.CopyTo(message[NetlinkMessages.HeaderLength..]);
        fixed (byte* bytes = message)
        {
            if (Libc.Send(_socket, bytes, (nuint)message.Length, 0) < 0)
            {
                throw Libc.LastError("send to netlink");
            }
        }

        while (true)
        {
            nint received;
            fixed (byte* buffer = _buffer)
            {
                received = Libc.Receive(_socket, buffer, (nuint)_buffer.Length, 0);
            }

            if (received < 0)
            {
                if (Marshal.GetLastPInvokeError() == Libc.Interrupted)
                {
                    continue;
                }

                throw Libc.LastError("receive from netlink");
            }

            if (Take(_buffer.AsSpan(0, (int)received), flags, each))
            {
                return;
            }
        }
    }

    private bool Take(ReadOnlySpan<byte> received, ushort asked, NetlinkAnswer each)
    {
        foreach (var message in new NetlinkMessages(received))
        {
            if (message.Sequence != _sequence)
            {
                continue;
            }

            switch (message.Type)
            {
                case TypeDone:
                    return true;
                case TypeError:
                    var error = message.Body.Length >= 4 ? -BitConverter.ToInt32(message.Body) : 0;
                    return error == 0 ? true : throw new IOException($"netlink: {Marshal.GetPInvokeErrorMessage(error)}", error);
                default:
                    // A table that changed while it was read will be asked for again: the change itself is an event.
                    each(message.Type, message.Body);
                    if ((asked & Dump) == 0)
                    {
                        return true;
                    }

                    break;
            }
        }

        return false;
    }
}

/// <summary>Takes in one answer: its type and what follows the message header.</summary>
internal delegate void NetlinkAnswer(ushort type, ReadOnlySpan<byte> body);

/// <summary>The messages in what was received, without trust in their lengths.</summary>
internal readonly ref struct NetlinkMessages(ReadOnlySpan<byte> bytes)
{
    public const int HeaderLength = 16;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public Enumerator GetEnumerator() => new(_bytes);

    public ref struct Enumerator(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public NetlinkMessage Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.Length < HeaderLength)
            {
                return false;
            }

            var length = BitConverter.ToInt32(_rest);
            if (length < HeaderLength || length > _rest.Length)
            {
                return false;
            }

            Current = new NetlinkMessage(BitConverter.ToUInt16(_rest[4..]), BitConverter.ToUInt32(_rest[8..]), _rest[HeaderLength..length]);
            _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
            return true;
        }
    }
}

internal readonly ref struct NetlinkMessage(ushort type, uint sequence, ReadOnlySpan<byte> body)
{
    public ushort Type { get; } = type;

    public uint Sequence { get; } = sequence;

    public ReadOnlySpan<byte> Body { get; } = body;
}

/// <summary>The attributes after the fixed part of a message, without trust in their lengths.</summary>
internal readonly ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const ushort TypeMask = 0x3fff;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>The value of an attribute; empty when it is not there.</summary>
    public ReadOnlySpan<byte> this[ushort type]
    {
        get
        {
            for (var rest = _bytes; rest.Length >= 4;)
            {
                int length = BitConverter.ToUInt16(rest);
                if (length < 4 || length > rest.Length)
                {
                    return default;
                }

                if ((BitConverter.ToUInt16(rest[2..]) & TypeMask) == type)
                {
                    return rest[4..length];
                }

                rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
            }

            return default;
        }
    }

    public int? Int32(ushort type) => this[type] is { Length: >= 4 } value ? BitConverter.ToInt32(value) : null;

    public string? Text(ushort type) => this[type] is { Length: > 1 } value ? System.Text.Encoding.UTF8.GetString(value.TrimEnd((byte)0)) : null;

    public System.Net.IPAddress? Address(ushort type) => this[type] is { Length: 4 or 16 } value ? new System.Net.IPAddress(value) : null;

    /// <summary>Writes an attribute.</summary>
    /// <returns>Bytes written, padding included.</returns>
    public static int Write(Span<byte> destination, ushort type, ReadOnlySpan<byte> value)
    {
        BitConverter.TryWriteBytes(destination, (ushort)(4 + value.Length));
        BitConverter.TryWriteBytes(destination[2..], type);
        value.CopyTo(destination[4..]);
        return (4 + value.Length + 3) & ~3;
    }
}
