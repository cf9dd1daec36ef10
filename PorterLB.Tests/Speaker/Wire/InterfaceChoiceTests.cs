using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

public class InterfaceChoiceTests
{
    private static readonly ImmutableArray<LocalInterface> All =
    [
        Nic(1, "lo", "127.0.0.1/8", skipped: "loopback"),
        Nic(2, "eth0", "192.168.0.5/24"),
        Nic(3, "eth1", "192.168.0.6/28"),
        Nic(4, "eth2", "10.0.0.5/8", up: false),
        Nic(5, "wlan0", "2001:db8::5/64"),
        Nic(6, "br0p1", "172.16.0.1/16", skipped: "is part of br0"),
    ];

    [Theory]
    [InlineData("192.168.0.91", "", "eth0")]
    [InlineData("192.168.0.1", "", "eth1")]
    [InlineData("10.9.9.9", "", "eth2")]
    [InlineData("2001:db8::91", "", "wlan0")]
    [InlineData("172.16.0.9", "", null)]
    [InlineData("8.8.8.8", "", null)]
    [InlineData("127.0.0.9", "", null)]
    [InlineData("192.168.0.1", "eth0", "eth0")]
    [InlineData("8.8.8.8", "eth0", "eth0")]
    [InlineData("8.8.8.8", "eth2,eth1", "eth1")]
    [InlineData("192.168.0.91", "eth*", "eth0")]
    [InlineData("2001:db8::91", "eth*", "eth0")]
    [InlineData("192.168.0.91", "lo", null)]
    [InlineData("192.168.0.91", "bond0", null)]
    [InlineData("192.168.0.91", "can_reach:10.1.1.1", "eth2")]
    [InlineData("192.168.0.91", "can_reach:8.8.8.8", null)]
    [InlineData("192.168.0.91", "can_reach:nonsense", null)]
    public void An_address_belongs_on_the_named_interface_or_the_one_whose_subnet_holds_it(string address, string interfaces, string? expected)
    {
        var choice = new InterfaceChoice(All, [], to => to.Equals(IPAddress.Parse("10.1.1.1")) ? new Route(4, null) : null);
        Assert.Equal(expected, choice.For(IPAddress.Parse(address), Names(interfaces))?.Name);
    }

    [Fact]
    public void An_interface_that_may_not_be_used_is_not_chosen()
    {
        var choice = new InterfaceChoice(All, ["wlan*"], _ => null);
        Assert.Null(choice.For(IPAddress.Parse("192.168.0.91"), []));
        Assert.Equal("wlan0", choice.For(IPAddress.Parse("2001:db8::91"), [])?.Name);
    }

    [Theory]
    [InlineData("192.168.0.91", 0, 0, false)]
    [InlineData("192.168.0.91", 1, 0, true)]
    [InlineData("192.168.0.91", 0, 1, true)]
    [InlineData("192.168.0.92", 0, 0, true)]
    public void An_address_on_another_local_interface_needs_arp_ignore(string address, int all, int eth0, bool fine)
    {
        ImmutableArray<LocalInterface> interfaces = [Nic(1, "kube-ipvs0", "192.168.0.91/32", skipped: "NOARP"), Nic(2, "eth0", "192.168.0.5/24")];
        var problem = new KernelAnswers(interfaces, path => path == "ipv4/conf/all/arp_ignore" ? $"{all}\n" : path == "ipv4/conf/eth0/arp_ignore" ? $"{eth0}\n" : null)
            .Problem(IPAddress.Parse(address), interfaces[1]);
        Assert.Equal(fine, problem is null);
        Assert.True(fine || problem!.Contains("net.ipv4.conf.all.arp_ignore=1", StringComparison.Ordinal));
    }

    [Fact]
    public void An_address_of_the_very_interface_is_answered_by_the_kernel_whatever_is_set()
    {
        var on = Nic(2, "eth0", "192.168.0.91/24");
        Assert.Contains("remove it from eth0", new KernelAnswers([on], _ => "2").Problem(IPAddress.Parse("192.168.0.91"), on), StringComparison.Ordinal);
    }

    [Fact]
    public void Services_that_kube_proxy_puts_on_an_interface_of_its_own_are_no_subnets_of_the_node()
    {
        Assert.Empty(Nic(1, "kube-ipvs0", "192.168.0.91/32", skipped: "NOARP").Subnets);
        Assert.Equal(IPNetwork.Parse("10.0.0.0/8"), Assert.Single(Nic(1, "br0p1", "10.0.0.5/8", skipped: "is part of br0").Subnets));
        Assert.Equal(IPNetwork.Parse("192.168.0.91/32"), Assert.Single(Nic(1, "eth0", "192.168.0.91/32").Subnets));
    }

    private static ImmutableArray<string> Names(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries)];

    private static LocalInterface Nic(int index, string name, string address, bool up = true, string? skipped = null)
    {
        var parts = address.Split('/');
        return new LocalInterface(index, name, MacAddress.Parse($"02:00:00:00:00:0{index}"), up, skipped,
            [new InterfaceAddress(IPAddress.Parse(parts[0]), int.Parse(parts[1]), Usable: true)]);
    }
}
