using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Eips;

public sealed class EipStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static V1Alpha2Eip Eip(params string[] ranges) => new() { Metadata = new() { Name = "lan", Generation = 3 }, Spec = new() { Addresses = ranges } };

    private static V1Alpha2EipStatus StatusOf(V1Alpha2Eip eip, params HostAddress[] hosts)
    {
        var allocator = new Allocator(new FakeTimeProvider(), _ => false);
        var pool = EipPools.Of([eip]).Single();
        allocator.Put(pool);
        return EipStatus.Of(eip, pool, allocator.UsageOf("lan", 10)!, hosts, Now);
    }

    private static string Condition(V1Alpha2EipStatus status, string type) =>
        status.Conditions.Find(type) is { } condition ? $"{condition.Status} {condition.Reason} {condition.ObservedGeneration}" : "";

    [Theory]
    [InlineData("10.0.0.0/8", 16_777_216, "16777216")]
    [InlineData("fd00::/64", long.MaxValue, "18446744073709551616")]
    [InlineData("::/0", long.MaxValue, "340282366920938463463374607431768211456")]
    public void Sizes_are_exact_in_the_strings_and_saturate_in_the_integers(string range, long poolSize, string size)
    {
        var eip = Eip(range);
        var allocator = new Allocator(new FakeTimeProvider(), _ => false);
        var pool = new Pool { Name = "lan", Ranges = [AddressRange.Parse(range)] };
        allocator.Put(pool);
        var status = EipStatus.Of(eip, pool, allocator.UsageOf("lan", 10)!, [], Now);
        Assert.Equal(poolSize, status.PoolSize);
        Assert.Equal(size, status.Size);
        Assert.Equal(size, status.Free);
        Assert.False(status.Occupied);
    }

    [Fact]
    public void The_conditions_carry_the_generation_that_they_were_judged_from()
    {
        var status = StatusOf(Eip("10.0.0.1-10.0.0.9"));
        Assert.Equal("True Ready 3", Condition(status, "Ready"));
        Assert.Equal("False FreeAddresses 3", Condition(status, "Exhausted"));
        Assert.Equal("False NoneKnown 3", Condition(status, "HoldsHosts"));
        Assert.All(status.Conditions, condition => Assert.Equal(Now, condition.LastTransitionTime));
    }

    [Fact]
    public void An_Eip_that_is_wrong_disabled_or_on_its_way_out_says_so()
    {
        var disabled = Eip("10.0.0.1");
        disabled.Spec = disabled.Spec with { Disable = true };
        Assert.Equal("False Disabled 3", Condition(StatusOf(disabled), "Ready"));
        Assert.Equal("False Invalid 3", Condition(StatusOf(Eip("ten dot something")), "Ready"));
        var deleted = Eip("10.0.0.1");
        deleted.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal("False Deleting 3", Condition(StatusOf(deleted), "Ready"));
    }

    [Fact]
    public void Nothing_is_written_when_nothing_changed_and_everything_that_somebody_edited_is_a_change()
    {
        var eip = Eip("10.0.0.1-10.0.0.9");
        eip.Status = StatusOf(eip);
        Assert.True(EipStatus.Same(eip.Status, StatusOf(eip)));
        Assert.False(EipStatus.Same(eip.Status with { Usage = 7 }, StatusOf(eip)));
        Assert.False(EipStatus.Same(eip.Status with { Used = new Dictionary<string, string> { ["10.0.0.1"] = "x/y" } }, StatusOf(eip)));
        Assert.False(EipStatus.Same(eip.Status with { Conditions = [] }, StatusOf(eip)));
    }

    [Fact]
    public void Addresses_of_Nodes_and_their_routers_are_named_unless_they_are_excluded()
    {
        var hosts = HostAddresses.Of(
            [new NodeView { Metadata = new() { Name = "n1" }, Status = new() { Addresses = [new() { Address = "10.0.0.4" }, new() { Address = "n1" }] } }],
            [new V1Alpha2Speaker { Metadata = new() { Name = "n1" }, Status = new() { Gateways = ["10.0.0.1"] } }]).ToArray();
        var status = StatusOf(Eip("10.0.0.1-10.0.0.9"), hosts);
        Assert.Equal("True NodeAddresses 3", Condition(status, "HoldsHosts"));
        Assert.Equal(
            "The pool holds 10.0.0.4 of Node 'n1', 10.0.0.1 of the default router of the nodes; add them to spec.excludes, or leave them out of the range.",
            status.Conditions.Find("HoldsHosts")!.Message);
        Assert.Equal("True Gateways 3", Condition(StatusOf(Eip("10.0.0.1-10.0.0.3"), hosts), "HoldsHosts"));
        var excluded = Eip("10.0.0.1-10.0.0.9");
        excluded.Spec = excluded.Spec with { Excludes = ["10.0.0.1", "10.0.0.4"] };
        Assert.Equal("False NoneKnown 3", Condition(StatusOf(excluded, hosts), "HoldsHosts"));
    }

    [Fact]
    public void The_ends_of_the_nodes_subnets_are_named_unless_they_are_left_out()
    {
        var hosts = HostAddresses.Of([], [new V1Alpha2Speaker { Status = new() { Interfaces = [new() { Name = "eth0", Up = true, Subnets = ["10.0.0.0/24", "10.1.0.0/31", "10.1.0.7/32", "fd00::/64", "fd01::/127"] }] } }]).ToArray();
        Assert.Equal(["10.0.0.0", "10.0.0.255", "fd00::"], hosts.Select(host => $"{host.Address}"));
        var status = StatusOf(Eip("10.0.0.0/24", "fd00::/120"), hosts);
        Assert.Equal("True SubnetEnds 3", Condition(status, "HoldsHosts"));
        Assert.Equal(
            "The pool holds 10.0.0.0 of the network 10.0.0.0/24 itself, 10.0.0.255 of the broadcast in 10.0.0.0/24, fd00:: of every router in fd00::/64; "
            + "add them to spec.excludes, or leave them out of the range.",
            status.Conditions.Find("HoldsHosts")!.Message);
        var careful = Eip("10.0.0.0/24", "10.1.0.0/29", "fd01::/127");
        careful.Spec = careful.Spec with { AvoidBuggyIPs = true };
        Assert.Equal("False NoneKnown 3", Condition(StatusOf(careful, hosts), "HoldsHosts"));
    }

    [Fact]
    public void A_new_Eip_over_one_that_is_being_deleted_takes_over_what_its_Services_have()
    {
        var old = Eip("10.0.0.1-10.0.0.9");
        old.Metadata.Name = "old";
        old.Metadata.CreationTimestamp = Now.UtcDateTime;
        old.Metadata.DeletionTimestamp = Now.UtcDateTime;
        var next = Eip("10.0.0.1-10.0.0.5");
        next.Metadata.CreationTimestamp = Now.UtcDateTime.AddHours(1);
        var allocator = new Allocator(new FakeTimeProvider(), _ => false);
        foreach (var pool in EipPools.Of([next, old]))
        {
            allocator.Put(pool);
        }

        Assert.Null(allocator.Find("lan")!.Problem);
        AddressRequest Service(string name, string address) => new()
        {
            Service = new EntityKey("shop", name),
            Uid = name,
            Families = [IpFamily.IPv4],
            InStatus = [IPAddress.Parse(address)],
            Pool = "old",
        };
        allocator.Adopt([Service("a", "10.0.0.3")]);
        Assert.Equal(0, allocator.UsageOf("old", 1)!.Bound);
        Assert.Equal(1, allocator.UsageOf("lan", 1)!.Bound);
        Assert.Null(allocator.Assign(Service("a", "10.0.0.3")).Kept);
        allocator.Adopt([Service("b", "10.0.0.8")]);
        Assert.Equal(1, allocator.UsageOf("old", 1)!.Bound);
        Assert.Equal(RefusalReason.PoolUnavailable, allocator.Assign(Service("b", "10.0.0.8")).Kept!.Reason);
    }
}
