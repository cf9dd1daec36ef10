using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PorterLB.Speaker.Packets;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// The addresses that concern one interface, and those of them that are answered for: prepared answers in the responder's table, and
/// for IPv6 the groups in which neighbours ask.
/// </summary>
internal sealed class Answering(SegmentContext context, Responder responder)
{
    private readonly Dictionary<IPAddress, Target> _targets = [];
    private readonly HashSet<IPAddress> _held = [];

    /// <summary>All that concern the interface.</summary>
    public IReadOnlyCollection<IPAddress> Addresses => _targets.Keys;

    public Target? Find(IPAddress address) => _targets.GetValueOrDefault(address);

    /// <summary>From now on these concern the interface, and no others. The table follows with <see cref="Swap"/>.</summary>
    /// <returns>Whether that is a change.</returns>
    public bool Concern(ImmutableDictionary<IPAddress, AddressRights> rights, MacAddress mac)
    {
        var gone = _targets.Keys.Where(address => !rights.ContainsKey(address)).ToArray();
        foreach (var address in gone)
        {
            _targets.Remove(address);
        }

        var before = _targets.Count;
        foreach (var address in rights.Keys.Where(address => !_targets.ContainsKey(address)))
        {
            _targets.Add(address, new Target(address, mac, context.CountersOf(address)));
        }

        return gone.Length > 0 || _targets.Count != before;
    }

    /// <summary>Answer for an address.</summary>
    /// <returns>Whether that is a change.</returns>
    public bool Hold(IPAddress address, int interfaceIndex)
    {
        var changed = _held.Add(address);
        if (changed && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            context.Groups.Join(interfaceIndex, SolicitedNode.GroupOf(address));
        }

        return changed;
    }

    /// <summary>Answer for an address no more.</summary>
    /// <returns>Whether that is a change.</returns>
    public bool Drop(IPAddress address, int interfaceIndex)
    {
        var changed = _held.Remove(address);
        if (changed && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            context.Groups.Leave(interfaceIndex, SolicitedNode.GroupOf(address));
        }

        return changed;
    }

    public void DropAll(int interfaceIndex)
    {
        foreach (var address in _held.ToArray())
        {
            Drop(address, interfaceIndex);
        }
    }

    /// <summary>The hardware address is another: every answer is made anew.</summary>
    public void Remake(MacAddress mac)
    {
        foreach (var address in _targets.Keys.ToArray())
        {
            _targets[address] = new Target(address, mac, context.CountersOf(address));
        }

        Swap(mac);
    }

    /// <summary>Gives the responder what is true now, in one step.</summary>
    public void Swap(MacAddress mac) => responder.Table = new AnswerTable(mac, _targets.Values, _held);
}
