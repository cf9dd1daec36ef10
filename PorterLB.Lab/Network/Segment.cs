using System.Net;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Network;

/// <summary>
/// One Ethernet segment: a switch (a bridge in a namespace of its own) and the hosts plugged into it, on 10.99.SLOT.0/24 and
/// fd99:SLOT::/64. All of it, addresses included, lives in the lab's own namespaces: two labs cannot meet, nor touch the machine.
/// </summary>
public sealed class Segment
{
    private const string SwitchName = "sw";
    private readonly LabSession _session;
    private readonly List<Host> _hosts = [];

    private Segment(LabSession session) => _session = session;

    public IReadOnlyList<Host> Hosts => _hosts;

    public string SubnetV4 => $"10.99.{Slot}.0/24";

    public string SubnetV6 => $"{IPv6Prefix}::/64";

    internal int Slot => _session.Slot;

    private string IPv6Prefix => $"fd99:{Slot:x}";

    private NetworkNamespace Switch => NamespaceOf(SwitchName);

    public static async Task<Segment> CreateAsync(LabSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var segment = new Segment(session);
        await AddNamespaceAsync(segment.Switch, cancellationToken);
        await segment.SwitchAsync("ip link add br0 type bridge; ip link set br0 up; ip link set lo up", cancellationToken);
        return segment;
    }

    public IPAddress IPv4(int number) => IPAddress.Parse($"10.99.{Slot}.{number}");

    public IPAddress IPv6(int number) => IPAddress.Parse($"{IPv6Prefix}::{number}");

    /// <summary>Plugs in a new host, with one address of each family.</summary>
    /// <param name="name">At most 13 letters.</param>
    /// <param name="number">Ends its addresses: 1..254.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Host> AddHostAsync(string name, int number, CancellationToken cancellationToken)
    {
        var host = new Host(this, name, number);
        await AddNamespaceAsync(host.Namespace, cancellationToken);
        await PlugInAsync(host, cancellationToken);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Frames are lost in no direction any more.</summary>
    public Task LoseNothingAsync(CancellationToken cancellationToken = default) => SwitchAsync("ebtables -F FORWARD", cancellationToken);

    /// <summary>Cuts the segment in two: these hosts on the one side, all others on the other. No carrier is lost.</summary>
    public Task DivideAsync(IEnumerable<Host> hosts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        return SwitchAsync("ip link add br1 type bridge; ip link set br1 up; " + string.Join("; ", hosts.Select(host => $"ip link set {host.Port} master br1")), cancellationToken);
    }

    /// <summary>Ends <see cref="DivideAsync"/>.</summary>
    public Task UniteAsync(IEnumerable<Host> hosts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        return SwitchAsync(string.Join("; ", hosts.Select(host => $"ip link set {host.Port} master br0")) + "; ip link delete br1", cancellationToken);
    }

    internal async Task PlugInAsync(Host host, CancellationToken cancellationToken)
    {
        await Command.Shell(
            $"ip link add {Host.Interface} address {host.Mac} netns {host.Namespace.Name} type veth peer name {host.Port} netns {Switch.Name}")
            .RunAsync(cancellationToken);
        await SwitchAsync($"ip link set {host.Port} master br0 up", cancellationToken);

        // nodad: the lab gives each address out once, and a tentative one would cost each start a second. keep_addr_on_down: a cable
        // that is cut does not take a real host's addresses away.
        await host.RunAsync(
            $"""
            ip link set lo up
            echo 1 > /proc/sys/net/ipv4/ip_forward
            echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            echo 1 > /proc/sys/net/ipv6/conf/all/keep_addr_on_down
            ip addr add {host.IPv4}/24 dev {Host.Interface}
            ip link set {Host.Interface} up
            ip -6 addr add {host.IPv6}/64 dev {Host.Interface} nodad
            """,
            cancellationToken);
    }

    internal NetworkNamespace NamespaceOf(string host) => new(_session.Prefix + host);

    /// <summary>The command on the switch.</summary>
    public Command OnSwitch(Command command) => Switch.Inside(command);

    internal Task SwitchAsync(string script, CancellationToken cancellationToken) =>
        OnSwitch(Command.Shell(script)).RunAsync(cancellationToken);

    private static async Task AddNamespaceAsync(NetworkNamespace space, CancellationToken cancellationToken)
    {
        if (File.Exists(space.File))
        {
            throw new LabException($"Network namespace '{space.Name}' exists already and belongs to no lab that is recorded; " +
                $"look what runs in it (ip netns pids {space.Name}) and remove it (ip netns delete {space.Name}).");
        }

        await new Command("ip", "netns", "add", space.Name).RunAsync(cancellationToken);
    }
}
