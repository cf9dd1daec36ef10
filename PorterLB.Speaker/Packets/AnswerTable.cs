using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Speaker.Packets;

/// <summary>How often an address was asked for and told. Each counter is written by one thread alone and read by any.</summary>
internal sealed class AddressCounters
{
    /// <summary>Requests while it was held. Written by the capture thread.</summary>
    public long Requests;

    /// <summary>Answers made. Written by the capture thread.</summary>
    public long Responses;

    /// <summary>Gratuitous announcements sent. Written by the loop.</summary>
    public long Gratuitous;
}

/// <summary>An address that this speaker has something to do with on one interface, and the answer for it.</summary>
internal sealed class Target
{
    private readonly byte[] _answer;
    private readonly uint _sum;

    /// <param name="address">An IPv4 or IPv6 unicast address.</param>
    /// <param name="mac">The hardware address to answer with.</param>
    /// <param name="counters">Outlive this, as the hardware address can change.</param>
    public Target(IPAddress address, MacAddress mac, AddressCounters? counters = null)
    {
        Address = address;
        Mac = mac;
        Counters = counters ?? new AddressCounters();
        _answer = address.AddressFamily == AddressFamily.InterNetwork
            ? PreparedFrames.ArpReply(mac, address)
            : PreparedFrames.Advertisement(mac, address, out _sum);
    }

    public IPAddress Address { get; }

    public MacAddress Mac { get; }

    public AddressCounters Counters { get; }

    /// <summary>When the loop asked for it last, on the machine's clock.</summary>
    public TimeSpan ProbedAt { get; set; } = TimeSpan.MinValue / 2;

    /// <summary>The answer, turned to who asked. The bytes are this target's own: valid until the next call, for one thread.</summary>
    public ReadOnlySpan<byte> AnswerTo(scoped in ArpView request)
    {
        PreparedFrames.AddressArp(_answer, request);
        return _answer;
    }

    /// <inheritdoc cref="AnswerTo(in ArpView)"/>
    public ReadOnlySpan<byte> AnswerTo(scoped in NdpView request)
    {
        PreparedFrames.AddressAdvertisement(_answer, _sum, request);
        return _answer;
    }
}

/// <summary>
/// Which addresses concern this interface and which of them are answered for now. Never changed: the loop makes a new one and swaps
/// it whole, so the capture thread needs no lock. Sorted arrays, because they are made often and read by binary search in the cache.
/// </summary>
internal sealed class AnswerTable
{
    private readonly uint[] _keys4;
    private readonly Slot[] _slots4;
    private readonly UInt128[] _keys6;
    private readonly Slot[] _slots6;

    /// <param name="mac">The interface's hardware address.</param>
    /// <param name="targets">All that concern the interface, each address once.</param>
    /// <param name="held">Those to answer for.</param>
    public AnswerTable(MacAddress mac, IReadOnlyCollection<Target> targets, IReadOnlySet<IPAddress> held)
    {
        Mac = mac;
        (_keys4, _slots4) = Sorted(targets, held, AddressFamily.InterNetwork, static address => KeyOfIPv4(address));
        (_keys6, _slots6) = Sorted(targets, held, AddressFamily.InterNetworkV6, static address => KeyOfIPv6(address));
    }

    public static AnswerTable Empty { get; } = new(default, [], new HashSet<IPAddress>());

    public MacAddress Mac { get; }

    /// <summary>Finds an IPv4 address.</summary>
    /// <returns>The target, or null when it is none of ours.</returns>
    public Target? Find(uint address, out bool held) => Find(_keys4, _slots4, address, out held);

    /// <summary>Finds an IPv6 address.</summary>
    /// <returns>The target, or null when it is none of ours.</returns>
    public Target? Find(UInt128 address, out bool held) => Find(_keys6, _slots6, address, out held);

    public static uint KeyOfIPv4(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public static IPAddress AddressOf(uint key)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, key);
        return new IPAddress(bytes);
    }

    public static UInt128 KeyOfIPv6(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static Target? Find<TKey>(TKey[] keys, Slot[] slots, TKey key, out bool held)
        where TKey : IComparable<TKey>
    {
        var index = keys.AsSpan().BinarySearch(key);
        held = index >= 0 && slots[index].Held;
        return index >= 0 ? slots[index].Target : null;
    }

    private static (TKey[] Keys, Slot[] Slots) Sorted<TKey>(
        IReadOnlyCollection<Target> targets, IReadOnlySet<IPAddress> held, AddressFamily family, Func<IPAddress, TKey> keyOf)
    {
        var slots = targets.Where(target => target.Address.AddressFamily == family)
            .Select(target => new Slot(target, held.Contains(target.Address))).ToArray();
        var keys = Array.ConvertAll(slots, slot => keyOf(slot.Target.Address));
        Array.Sort(keys, slots);
        return (keys, slots);
    }

    private readonly record struct Slot(Target Target, bool Held);
}
