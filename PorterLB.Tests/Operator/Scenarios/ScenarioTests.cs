using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Scenarios;

/// <summary>
/// What other load balancers test about addresses, asked here from the objects on: Eips and Services as a server has them go in, addresses
/// come out. Where our answer is another than theirs, the test's name says so; docs/reference/scenarios.md has the whole list.
/// </summary>
public sealed class ScenarioTests
{
    private static readonly string[] V4 = ["IPv4"];
    private static readonly string[] Dual = ["IPv4", "IPv6"];
    private readonly Allocator _allocator = new(new FakeTimeProvider(), _ => false);
    private readonly Dictionary<string, V1Alpha2Eip> _eips = new(StringComparer.Ordinal);
    private readonly Dictionary<EntityKey, ServiceView> _services = [];

    [Fact]
    public void A_pool_for_a_namespace_by_name_or_by_label_comes_first_and_a_changed_label_counts_for_new_addresses()
    {
        Eip("everybody", "10.0.0.0/28");
        Eip("by-name", "10.1.0.0/28", eip => eip.Spec.Namespaces = ["shop"]);
        Eip("by-label", "10.2.0.0/28", eip => eip.Spec.NamespaceSelector = new Dictionary<string, string> { ["team"] = "red" });
        Assert.Equal("10.1.0.0", Assign("shop/a"));
        Assert.Equal("10.0.0.0", Assign("bank/b"));
        Assert.Equal("10.2.0.0", Assign("club/c", namespaceLabels: ("team", "red")));

        // The label goes: who has an address keeps it (a peer moves it), the next one is judged anew.
        Assert.Equal("10.2.0.0", Assign("club/c"));
        Assert.Equal("10.0.0.1", Assign("club/d"));
    }

    [Fact]
    public void A_pool_for_Services_by_label_and_one_for_both_and_priorities_among_them()
    {
        Eip("web", "10.1.0.0/28", eip => eip.Spec.ServiceSelector = new() { MatchLabels = new Dictionary<string, string> { ["tier"] = "web" } });
        Eip("both", "10.2.0.0/28", eip =>
        {
            eip.Spec.Namespaces = ["shop"];
            eip.Spec.ServiceSelector = new() { MatchExpressions = [new() { Key = "tier", Operator = LabelSelectorOperator.Exists }] };
            eip.Spec.Priority = -1;
        });
        Assert.Equal("10.2.0.0", Assign("shop/a", labels: ("tier", "web")));
        Assert.Equal("10.1.0.0", Assign("bank/b", labels: ("tier", "web")));
        Assert.Equal("NoPool", Assign("bank/c"));
    }

    [Fact]
    public void Of_pools_that_fit_alike_the_smaller_priority_is_used_first_and_a_full_one_is_followed_by_the_next()
    {
        Eip("b", "10.1.0.1", eip => eip.Spec.Priority = 1);
        Eip("a", "10.2.0.1", eip => eip.Spec.Priority = 2);
        Assert.Equal("10.1.0.1", Assign("shop/a"));
        Assert.Equal("10.2.0.1", Assign("shop/b"));
        Assert.Equal("PoolExhausted", Assign("shop/c"));
    }

    [Fact]
    public void A_pool_on_request_only_is_used_when_it_is_named_or_its_address_is_asked_for()
    {
        Eip("quiet", "10.1.0.0/28,fd00::/120", eip => eip.Spec.AutoAssign = false);
        Assert.Equal("NoPool", Assign("shop/a"));
        Assert.Equal("10.1.0.0", Assign("shop/a", (Annotations.Eip, "quiet")));
        Assert.Equal("10.1.0.9", Assign("shop/b", (Annotations.Address, "10.1.0.9")));
        Assert.Equal("fd00::", Assign("shop/c", ["IPv6"], (Annotations.Eip, "quiet")));
    }

    [Fact]
    public void The_pool_of_each_address_is_written_down()
    {
        Eip("lan", "10.1.0.0/28");
        var service = Service("shop/a", V4);
        var allocation = _allocator.Assign(ServiceRequest.Of(service, null));
        Assert.Equal("lan", ServicePlan.Of(service, allocation, [], 1).Annotations[Annotations.Origin]);
    }

