using System.Net;
using System.Net.NetworkInformation;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>What the kernel says to us, beside what it says to .NET.</summary>
public class KernelTablesTests
{
    [Fact]
    public void Interfaces_and_addresses_are_those_that_dotnet_sees()
    {
        using var netlink = new Netlink();
        var ours = InterfaceTable.Read(netlink);
        Assert.Equal(
            NetworkInterface.GetAllNetworkInterfaces().Select(nic => nic.Name).Order(StringComparer.Ordinal),
            ours.Select(nic => nic.Name).Order(StringComparer.Ordinal));
        var loopback = Assert.Single(ours, nic => nic.Name == "lo");
        Assert.Equal("loopback", loopback.Skipped);
        Assert.Contains(loopback.Addresses, address => address.Address.Equals(IPAddress.Loopback) && address.PrefixLength == 8 && address.Usable);
        Assert.Contains(IPNetwork.Parse("127.0.0.0/8"), loopback.Subnets);
    }

    [Fact]
    public void A_route_to_the_node_itself_is_found()
    {
        using var routes = new Routes();
        Assert.Equal(1, routes.To(IPAddress.Loopback)?.Interface);
    }

    [Fact]
    public void Groups_are_counted_per_interface_and_spread_over_sockets()
    {
        List<string> refused = [];
        using var groups = new MulticastGroups((_, group, _) => refused.Add(group.ToString()));
        var many = Enumerable.Range(0, 60).Select(i => new IPAddress([239, 77, 7, (byte)i])).ToArray();
        foreach (var group in many)
        {
            groups.Join(1, group);
            groups.Join(1, group);
        }

        Assert.Empty(refused);
        Assert.Equal(many.Length, Joined());
        foreach (var group in many)
        {
            groups.Leave(1, group);
        }

        Assert.Equal(many.Length, Joined());
        foreach (var group in many)
        {
            groups.Leave(1, group);
        }

        Assert.Equal(0, Joined());
        groups.Join(9_999_999, many[0]);
        Assert.Equal([many[0].ToString()], refused);

        // /proc/net/igmp writes 239.77.7.x as xx074DEF.
        static int Joined() => File.ReadLines("/proc/net/igmp").Count(line => line.Contains("074DEF", StringComparison.Ordinal));
    }

    [Fact]
    public void A_subnet_has_no_host_bits()
    {
        Assert.Equal(IPNetwork.Parse("10.1.0.0/17"), new InterfaceAddress(IPAddress.Parse("10.1.127.9"), 17, true).Network);
        Assert.Equal(IPNetwork.Parse("2001:db8::/61"), new InterfaceAddress(IPAddress.Parse("2001:db8:0:7::1"), 61, true).Network);
        Assert.Equal(IPNetwork.Parse("0.0.0.0/0"), new InterfaceAddress(IPAddress.Parse("10.1.127.9"), 0, true).Network);
    }
}
