using System.Collections.Immutable;

namespace PorterLB.Speaker.Wire;

/// <summary>Reads all interfaces of the node from the kernel.</summary>
internal static class InterfaceTable
{
    private const ushort LinkAddress = 1;
    private const ushort LinkName = 3;
    private const ushort LinkMaster = 10;
    private const ushort LinkInfo = 18;
    private const ushort LinkInfoKind = 1;
    private const ushort Address = 1;
    private const ushort AddressLocal = 2;
    private const ushort AddressFlags = 8;

    private const int LinkHeaderLength = 16;
    private const int AddressHeaderLength = 8;
    private const ushort TypeEthernet = 1;

    private const uint FlagUp = 0x1;
    private const uint FlagLoopback = 0x8;
    private const uint FlagNoArp = 0x80;
    private const uint FlagLowerUp = 0x10000;

    private const uint AddressTentative = 0x40;
    private const uint AddressDuplicate = 0x8;
    private const uint AddressOptimistic = 0x4;

    /// <summary>All interfaces, by index.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static ImmutableArray<LocalInterface> Read(Netlink netlink)
    {
        List<Link> links = [];
        netlink.DumpAll(Netlink.GetLink, stackalloc byte[LinkHeaderLength], (type, body) =>
        {
            if (type == Netlink.NewLink && body.Length >= LinkHeaderLength)
            {
                links.Add(Link.From(body));
            }
        });

        Dictionary<int, List<InterfaceAddress>> addresses = [];
        netlink.DumpAll(Netlink.GetAddress, stackalloc byte[AddressHeaderLength], (type, body) =>
        {
            if (type == Netlink.NewAddress && body.Length >= AddressHeaderLength && AddressFrom(body) is { } address)
            {
                var index = BitConverter.ToInt32(body[4..]);
                if (!addresses.TryGetValue(index, out var own))
                {
                    addresses.Add(index, own = []);
                }

                own.Add(address);
            }
        });

        var masters = links.ToDictionary(link => link.Index);
        return
        [
            .. links.OrderBy(link => link.Index).Select(link => new LocalInterface(
                link.Index,
                link.Name,
                link.Mac,
                (link.Flags & (FlagUp | FlagLowerUp)) == (FlagUp | FlagLowerUp),
                SkipReason(link, masters),
                addresses.TryGetValue(link.Index, out var own) ? [.. own] : [])),
        ];
    }

    private static string? SkipReason(Link link, Dictionary<int, Link> links)
    {
        if ((link.Flags & FlagLoopback) != 0)
        {
            return "loopback";
        }

        if (link.Type != TypeEthernet || link.Mac.IsZero || link.Mac.IsMulticast)
        {
            return "not Ethernet";
        }

        if ((link.Flags & FlagNoArp) != 0)
        {
            return "ARP is off (NOARP)";
        }

        // What arrives on a bridge port or a bond slave arrives on its master too; answering on both would be two answers. A VRF is a
        // routing table, not a switch: frames stay with the interface.
        return link.Master == 0 ? null
            : !links.TryGetValue(link.Master, out var master) ? "has a master"
            : master.Kind == "vrf" ? null
            : $"is part of {master.Name}";
    }

    private static InterfaceAddress? AddressFrom(ReadOnlySpan<byte> body)
    {
        var attributes = new NetlinkAttributes(body[AddressHeaderLength..]);
        var flags = (uint?)attributes.Int32(AddressFlags) ?? body[2];

        // On a point-to-point link the first attribute is the peer, the second one's own.
        return (attributes.Address(AddressLocal) ?? attributes.Address(Address)) is { } address
            ? new InterfaceAddress(
                address, body[1], (flags & AddressDuplicate) == 0 && ((flags & AddressTentative) == 0 || (flags & AddressOptimistic) != 0))
            : null;
    }

    private sealed record Link(int Index, ushort Type, uint Flags, string Name, MacAddress Mac, int Master, string? Kind)
    {
        public static Link From(ReadOnlySpan<byte> body)
        {
            var attributes = new NetlinkAttributes(body[LinkHeaderLength..]);
            return new Link(
                BitConverter.ToInt32(body[4..]),
                BitConverter.ToUInt16(body[2..]),
                BitConverter.ToUInt32(body[8..]),
                attributes.Text(LinkName) ?? "",
                attributes[LinkAddress] is { Length: MacAddress.Length } mac ? MacAddress.Read(mac) : default,
                attributes.Int32(LinkMaster) ?? 0,
                new NetlinkAttributes(attributes[LinkInfo]).Text(LinkInfoKind));
        }
    }
}
