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

    /// <summary>From now on these concern the interface, and no others.</summary>
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
            _targets.Add(address, Make(address, mac));
        }

        var changed = gone.Length > 0 || _targets.Count != before;
        if (changed)
        {
            Swap(mac);
        }

        return changed;
    }

    /// <summary>Answer for an address.</summary>
    public void Hold(IPAddress address, int interfaceIndex)
    {
        Say(address, held: true);
        if (_held.Add(address) && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            context.Groups.Join(interfaceIndex, SolicitedNode.GroupOf(address));
        }
    }

    /// <summary>Answer for an address no more.</summary>
    public void Drop(IPAddress address, int interfaceIndex)
    {
        Say(address, held: false);
        if (_held.Remove(address) && address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            context.Groups.Leave(interfaceIndex, SolicitedNode.GroupOf(address));
        }
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
            _targets[address] = Make(address, mac);
        }

        Swap(mac);
    }

    /// <summary>Gives the responder the addresses of now, in one step.</summary>
    public void Swap(MacAddress mac) => responder.Table = new AnswerTable(mac, _targets.Values);

    private void Say(IPAddress address, bool held)
    {
        if (Find(address) is { } target)
        {
            target.Held = held;
        }
    }

    private Target Make(IPAddress address, MacAddress mac) => new(address, mac, context.CountersOf(address)) { Held = _held.Contains(address) };
}