    [Fact]
    public void An_address_may_be_asked_for_by_field_or_annotation_and_the_annotation_wins_where_a_peer_refuses_both()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.5", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = "10.1.0.5"));
        Assert.Equal("10.1.0.6", Assign("shop/b", V4, service => service.Spec.LoadBalancerIP = "10.1.0.7", (Annotations.Address, "10.1.0.6")));
    }

    [Theory]
    [InlineData("10.1.0.300", "RequestInvalid")]
    [InlineData("10.9.9.9", "AddressInNoPool")]
    [InlineData("fd00::5", "RequestInvalid")]
    [InlineData("10.1.0.5,10.1.0.6", "RequestInvalid")]
    public void An_address_that_cannot_be_had_is_refused_with_its_reason(string asked, string reason)
    {
        Eip("lan", "10.1.0.0/28,fd00::/120");
        Assert.Equal(reason, Assign("shop/a", (Annotations.Address, asked)));
    }

    [Fact]
    public void An_address_outside_of_the_named_pool_and_a_pool_that_is_unknown_are_refused()
    {
        Eip("lan", "10.1.0.0/28");
        Eip("office", "10.2.0.0/28");
        Assert.Equal("RequestInvalid", Assign("shop/a", (Annotations.Eip, "office"), (Annotations.Address, "10.1.0.5")));
        Assert.Equal("PoolNotFound", Assign("shop/b", (Annotations.Eip, "lna")));
    }

    [Fact]
    public void Another_pool_that_is_named_is_another_address_and_the_old_one_is_kept_until_then()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", (Annotations.Eip, "lan")));
        Assert.Equal("10.1.0.0", Assign("shop/a", (Annotations.Eip, "office")));
        Eip("office", "10.2.0.0/28");
        Assert.Equal("10.2.0.0", Assign("shop/a", (Annotations.Eip, "office")));
    }

    [Fact]
    public void What_stands_in_a_status_and_makes_no_sense_is_passed_over()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", change: service => service.Status.LoadBalancer = new() { Ingress = [new() { Ip = "garbage" }, new() { Hostname = "example.com" }] }));
        Assert.Equal("10.1.0.1", Assign("shop/b", change: service => service.Status.LoadBalancer = new() { Ingress = [new() { Ip = "fd00::7" }] }));
        Assert.Equal("10.1.0.7", Assign("shop/c", change: service => service.Status.LoadBalancer = new() { Ingress = [new() { Ip = "10.1.0.7" }, new() { Ip = "10.1.0.8" }] }));
    }

    [Fact]
    public void PreferDualStack_takes_one_family_and_the_second_when_it_comes_without_touching_the_first()
    {
        Eip("four", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", Dual, Policy("PreferDualStack")));

        // A pool of both families that comes later (a peer would not jump to it, either): the first address stays, the second comes from it.
        Eip("both", "10.2.0.0/28,fd02::/120", eip => eip.Spec.Priority = -1);
        Assert.Equal("10.1.0.0,fd02::", Assign("shop/a", Dual, Policy("PreferDualStack")));
        Assert.Equal("10.1.0.0,fd02::", Assign("shop/a", Dual, Policy("RequireDualStack")));
        Assert.Equal("10.1.0.0,fd02::", Assign("shop/a", Dual, Policy("PreferDualStack")));

        // It shrinks: a peer moves both addresses, here they are kept until the Service is released.
        Eip("both", "10.2.0.0/28", eip => eip.Spec.Priority = -1);
        Assert.Equal("10.1.0.0,fd02::", Assign("shop/a", Dual, Policy("PreferDualStack")));
    }

    [Fact]
    public void PreferDualStack_takes_both_addresses_where_it_can_have_both()
    {
        Eip("four", "10.1.0.0/28");
        Eip("both", "10.2.0.0/28,fd02::/120", eip => eip.Spec.Priority = 1);
        Assert.Equal(2, Assign("shop/a", Dual, Policy("PreferDualStack")).Split(',').Length);
    }

    [Fact]
    public void RequireDualStack_gives_nothing_of_half_and_takes_nothing_away()
    {
        Eip("four", "10.1.0.0/28");
        Assert.Equal("FamilyUnavailable", Assign("shop/a", Dual, Policy("RequireDualStack")));
        Assert.Equal("10.1.0.0", Assign("shop/b"));
        Assert.Equal("10.1.0.0", Assign("shop/b", Dual, Policy("RequireDualStack")));
    }

    [Fact]
    public void A_full_family_keeps_from_RequireDualStack_what_there_is_and_from_PreferDualStack_only_itself_and_both_are_served_when_it_frees_up()
    {
        Eip("four", "10.1.0.0/28");
        Eip("six", "fd01::1");
        Assert.Equal("fd01::1", Assign("shop/first", ["IPv6"]));
        Assert.Equal("10.1.0.0", Assign("shop/prefers", Dual, Policy("PreferDualStack")));
        Assert.Equal("PoolExhausted", Assign("shop/requires", Dual, Policy("RequireDualStack")));
        Assert.Equal("10.1.0.1", Assign("shop/other"));

        // First come, first served; and the address that it has had stays.
        Free("shop/first");
        Assert.Equal("10.1.0.0,fd01::1", Assign("shop/prefers", Dual, Policy("PreferDualStack")));
        Assert.Equal("PoolExhausted", Assign("shop/requires", Dual, Policy("RequireDualStack")));
        Free("shop/prefers");
        Assert.Equal("10.1.0.0,fd01::1", Assign("shop/requires", Dual, Policy("RequireDualStack")));
    }

    [Fact]
    public void Another_address_in_the_field_of_a_live_Service_is_another_address_and_none_in_it_any_more_changes_nothing()
    {
        Eip("lan", "10.1.0.0/28");
        Assign("shop/other", (Annotations.Address, "10.1.0.7"));
        Assert.Equal("10.1.0.5", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = "10.1.0.5"));
        Assert.Equal("10.1.0.6", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = "10.1.0.6"));
        Assert.Equal("10.1.0.6", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = "10.1.0.7"));
        Assert.Equal("10.1.0.6", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = "no address"));
        Assert.Equal("10.1.0.6", Assign("shop/a", change: service => service.Spec.LoadBalancerIP = ""));
    }

    [Fact]
    public void A_pool_that_is_enabled_again_or_widened_serves_those_who_wait_for_it_without_being_asked()
    {
        List<string> served = [];
        _allocator.Served = key => served.Add($"{key}");
        Eip("lan", "10.1.0.1", eip => eip.Spec.Disable = true);
        Assert.Equal("NoPool", Assign("shop/a"));
        Assert.Equal("PoolUnavailable", Assign("shop/b", (Annotations.Eip, "lan")));
        Eip("lan", "10.1.0.1");
        Assert.Equal(["shop/a"], served);
        Eip("lan", "10.1.0.1-10.1.0.2");
        Assert.Equal(["shop/a", "shop/b"], served);
        Assert.Equal("10.1.0.2", Assign("shop/b", (Annotations.Eip, "lan")));
    }

    [Fact]
    public void Of_two_that_share_one_may_go_and_the_address_stays_with_the_other_and_may_be_shared_again()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", V4, Port(80), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.0", Assign("shop/b", V4, Port(81), (Annotations.SharingKey, "k")));
        Free("shop/a");
        Assert.Equal("10.1.0.0", Assign("shop/b", V4, Port(81), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.1", Assign("shop/stranger"));
        Assert.Equal("10.1.0.0", Assign("shop/c", V4, Port(80), (Annotations.SharingKey, "k")));
    }

    [Fact]
    public void A_range_of_one_or_two_addresses_gives_out_each_of_them()
    {
        Eip("lan", "10.1.0.2/31,10.1.0.9/32,fd01::2/127,fd01::9/128");
        Assert.Equal(["10.1.0.2", "10.1.0.3", "10.1.0.9", "PoolExhausted"], [Assign("shop/a"), Assign("shop/b"), Assign("shop/c"), Assign("shop/d")]);
        string[] six = ["IPv6"];
        Assert.Equal(["fd01::2", "fd01::3", "fd01::9", "PoolExhausted"], [Assign("shop/e", six), Assign("shop/f", six), Assign("shop/g", six), Assign("shop/h", six)]);
    }

    [Fact]
    public void A_family_that_is_removed_gives_its_address_back_and_the_order_of_families_is_that_of_the_addresses()
    {
        Eip("both", "10.1.0.0/28,fd01::/120");
        Assert.Equal("fd01::,10.1.0.0", Assign("shop/a", ["IPv6", "IPv4"], Policy("RequireDualStack")));
        Assert.Equal("fd01::", Assign("shop/a", ["IPv6"], Policy("SingleStack")));
        Assert.Equal("10.1.0.1", Assign("shop/b")); // the other may still be answered for
        Assert.Equal("10.1.0.9,fd01::9", Assign("shop/c", Dual, service => service.Spec.IpFamilyPolicy = "RequireDualStack", (Annotations.Address, "fd01::9,10.1.0.9")));
    }

    [Fact]
    public void A_Service_of_an_old_object_has_the_families_of_its_cluster_addresses()
    {
        Eip("both", "10.1.0.0/28,fd01::/120");
        Assert.Equal("fd01::", Assign("shop/a", [], service => service.Spec.ClusterIP = "fd96::7"));
        Assert.Equal("10.1.0.0", Assign("shop/b", [], service => service.Spec.ClusterIP = "None"));
    }

    [Fact]
    public void A_sharing_is_judged_anew_when_policy_selector_key_or_ports_change_in_both_directions()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", V4, Port(80), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.1", Assign("shop/b", V4, Port(80), (Annotations.SharingKey, "k")));

        // Ports that clash no more do not move who has an address of its own; a new one shares.
        Assert.Equal("10.1.0.1", Assign("shop/b", V4, Port(81), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.0", Assign("shop/c", V4, Port(443), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.2", Assign("shop/c", V4, Port(443, service => service.Spec.ExternalTrafficPolicy = "Local"), (Annotations.SharingKey, "k")));
        Assert.Equal("10.1.0.2", Assign("shop/c", V4, Port(443), (Annotations.SharingKey, "k")));

        // A sole user may change its key; one that shares gives the address up with the key.
        Assert.Equal("10.1.0.1", Assign("shop/b", V4, Port(81), (Annotations.SharingKey, "other")));
        Assert.Equal("10.1.0.0", Assign("shop/d", V4, Port(8080), (Annotations.SharingKey, "k")));
        Assert.NotEqual("10.1.0.0", Assign("shop/d", V4, Port(8080), (Annotations.SharingKey, "third")));
    }

    [Fact]
    public void Mixed_protocols_are_one_Service_and_the_same_port_of_another_protocol_is_no_clash()
    {
        Eip("lan", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("dns/tcp", V4, service => service.Spec.Ports = [new() { Protocol = "TCP", Port = 53 }], (Annotations.SharingKey, "dns")));
        Assert.Equal("10.1.0.0", Assign("dns/udp", V4, service => service.Spec.Ports = [new() { Protocol = "UDP", Port = 53 }], (Annotations.SharingKey, "dns")));
    }

    [Fact]
    public void A_pool_may_grow_shrink_be_renamed_or_split_and_everybody_keeps_its_address()
    {
        Eip("lan", "10.1.0.0-10.1.0.3");
        Assert.Equal("10.1.0.0", Assign("shop/a"));
        Assert.Equal("10.1.0.1", Assign("shop/b"));
        Eip("lan", "10.1.0.0-10.1.0.9");
        Assert.Equal("10.1.0.2", Assign("shop/c"));
        Remove("lan");
        Eip("renamed", "10.1.0.0");
        Eip("split", "10.1.0.1-10.1.0.9");
        Assert.Equal(["10.1.0.0", "10.1.0.1", "10.1.0.2"], [Assign("shop/a"), Assign("shop/b"), Assign("shop/c")]);
        Assert.Equal("10.1.0.3", Assign("shop/d"));
    }

    [Fact]
    public void Buggy_addresses_and_excluded_ones_are_not_given_out_and_who_has_one_keeps_it()
    {
        Eip("lan", "10.1.0.254-10.1.1.1");
        Assert.Equal("10.1.0.254", Assign("shop/a"));
        Assert.Equal("10.1.0.255", Assign("shop/b"));
        Eip("lan", "10.1.0.254-10.1.1.1", eip =>
        {
            eip.Spec.AvoidBuggyIPs = true;
            eip.Spec.Excludes = ["10.1.0.254"];
        });
        Assert.Equal(["10.1.0.254", "10.1.0.255", "10.1.1.1"], [Assign("shop/a"), Assign("shop/b"), Assign("shop/c")]);
        Assert.Equal("PoolExhausted", Assign("shop/d"));
        Assert.Equal("AddressExcluded", Assign("shop/e", (Annotations.Address, "10.1.1.0")));
    }

    [Fact]
    public void A_disabled_deleted_or_wrong_pool_gives_nothing_says_why_and_recovers()
    {
        Eip("off", "10.1.0.0/28", eip => eip.Spec.Disable = true);
        Assert.Equal("PoolUnavailable", Assign("shop/a", (Annotations.Eip, "off")));
        Eip("off", "10.1.0.0/28", eip => eip.Metadata.DeletionTimestamp = DateTime.UnixEpoch);
        Assert.Equal("PoolUnavailable", Assign("shop/a", (Annotations.Eip, "off")));
        Eip("off", "ten dot something");
        Assert.Equal("PoolUnavailable", Assign("shop/a", (Annotations.Eip, "off")));
        Assert.Contains("is no address", EipPools.Of(_eips.Values).Single().Problem, StringComparison.Ordinal);
        Eip("off", "10.1.0.0/28");
        Assert.Equal("10.1.0.0", Assign("shop/a", (Annotations.Eip, "off")));
    }

    [Fact]
    public void Two_that_ask_for_each_others_address_keep_their_own_until_one_of_them_goes()
    {
        Eip("lan", "10.1.0.0/28");
        Assign("shop/a", (Annotations.Address, "10.1.0.1"));
        Assign("shop/b", (Annotations.Address, "10.1.0.2"));
        Assert.Equal("10.1.0.1", Assign("shop/a", (Annotations.Address, "10.1.0.2")));
        Assert.Equal("10.1.0.2", Assign("shop/b", (Annotations.Address, "10.1.0.1")));
        Assert.Equal("10.1.0.1", Assign("shop/a", (Annotations.Address, "10.1.0.2")));
        Free("shop/b");
        Assert.Equal("10.1.0.2", Assign("shop/a", (Annotations.Address, "10.1.0.2")));
    }

    [Fact]
    public void That_a_Service_goes_that_never_had_an_address_or_was_never_known_is_nothing()
    {
        Eip("lan", "10.1.0.1");
        Assert.Equal("10.1.0.1", Assign("shop/a"));
        Assert.Equal("PoolExhausted", Assign("shop/waits"));
        Free("shop/never");
        Free("shop/waits");
        Free("shop/waits");
        Assert.Equal("10.1.0.1", Assign("shop/a"));
        Assert.Empty(_allocator.Waiting);
    }

    [Fact]
    public void Of_two_pools_that_overlap_the_older_one_stands()
    {
        Eip("old", "10.1.0.0/28");
        Eip("young", "10.1.0.8-10.1.0.20", eip => eip.Metadata.CreationTimestamp = DateTime.UnixEpoch.AddDays(2));
        Assert.Equal("PoolUnavailable", Assign("shop/a", (Annotations.Eip, "young")));
        Assert.Equal("10.1.0.0", Assign("shop/b"));
    }

    [Fact]
    public void A_change_of_ports_node_ports_or_selector_never_changes_the_address()
    {
        Eip("lan", "10.1.0.0/28");
        Assign("shop/first");
        Assert.Equal("10.1.0.1", Assign("shop/a", V4, Port(80)));
        Assert.Equal("10.1.0.1", Assign("shop/a", V4, Port(81, service => service.Spec.Selector = new Dictionary<string, string> { ["app"] = "new" })));
    }

    private static Action<ServiceView> Policy(string policy) => service => service.Spec.IpFamilyPolicy = policy;

    private static Action<ServiceView> Port(int port, Action<ServiceView>? more = null) => service =>
    {
        service.Spec.Ports = [new() { Protocol = "TCP", Port = port }];
        service.Spec.Selector = new Dictionary<string, string> { ["app"] = service.Metadata.Name };
        more?.Invoke(service);
    };

    private static ServiceView Service(string name, string[] families) => new()
    {
        Metadata =
        {
            Name = EntityKey.Parse(name).Name, NamespaceProperty = EntityKey.Parse(name).Namespace, Uid = name, ResourceVersion = "1",
            Annotations = new Dictionary<string, string> { [Annotations.LoadBalancer] = "porterlb" },
        },
        Spec = { Type = "LoadBalancer", IpFamilies = families, Ports = [new() { Protocol = "TCP", Port = 80 }] },
    };

    private void Eip(string name, string addresses, Action<V1Alpha2Eip>? change = null)
    {
        var eip = new V1Alpha2Eip { Metadata = { Name = name, CreationTimestamp = DateTime.UnixEpoch }, Spec = { Addresses = addresses.Split(',') } };
        change?.Invoke(eip);
        _eips[name] = eip;
        Refresh();
    }

    private void Free(string name)
    {
        _allocator.Release(EntityKey.Parse(name), silent: true);
        _services.Remove(EntityKey.Parse(name));
    }

    private void Remove(string name)
    {
        _eips.Remove(name);
        _allocator.Remove(name);
    }

    private void Refresh()
    {
        foreach (var pool in EipPools.Of(_eips.Values))
        {
            _allocator.Put(pool);
        }
    }

    private string Assign(string name, params (string Name, string Value)[] annotations) => Assign(name, V4, null, annotations);

    private string Assign(string name, string[] families, params (string Name, string Value)[] annotations) => Assign(name, families, null, annotations);

    private string Assign(string name, (string Name, string Value)? labels = null, (string Name, string Value)? namespaceLabels = null, Action<ServiceView>? change = null)
    {
        return Assign(
            name,
            V4,
            service =>
            {
                service.Metadata.Labels = labels is { } label ? new Dictionary<string, string> { [label.Name] = label.Value } : null;
                change?.Invoke(service);
            },
            [],
            namespaceLabels);
    }

    private string Assign(string name, string[] families, Action<ServiceView>? change, params (string Name, string Value)[] annotations) =>
        Assign(name, families, change, annotations, null);

    private string Assign(string name, string[] families, Action<ServiceView>? change, (string Name, string Value)[] annotations, (string Name, string Value)? namespaceLabels)
    {
        var service = Service(name, families);
        foreach (var (key, value) in annotations)
        {
            service.Metadata.Annotations[key] = value;
        }

        // What it was given stands in its status, as the manager writes it.
        if (_services.GetValueOrDefault(EntityKey.Of(service)) is { } before)
        {
            service.Status = before.Status;
            if (before.Metadata.Annotations.TryGetValue(Annotations.Origin, out var origin))
            {
                service.Metadata.Annotations[Annotations.Origin] = origin;
            }
        }

        change?.Invoke(service);
        Dictionary<string, string>? labels = namespaceLabels is { } label ? new() { [label.Name] = label.Value } : null;
        var allocation = _allocator.Assign(ServiceRequest.Of(service, labels));
        service.Status = new() { LoadBalancer = new() { Ingress = [.. allocation.Addresses.Select(address => new ServiceViewIngress { Ip = $"{address}" })] } };
        if (!allocation.Addresses.IsEmpty)
        {
            service.Metadata.Annotations[Annotations.Origin] = string.Join(',', allocation.Origins);
        }

        _services[EntityKey.Of(service)] = service;
        return allocation.Addresses.IsEmpty ? $"{allocation.Refusal!.Reason}" : string.Join(',', allocation.Addresses);
    }
}
