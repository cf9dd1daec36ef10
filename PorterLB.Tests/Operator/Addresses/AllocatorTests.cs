using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Addresses;

public sealed class AllocatorTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly HashSet<IPAddress> _announced = [];
    private readonly Allocator _allocator;
    private readonly List<string> _served = [];

    public AllocatorTests() => _allocator = new Allocator(_time, _announced.Contains) { Served = key => _served.Add(key.ToString()) };

    private static Pool Pool(string name, params string[] ranges) => new() { Name = name, Ranges = [.. ranges.Select(AddressRange.Parse)] };

    private static AddressRequest Request(string service, params string[] requested) => new()
    {
        Service = EntityKey.Parse(service),
        Uid = service,
        Families = [IpFamily.IPv4],
        Requested = [.. requested.Select(IPAddress.Parse)],
    };

    private static AddressRequest DualStack(string service, FamilyPolicy policy) =>
        Request(service) with { Families = [IpFamily.IPv4, IpFamily.IPv6], FamilyPolicy = policy };

    private string Assign(AddressRequest request)
    {
        var allocation = _allocator.Assign(request);
        return allocation.Addresses.IsEmpty ? $"{allocation.Refusal!.Reason}" : string.Join(',', allocation.Addresses);
    }

    private void Free(string service)
    {
        _allocator.Release(EntityKey.Parse(service), silent: true);
    }

    [Fact]
    public void The_lowest_free_address_is_given_and_asking_again_changes_nothing()
    {
        _allocator.Put(Pool("lan", "192.168.0.91-192.168.0.93"));
        Assert.Equal("192.168.0.91", Assign(Request("shop/a")));
        Assert.Equal("192.168.0.92", Assign(Request("shop/b")));
        Assert.Equal("192.168.0.91", Assign(Request("shop/a")));
        Free("shop/a");
        Assert.Equal("192.168.0.91", Assign(Request("shop/c")));
    }

    [Fact]
    public void Who_can_share_what_another_that_waited_was_given_or_left_is_served_with_it_whoever_came_first()
    {
        AddressRequest Keyed(string service, int port, params string[] requested) =>
            Request(service, requested) with { Sharing = new Sharing { Key = "k", Ports = [new("TCP", port)] } };

        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.3"));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/moves", 80)));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/stays", 81)));
        Assert.Equal("192.168.0.2", Assign(Request("shop/two")));
        Assert.Equal("192.168.0.3", Assign(Request("shop/three")));
        Assert.Equal("AddressInUse", Assign(Keyed("shop/first", 80, "192.168.0.1")));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/moves", 80, "192.168.0.2")));
        Assert.Equal("AddressInUse", Assign(Request("shop/last", "192.168.0.3")));

        // Both go at once: the one that moves makes room beside the one that stays, the last only takes what is free.
        _allocator.Release(EntityKey.Parse("shop/two"));
        _allocator.Release(EntityKey.Parse("shop/three"));
        _time.Advance(TimeSpan.FromSeconds(2));
        _allocator.Settle();
        Assert.Equal(["shop/first", "shop/last", "shop/moves"], _served.Order());
        Assert.Equal("192.168.0.3", Assign(Request("shop/last", "192.168.0.3")));
        Assert.Equal("192.168.0.2", Assign(Keyed("shop/moves", 80, "192.168.0.2")));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/first", 80, "192.168.0.1")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_may_share_an_address_once_another_has_left_it_is_served_when_that_one_goes_or_is_made_anew(bool made)
    {
        AddressRequest Keyed(string service, int port) => Request(service) with { Sharing = new Sharing { Key = "k", Ports = [new("TCP", port)] } };

        _allocator.Put(Pool("lan", "192.168.0.1"));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/goes", 80)));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/stays", 81)));
        Assert.Equal("PoolExhausted", Assign(Keyed("shop/waits", 80)));
        if (made)
        {
            Assert.Equal("PoolExhausted", Assign(Request("shop/goes") with { Uid = "another" }));
        }
        else
        {
            _allocator.Release(EntityKey.Parse("shop/goes"));
        }

        Assert.Equal(["shop/waits"], _served);
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/waits", 80)));
    }

    [Fact]
    public void A_full_pool_says_so_in_words_that_help()
    {
        _allocator.Put(Pool("lan", "192.168.0.91-192.168.0.92"));
        Assign(Request("shop/a"));
        Assign(Request("shop/b"));
        Assert.Equal(
            "Eip 'lan' has no free address for Service 'shop/web': all 2 of 192.168.0.91-192.168.0.92 are in use. Release a Service, widen spec.address, "
            + "or name another Eip in the annotation eip.openelb.kubesphere.io/v1alpha2.",
            _allocator.Assign(Request("shop/web")).Refusal!.Message);
    }

    [Fact]
    public void Who_waits_is_served_in_order_when_something_frees_up()
    {
        _allocator.Put(Pool("lan", "192.168.0.91"));
        Assign(Request("shop/a"));
        Assert.Equal("PoolExhausted", Assign(Request("shop/b")));
        Assert.Equal("PoolExhausted", Assign(Request("shop/c")));
        Free("shop/a");
        Assert.Equal(["shop/b"], _served);
        Assert.Equal("192.168.0.91", Assign(Request("shop/b")));
        _allocator.Put(Pool("lan", "192.168.0.91-192.168.0.95"));
        Assert.Equal(["shop/b", "shop/c"], _served);
        Assert.Empty(_allocator.Waiting);
    }

    [Fact]
    public void A_full_pool_is_followed_by_the_next()
    {
        _allocator.Put(Pool("a", "192.168.0.1") with { Priority = 1 });
        _allocator.Put(Pool("b", "192.168.0.2") with { Priority = 2 });
        Assert.Equal("192.168.0.1", Assign(Request("shop/a")));
        Assert.Equal("192.168.0.2", Assign(Request("shop/b")));
    }

    [Fact]
    public void Pools_for_a_namespace_come_before_the_default_one_and_that_before_those_for_everybody()
    {
        _allocator.Put(Pool("everybody", "192.168.0.1"));
        _allocator.Put(Pool("default", "192.168.0.2") with { IsDefault = true, Priority = 9 });
        _allocator.Put(Pool("shop", "192.168.0.3") with { Namespaces = ["shop"], Priority = 9 });
        _allocator.Put(Pool("gold", "192.168.0.4") with { NamespaceSelector = new LabelSelector { MatchLabels = new Dictionary<string, string> { ["tier"] = "gold" } } });
        _allocator.Put(Pool("asked", "192.168.0.5") with { AutoAssign = false });
        Assert.Equal("192.168.0.3", Assign(Request("shop/a")));
        Assert.Equal("192.168.0.2", Assign(Request("shop/b")));
        Assert.Equal("192.168.0.1", Assign(Request("shop/c")));
        Assert.Equal("PoolExhausted", Assign(Request("shop/d")));
        Assert.Equal("192.168.0.4", Assign(Request("bank/a") with { NamespaceLabels = ImmutableDictionary<string, string>.Empty.Add("tier", "gold") }));
        Assert.Equal("192.168.0.5", Assign(Request("bank/b") with { Pool = "asked" }));
    }

    [Fact]
    public void Selectors_are_a_fence_only_where_they_are_enforced()
    {
        _allocator.Put(Pool("shop", "192.168.0.1-192.168.0.9") with { Namespaces = ["shop"] });
        Assert.Equal("NoPool", Assign(Request("bank/a")));
        Assert.Equal("192.168.0.1", Assign(Request("bank/b") with { Pool = "shop" }));
        _allocator.Put(_allocator.Find("shop")! with { EnforceSelectors = true });
        Assert.Equal("192.168.0.1", Assign(Request("bank/b") with { Pool = "shop" }));
        Assert.Equal("PoolForbidden", Assign(Request("bank/c") with { Pool = "shop" }));
        Assert.Equal("PoolForbidden", Assign(Request("bank/d", "192.168.0.5")));
    }

    [Fact]
    public void A_disabled_pool_gives_nothing_new_and_takes_nothing_away()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assign(Request("shop/a"));
        _allocator.Put(_allocator.Find("lan")! with { Disabled = true });
        Assert.Equal("192.168.0.1", Assign(Request("shop/a")));
        Assert.Equal("NoPool", Assign(Request("shop/b")));
        Assert.Equal("PoolUnavailable", Assign(Request("shop/c", "192.168.0.3")));
        Assert.Equal("PoolUnavailable", Assign(Request("shop/d") with { Pool = "lan" }));
    }

    [Fact]
    public void A_requested_address_is_given_or_refused_with_the_reason()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9") with { Excludes = [AddressRange.Parse("192.168.0.2")] });
        Assert.Equal("192.168.0.5", Assign(Request("shop/a", "192.168.0.5")));
        Assert.Equal("AddressInUse", Assign(Request("bank/a", "192.168.0.5")));
        Assert.Equal("AddressExcluded", Assign(Request("shop/b", "192.168.0.2")));
        Assert.Equal("AddressInNoPool", Assign(Request("shop/c", "10.0.0.1")));
        Assert.Equal("RequestInvalid", Assign(Request("shop/d", "fd00::1")));
        Assert.Equal("PoolNotFound", Assign(Request("shop/e") with { Pool = "wan" }));
    }

    [Fact]
    public void A_Service_keeps_its_address_when_its_pool_shrinks_or_goes()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assign(Request("shop/a") with { Pool = "lan" });
        _allocator.Put(Pool("lan", "192.168.0.5-192.168.0.9"));
        Assert.Equal("192.168.0.1", Assign(Request("shop/a") with { Pool = "lan" }));
        _allocator.Remove("lan");
        Assert.Equal("192.168.0.1", Assign(Request("shop/a")));
    }

    [Fact]
    public void A_Service_that_asks_for_another_address_keeps_the_old_one_until_it_can_have_it()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assign(Request("shop/a", "192.168.0.1"));
        Assign(Request("bank/b", "192.168.0.2"));
        var allocation = _allocator.Assign(Request("bank/b", "192.168.0.1"));
        Assert.Equal("192.168.0.2", allocation.Addresses.Single().ToString());
        Assert.EndsWith("It keeps 192.168.0.2 meanwhile.", allocation.Refusal!.Message, StringComparison.Ordinal);
        Free("shop/a");
        Assert.Equal("192.168.0.1", Assign(Request("bank/b", "192.168.0.1")));
    }

    [Fact]
    public void Sharing_takes_the_same_key_or_the_same_requested_address_and_different_ports()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        static AddressRequest Keyed(string service, int port, string key, params string[] namespaces) => Request(service) with
        {
            Sharing = new Sharing { Key = key, Ports = [new ServicePort("TCP", port)], Namespaces = [.. namespaces] },
        };
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/a", 80, "web")));
        Assert.Equal("192.168.0.1", Assign(Keyed("shop/b", 443, "web")));
        Assert.Equal("192.168.0.2", Assign(Keyed("shop/c", 443, "web")));
        Assert.Equal("192.168.0.3", Assign(Keyed("bank/d", 8080, "web")));
        Assert.Equal("192.168.0.4", Assign(Keyed("club/e", 80, "x", "pub")));
        Assert.Equal("192.168.0.4", Assign(Keyed("pub/f", 81, "x", "club")));
        Assert.Equal("192.168.0.5", Assign(Request("shop/g", "192.168.0.5")));
        Assert.Equal("192.168.0.5", Assign(Request("shop/h", "192.168.0.5")));
        Assert.Equal("AddressInUse", Assign(Request("bank/i", "192.168.0.5")));
        Assert.Equal("192.168.0.2", Assign(Keyed("shop/b", 80, "web")));
    }

    [Fact]
    public void A_change_that_breaks_the_sharing_moves_who_changed()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        var a = Request("shop/a") with { Sharing = new Sharing { Key = "k", Selector = "app=a", Ports = [new("TCP", 80)] } };
        var b = Request("shop/b") with { Sharing = new Sharing { Key = "k", Selector = "app=b", Ports = [new("TCP", 81)] } };
        Assert.Equal("192.168.0.1", Assign(a));
        Assert.Equal("192.168.0.1", Assign(b));
        Assert.Equal("192.168.0.2", Assign(b with { Sharing = b.Sharing with { LocalTraffic = true } }));
        Assert.Equal("192.168.0.1", Assign(a));
    }

    [Fact]
    public void Dual_stack_gives_one_address_of_each_family_in_their_order()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assert.Equal("192.168.0.1", Assign(DualStack("shop/a", FamilyPolicy.PreferDualStack)));
        Assert.Equal("FamilyUnavailable", Assign(DualStack("shop/b", FamilyPolicy.RequireDualStack)));
        _allocator.Put(Pool("six", "fd00::1-fd00::9"));
        Assert.Equal(["shop/a", "shop/b"], _served);
        Assert.Equal("192.168.0.1,fd00::1", Assign(DualStack("shop/a", FamilyPolicy.PreferDualStack)));
        Assert.Equal("192.168.0.2,fd00::2", Assign(DualStack("shop/b", FamilyPolicy.RequireDualStack)));
        Assert.Equal("fd00::3,192.168.0.3", Assign(DualStack("shop/c", FamilyPolicy.RequireDualStack) with { Families = [IpFamily.IPv6, IpFamily.IPv4] }));
        Assert.Equal("192.168.0.1", Assign(Request("shop/a")));
    }

    [Theory]
    [InlineData(FamilyPolicy.PreferDualStack, "192.168.0.1", "Eip 'lan' has no free address for Service 'shop/b': all 1 of 192.168.0.1 are in use.", "Service 'shop/b' gets no IPv6 address: Eip 'lan' has none.")]
    [InlineData(FamilyPolicy.RequireDualStack, "192.168.0.1", "Eip 'lan' has no free address for Service 'shop/b': all 1 of 192.168.0.1 are in use.", "Service 'shop/b' gets no IPv6 address: Eip 'lan' has none.")]
    [InlineData(FamilyPolicy.PreferDualStack, "fd00::1", "Service 'shop/b' gets no IPv4 address: Eip 'lan' has none.", "Eip 'lan' has no free address for Service 'shop/b': all 1 of fd00::1 are in use.")]
    internal void Who_gets_an_address_of_neither_family_is_told_why_of_both(FamilyPolicy policy, string range, string first, string second)
    {
        _allocator.Put(Pool("lan", range));
        Assign(DualStack("shop/a", FamilyPolicy.PreferDualStack));
        var refusal = _allocator.Assign(DualStack("shop/b", policy)).Refusal!;
        Assert.Equal(RefusalReason.PoolExhausted, refusal.Reason);
        Assert.StartsWith(first, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(second, refusal.Message, StringComparison.Ordinal);
        _allocator.Put(Pool("wan", "10.0.0.1-10.0.0.2", "fd01::1-fd01::2"));
        Assert.Contains("shop/b", _served);
    }

    [Fact]
    public void An_address_is_given_to_nobody_else_before_no_node_answers_for_it()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assign(Request("shop/a"));
        _announced.Add(IPAddress.Parse("192.168.0.1"));
        _allocator.Release(EntityKey.Parse("shop/a"));
        _time.Advance(TimeSpan.FromMinutes(1));
        _allocator.Settle();
        Assert.Equal("AddressLeaving", Assign(Request("shop/b", "192.168.0.1")));
        Assert.Equal("192.168.0.2", Assign(Request("shop/c")));
        _announced.Clear();
        _allocator.Settle();
        Assert.Equal(["shop/b"], _served);
    }

    [Fact]
    public void An_address_that_a_node_answers_for_and_no_Service_has_is_not_given_out()
    {
        _announced.Add(IPAddress.Parse("192.168.0.1"));
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.2"));
        Assert.Equal("192.168.0.2", Assign(Request("shop/a")));
        Assert.Contains("1 of them is being released", _allocator.Assign(Request("shop/b")).Refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_leader_takes_over_what_stands_in_the_statuses_before_it_gives_out_anything()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        var older = Request("shop/old") with { InStatus = [IPAddress.Parse("192.168.0.1")] };
        var later = Request("shop/late") with { InStatus = [IPAddress.Parse("192.168.0.1")] };
        _allocator.GiveNew(false);
        _allocator.Adopt([older, later]);
        Assert.Equal("TakingOver", Assign(Request("shop/new")));
        Assert.Equal("192.168.0.1", Assign(older));
        var allocation = _allocator.Assign(later);
        Assert.Empty(allocation.Addresses);
        Assert.Equal([new Duplicate(IPAddress.Parse("192.168.0.1"), "shop/old")], allocation.Duplicates);
        _allocator.GiveNew(true);
        Assert.Equal(["shop/new", "shop/late"], _served);
        Assert.Equal("192.168.0.3", Assign(later));
    }

    [Fact]
    public void What_OpenElb_let_two_Services_share_stays_shared_with_a_word()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        AddressRequest Old(string service) => Request(service, "192.168.0.1") with
        {
            InStatus = [IPAddress.Parse("192.168.0.1")],
            Sharing = new Sharing { GivenByOpenElb = true },
        };
        _allocator.Adopt([Old("shop/a"), Old("bank/b")]);
        Assert.Equal("192.168.0.1", Assign(Old("shop/a")));
        var tolerated = _allocator.Assign(Old("bank/b"));
        Assert.Equal("192.168.0.1", tolerated.Addresses.Single().ToString());
        Assert.Contains("of another namespace", tolerated.Tolerated, StringComparison.Ordinal);
        Assert.Equal("AddressInUse", Assign(Request("club/c", "192.168.0.1")));
    }

    [Fact]
    public void With_policy_Local_and_no_selectors_an_address_is_not_shared_and_who_shared_it_so_before_keeps_it_with_a_word()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        static AddressRequest ByHand(string service, int port, bool local = true) =>
            Request(service) with { Sharing = new Sharing { Key = "k", Ports = [new("TCP", port)], LocalTraffic = local } };
        static AddressRequest Stored(AddressRequest request) => request with { InStatus = [IPAddress.Parse("192.168.0.1")] };

        Assert.Equal("192.168.0.1", Assign(ByHand("shop/a", 80)));
        Assert.Equal("192.168.0.2", Assign(ByHand("shop/b", 81)));
        Assert.Equal("192.168.0.3", Assign(ByHand("shop/c", 80, local: false)));
        Assert.Equal("192.168.0.3", Assign(ByHand("shop/d", 81, local: false)));
        var asks = _allocator.Assign(ByHand("shop/e", 82) with { Requested = [IPAddress.Parse("192.168.0.3")] });
        Assert.EndsWith(
            "and one of them has externalTrafficPolicy Local while neither has a selector: their endpoints are written by hand, and no node might have "
            + "some of both. Set externalTrafficPolicy Cluster on both, or use another address.",
            asks.Refusal!.Message,
            StringComparison.Ordinal);
        Assert.Equal("192.168.0.4", Assign(ByHand("shop/d", 81)));

        var upgraded = new Allocator(_time, _announced.Contains);
        upgraded.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        upgraded.Adopt([Stored(ByHand("shop/a", 80)), Stored(ByHand("shop/b", 81)), Stored(ByHand("shop/c", 82, local: false)), Stored(ByHand("shop/d", 80))]);
        var kept = upgraded.Assign(Stored(ByHand("shop/b", 81)));
        Assert.Equal("192.168.0.1", kept.Addresses.Single().ToString());
        Assert.Contains("while neither has a selector", kept.Tolerated, StringComparison.Ordinal);
        Assert.Equal("192.168.0.1", upgraded.Assign(Stored(ByHand("shop/b", 8081))).Addresses.Single().ToString());
        Assert.NotEqual("192.168.0.1", upgraded.Assign(Stored(ByHand("shop/d", 80))).Addresses.Single().ToString());

        // A policy that changes from now on is judged by the rules of now.
        Assert.NotEqual("192.168.0.1", upgraded.Assign(Stored(ByHand("shop/c", 82))).Addresses.Single().ToString());
    }

    [Fact]
    public void Who_loses_its_part_of_an_address_and_gets_no_other_is_told_both()
    {
        _allocator.Put(Pool("lan", "192.168.0.1"));
        static AddressRequest Keyed(string service, int port) => Request(service) with { Sharing = new Sharing { Key = "k", Ports = [new("TCP", port)] } };
        Assign(Keyed("shop/a", 80));
        Assign(Keyed("shop/b", 81));
        var allocation = _allocator.Assign(Keyed("shop/b", 80));
        Assert.Equal(RefusalReason.PoolExhausted, allocation.Refusal!.Reason);
        Assert.StartsWith(
            "Service 'shop/b' gives up 192.168.0.1: it is shared with Service 'shop/a', which also listens on TCP 80. Use different ports, or another address. "
            + "Eip 'lan' has no free address for Service 'shop/b'",
            allocation.Refusal.Message,
            StringComparison.Ordinal);

        // The first part is told once; what keeps its key from giving it anything is told for as long as it waits.
        Assert.EndsWith(
            "Of its key 'k' there is 192.168.0.1, which is shared with Service 'shop/a', which also listens on TCP 80. Use different ports, or another address.",
            _allocator.Assign(Keyed("shop/b", 80)).Refusal!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_still_stands_in_a_status_is_given_to_nobody_else_and_can_be_had_back()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.2"));
        _allocator.Put(Pool("wan", "10.0.0.1"));
        AddressRequest Stored(string? pool, params string[] status) => Request("shop/a") with { Pool = pool, InStatus = [.. status.Select(IPAddress.Parse)] };
        Assert.Equal("192.168.0.1", Assign(Stored(null)));
        Assert.Equal("10.0.0.1", Assign(Stored("wan", "192.168.0.1")));

        // The write of 10.0.0.1 hangs: whoever leads next would find 192.168.0.1 in the status.
        _time.Advance(TimeSpan.FromMinutes(1));
        _allocator.Settle();
        Assert.Equal("192.168.0.2", Assign(Request("shop/b")));
        Assert.Equal("AddressLeaving", Assign(Request("shop/c", "192.168.0.1")));
        Assert.Equal("192.168.0.1", Assign(Stored("lan", "192.168.0.1")));

        _time.Advance(TimeSpan.FromSeconds(2));
        _allocator.Settle();
        Assert.Equal("10.0.0.1", Assign(Stored("wan", "192.168.0.1")));
        Assign(Stored("wan", "10.0.0.1"));
        _time.Advance(TimeSpan.FromSeconds(2));
        _allocator.Settle();
        Assert.Equal(["shop/c"], _served);
    }

    [Fact]
    public void Who_keeps_an_address_that_no_Eip_would_give_it_now_is_told_why()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        string? Kept(Pool? pool)
        {
            if (pool is null)
            {
                _allocator.Remove("lan");
            }
            else
            {
                _allocator.Put(pool);
            }

            var allocation = _allocator.Assign(Request("shop/a"));
            Assert.Equal("192.168.0.1", allocation.Addresses.Single().ToString());
            Assert.Null(allocation.Refusal);
            return allocation.Kept?.Message;
        }

        var lan = Pool("lan", "192.168.0.1-192.168.0.9");
        Assert.Null(Kept(lan));
        Assert.Equal("192.168.0.1 is in no Eip any more: Eip 'lan', which it came from, has 192.168.0.5-192.168.0.9 now. The Service keeps it until it is released.", Kept(Pool("lan", "192.168.0.5-192.168.0.9")));
        Assert.Equal("192.168.0.1 is left out by spec.excludes of Eip 'lan'. The Service keeps it until it is released.", Kept(lan with { Excludes = [AddressRange.Parse("192.168.0.1")] }));
        Assert.Equal("Eip 'lan', which holds 192.168.0.1, is disabled (spec.disable). The Service keeps the address until it is released.", Kept(lan with { Disabled = true }));
        Assert.Equal("Eip 'lan', which holds 192.168.0.1, is being deleted. The Service keeps the address until it is released.", Kept(lan with { Deleting = true }));
        Assert.Equal("192.168.0.1 is in no Eip any more: Eip 'lan', which it came from, is gone. The Service keeps it until it is released.", Kept(null));
        Assert.Null(Kept(lan));
        Assert.Equal(
            "Eip 'lan', which holds 192.168.0.1, is not for this Service any more: its namespaces, namespaceSelector and serviceSelector do not choose it, "
            + "and spec.enforceSelectors makes them a fence. The Service keeps the address until it is released.",
            Kept(lan with { Namespaces = ["bank"], EnforceSelectors = true }));
        Assert.Null(Kept(lan with { Namespaces = ["bank"] }));
        Assert.Null(Kept(lan with { Namespaces = ["shop"], EnforceSelectors = true }));
    }

    [Fact]
    public void Thousands_that_wait_for_a_full_pool_are_served_one_for_each_address_that_frees_up()
    {
        _allocator.Put(Pool("lan", "10.0.0.0/29"));
        _allocator.Put(Pool("other", "10.1.0.0/16") with { AutoAssign = false });
        for (var i = 0; i < 8; i++)
        {
            Assign(Request($"shop/has-{i}"));
        }

        for (var i = 0; i < 5_000; i++)
        {
            Assign(Request($"shop/waits-{i}") with { Pool = "lan" });
        }

        Assert.Equal(5_000, _allocator.Waiting[RefusalReason.PoolExhausted]);
        for (var i = 0; i < 8; i++)
        {
            Free($"shop/has-{i}");
        }

        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"shop/waits-{i}"), _served);
        Assert.Equal(4_992, _allocator.Waiting[RefusalReason.PoolExhausted]);
    }

    [Fact]
    public void A_Service_made_again_under_the_same_name_is_another_one()
    {
        _allocator.Put(Pool("lan", "192.168.0.1-192.168.0.9"));
        Assign(Request("shop/a"));
        Assert.Equal("192.168.0.2", Assign(Request("shop/a") with { Uid = "second" }));
    }

    [Fact]
    public void Usage_is_exact_and_lists_no_more_than_asked_for()
    {
        _allocator.Put(Pool("lan", "192.168.0.0/24", "fd00::/64"));
        for (var i = 0; i < 5; i++)
        {
            Assign(DualStack($"shop/s{i}", FamilyPolicy.PreferDualStack));
        }

        var usage = _allocator.UsageOf("lan", most: 3)!;
        Assert.Equal(System.Numerics.BigInteger.Pow(2, 64) + 256, usage.Size);
        Assert.Equal(10, usage.InUse);
        Assert.Equal(["192.168.0.0", "192.168.0.1", "192.168.0.2"], usage.Used.Select(used => used.Address.ToString()));
        Assert.Equal("192.168.0.0", usage.First!.ToString());
        Assert.Equal("fd00::ffff:ffff:ffff:ffff", usage.Last!.ToString());

        Free("shop/s0");
        _allocator.Put(Pool("lan", "192.168.0.0/23"));
        Assert.Equal((512, 4), ((int)_allocator.UsageOf("lan", most: 3)!.Size, (int)_allocator.UsageOf("lan", most: 3)!.InUse));
        _allocator.Remove("lan");
        Assert.Null(_allocator.UsageOf("lan", most: 3));
    }
}
