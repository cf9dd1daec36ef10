using System.Net;
using System.Net.Sockets;

namespace PorterLB.Speaker.Wire;

/// <summary>
/// Memberships of multicast groups, so that the network card and switches that snoop on MLD deliver what is sent there. Counted per
/// interface and group, since several addresses can share a solicited-node group. Nothing is read from the sockets: frames come in by
/// capture. One thread at a time.
/// </summary>
/// <param name="refused">Told of a group that the kernel refuses to join, and why.</param>
internal sealed class MulticastGroups(Action<int, IPAddress, SocketException> refused) : IDisposable
{
    private readonly Dictionary<(int Interface, IPAddress Group), Membership> _memberships = [];
    private readonly Dictionary<AddressFamily, List<Socket>> _sockets = [];

    /// <summary>Joins a group on an interface, or counts one more user of it.</summary>
    public void Join(int interfaceIndex, IPAddress group)
    {
        if (_memberships.TryGetValue((interfaceIndex, group), out var membership))
        {
            membership.Users++;
            return;
        }

        _memberships.Add((interfaceIndex, group), new Membership { Users = 1, Socket = TryJoin(interfaceIndex, group, tell: true) });
    }

    /// <summary>Tries those again that were refused on an interface: it may be up by now, or have got an address of the family.</summary>
    public void Retry(int interfaceIndex)
    {
        foreach (var ((index, group), membership) in _memberships)
        {
            if (index == interfaceIndex)
            {
                membership.Socket ??= TryJoin(index, group, tell: false);
            }
        }
    }

    /// <summary>Counts one user less, and leaves the group with the last.</summary>
    public void Leave(int interfaceIndex, IPAddress group)
    {
        if (!_memberships.TryGetValue((interfaceIndex, group), out var membership) || --membership.Users > 0)
        {
            return;
        }

        _memberships.Remove((interfaceIndex, group));
        if (membership.Socket is { } socket)
        {
            try
            {
                Set(socket, interfaceIndex, group, join: false);
            }
            catch (SocketException)
            {
                // The interface is gone, and the membership with it.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var socket in _sockets.Values.SelectMany(sockets => sockets))
        {
            socket.Dispose();
        }

        _sockets.Clear();
        _memberships.Clear();
    }

    /// <summary>
    /// A socket takes as many groups as fit into optmem_max (365 at an older kernel's 20,480 bytes) or, for IPv4, as
    /// igmp_max_memberships says (20). When the newest socket is full, another is opened; when a fresh one refuses too, it is not room
    /// that is lacking.
    /// </summary>
    private Socket? TryJoin(int interfaceIndex, IPAddress group, bool tell)
    {
        if (!_sockets.TryGetValue(group.AddressFamily, out var sockets))
        {
            _sockets.Add(group.AddressFamily, sockets = []);
        }

        if (sockets.Count > 0 && TryJoin(sockets[^1], interfaceIndex, group) is null)
        {
            return sockets[^1];
        }

        Socket? fresh = null;
        try
        {
            fresh = new Socket(group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            Set(fresh, interfaceIndex, group, join: true);
            sockets.Add(fresh);
            return fresh;
        }
        catch (SocketException error)
        {
            fresh?.Dispose();
            if (tell)
            {
                refused(interfaceIndex, group, error);
            }

            return null;
        }
    }

    private static SocketException? TryJoin(Socket socket, int interfaceIndex, IPAddress group)
    {
        try
        {
            Set(socket, interfaceIndex, group, join: true);
            return null;
        }
        catch (SocketException error)
        {
            return error;
        }
    }

    private static void Set(Socket socket, int interfaceIndex, IPAddress group, bool join)
    {
        var option = join ? SocketOptionName.AddMembership : SocketOptionName.DropMembership;
        if (group.AddressFamily == AddressFamily.InterNetworkV6)
        {
            socket.SetSocketOption(SocketOptionLevel.IPv6, option, new IPv6MulticastOption(group, interfaceIndex));
        }
        else
        {
            socket.SetSocketOption(SocketOptionLevel.IP, option, new MulticastOption(group, interfaceIndex));
        }
    }

    private sealed class Membership
    {
        public int Users { get; set; }

        /// <summary>Null when the kernel refused: counted all the same, so that leaving stays even.</summary>
        public Socket? Socket { get; set; }
    }
}
