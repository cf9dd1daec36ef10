using System.Net;
using System.Net.Sockets;

namespace PorterLB.Speaker.Wire;

/// <summary>Where the kernel would send a packet.</summary>
/// <param name="Interface">Index of the interface.</param>
/// <param name="Gateway">The router, or null when the destination is on the link itself.</param>
internal readonly record struct Route(int Interface, IPAddress? Gateway);

/// <summary>A machine on the link, as the kernel knows it.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Mac">Its hardware address.</param>
internal readonly record struct Neighbor(IPAddress Address, MacAddress Mac);

/// <summary>Questions to the kernel's routing and neighbour tables. One thread at a time.</summary>
internal sealed class Routes : IDisposable
{
    private const int RouteHeaderLength = 12;
    private const ushort RouteDestination = 1;
    private const ushort RouteInterface = 4;
    private const ushort RouteGateway = 5;

    private const int NeighborHeaderLength = 12;
    private const ushort NeighborAddress = 1;
    private const ushort NeighborLinkAddress = 2;
    private const ushort NeighborInterface = 8;

    /// <summary>Reachable, stale, delayed or probed: a machine that was there once.</summary>
    private const ushort NeighborKnown = 0x02 | 0x04 | 0x08 | 0x10;

    /// <summary>RFC 5737 and RFC 3849: nobody has these, so only the default route leads there.</summary>
    private static readonly IPAddress[] Anywhere = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")];

    private readonly Netlink _netlink = new();

    /// <summary>The route to a destination, by one question for one address: no table is walked.</summary>
    /// <returns>Null when there is none.</returns>
    public Route? To(IPAddress destination)
    {
        Span<byte> question = stackalloc byte[RouteHeaderLength + 20];
        question.Clear();
        Span<byte> address = stackalloc byte[16];
        destination.TryWriteBytes(address, out var length);
        question[0] = (byte)(destination.AddressFamily == AddressFamily.InterNetwork ? 2 : 10);
        question[1] = (byte)(8 * length);
        var written = NetlinkAttributes.Write(question[RouteHeaderLength..], RouteDestination, address[..length]);
        Route? route = null;
        _netlink.TryGet(Netlink.GetRoute, question[..(RouteHeaderLength + written)], (type, body) =>
        {
            if (type == Netlink.NewRoute && body.Length >= RouteHeaderLength)
            {
                var attributes = new NetlinkAttributes(body[RouteHeaderLength..]);
                route = attributes.Int32(RouteInterface) is { } index ? new Route(index, attributes.Address(RouteGateway)) : null;
            }
        });
        return route;
    }

    /// <summary>The default routes, of at most one per address family.</summary>
    public IEnumerable<Route> Default() => Anywhere.Select(To).OfType<Route>();

    /// <summary>The machines that the kernel knows on this interface.</summary>
    public IReadOnlyList<Neighbor> NeighborsOn(int interfaceIndex)
    {
        List<Neighbor> neighbors = [];
        Span<byte> question = stackalloc byte[NeighborHeaderLength + 8];
        question.Clear();
        Span<byte> index = stackalloc byte[4];
        BitConverter.TryWriteBytes(index, interfaceIndex);
        NetlinkAttributes.Write(question[NeighborHeaderLength..], NeighborInterface, index);
        try
        {
            _netlink.DumpAll(Netlink.GetNeighbor, question, (type, body) =>
            {
                if (type != Netlink.NewNeighbor || body.Length < NeighborHeaderLength || BitConverter.ToInt32(body[4..]) != interfaceIndex
                    || (BitConverter.ToUInt16(body[8..]) & NeighborKnown) == 0)
                {
                    return;
                }

                var attributes = new NetlinkAttributes(body[NeighborHeaderLength..]);
                if (attributes.Address(NeighborAddress) is { } address && attributes[NeighborLinkAddress] is { Length: MacAddress.Length } mac)
                {
                    neighbors.Add(new Neighbor(address, MacAddress.Read(mac)));
                }
            });
        }
        catch (IOException)
        {
            // Whom to ask for a sign of life is a guess anyway; a partial list is as good.
        }

        return neighbors;
    }

    /// <inheritdoc/>
    public void Dispose() => _netlink.Dispose();
}
