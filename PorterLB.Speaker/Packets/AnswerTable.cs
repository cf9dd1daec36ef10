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
    private volatile bool _held;

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

    /// <summary>Whether to answer. Written by the loop, read by the capture thread.</summary>
    public bool Held
    {
        get => _held;
        set => _held = value;
    }

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
/// Which addresses concern this interface; each says itself whether it is answered for. Never changed: when the addresses are others the
/// loop makes a new one and swaps it whole, so the capture thread needs no lock. Sorted arrays, because they are read by binary search in
/// the cache.
/// </summary>
internal sealed class AnswerTable
{
    private readonly uint[] _keys4;
    private readonly Target[] _targets4;
    private readonly UInt128[] _keys6;
    private readonly Target[] _targets6;

    /// <param name="mac">The interface's hardware address.</param>
    /// <param name="targets">All that concern the interface, each address once.</param>
    public AnswerTable(MacAddress mac, IReadOnlyCollection<Target> targets)
    {
        Mac = mac;
        (_keys4, _targets4) = Sorted(targets, AddressFamily.InterNetwork, static address => KeyOfIPv4(address));
        (_keys6, _targets6) = Sorted(targets, AddressFamily.InterNetworkV6, static address => KeyOfIPv6(address));
    }

    public static AnswerTable Empty { get; } = new(default, []);

    public MacAddress Mac { get; }

    /// <summary>Finds an IPv4 address.</summary>
    /// <returns>The target, or null when it is none of ours.</returns>
    public Target? Find(uint address) => Find(_keys4, _targets4, address);

    /// <summary>Finds an IPv6 address.</summary>
    /// <returns>The target, or null when it is none of ours.</returns>
    public Target? Find(UInt128 address) => Find(_keys6, _targets6, address);

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

    private static Target? Find<TKey>(TKey[] keys, Target[] targets, TKey key)
        where TKey : IComparable<TKey> =>
        keys.AsSpan().BinarySearch(key) is >= 0 and var index ? targets[index] : null;

    private static (TKey[] Keys, Target[] Targets) Sorted<TKey>(IReadOnlyCollection<Target> targets, AddressFamily family, Func<IPAddress, TKey> keyOf)
    {
        var ofFamily = targets.Where(target => target.Address.AddressFamily == family).ToArray();
        var keys = Array.ConvertAll(ofFamily, target => keyOf(target.Address));
        Array.Sort(keys, ofFamily);
        return (keys, ofFamily);
    }
}
