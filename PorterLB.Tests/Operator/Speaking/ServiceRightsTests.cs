using System.Collections.Immutable;
using PorterLB.Operator;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Speaking;
using PorterLB.Speaker;
using PorterLB.Tests.Operator.Services;

namespace PorterLB.Tests.Operator.Speaking;

public sealed class ServiceRightsTests
{
    private static readonly V1Alpha2Eip Lan = new() { Metadata = new() { Name = "lan" }, Spec = new() { Address = "192.168.0.0/24", Interface = "eth1" } };

    private static NodeView Node(string name, bool excluded = false) => new()
    {
        Metadata = new() { Name = name, Labels = excluded ? new Dictionary<string, string> { [Annotations.ExcludeLabel] = "" } : null },
    };

    private static RightsSource Source(params EndpointPlace[] places) => new()
    {
        Eips = [Lan],
        Configs = [],
        Nodes = [Node("a"), Node("b"), Node("c", excluded: true)],
        Places = _ => places,
    };

    private static ServiceRights Of(ServiceView service, KnownElection? known = null, RightsSource? source = null) => ServiceRights.Of(service, source ?? Source(), known);

    [Fact]
    public void Rights_come_from_the_election_on_the_Service_and_the_nodes_that_may()
    {
        var rights = Of(ServicePlanTests.Service("192.168.0.91", "a", 90)).Addresses.Single();
        Assert.Equal(("a", 90L, "a,b", "eth1"), (rights.Elected, rights.Epoch, string.Join(',', rights.Eligible), string.Join(',', rights.Interfaces)));
        Assert.Equal(AnnouncementPolicy.Default, rights.Policy);
    }

    [Fact]
    public void Nobody_speaks_for_a_Service_that_is_not_elected_is_going_or_is_no_load_balancer()
    {
        Assert.Empty(Of(ServicePlanTests.Service("192.168.0.91")).Addresses);
        Assert.Empty(Of(ServicePlanTests.Service(null, "a", 90)).Addresses);
        var going = ServicePlanTests.Service("192.168.0.91", "a", 90);
        going.Metadata.DeletionTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Assert.Empty(Of(going).Addresses);
        var changed = ServicePlanTests.Service("192.168.0.91", "a", 90);
        changed.Spec.Type = "ClusterIP";
        Assert.Empty(Of(changed).Addresses);
    }

    [Fact]
    public void Annotations_that_vanish_change_nothing()
    {
        var known = Of(ServicePlanTests.Service("192.168.0.91", "a", 90)).Known;
        var rights = Of(ServicePlanTests.Service("192.168.0.91", version: "120"), known).Addresses.Single();
        Assert.Equal(("a", 90L), (rights.Elected, rights.Epoch));
    }

    [Theory]
    [InlineData("c", 95, "120")]
    [InlineData("nowhere", 95, "120")]
    [InlineData("b", 999, "120")]
    public void A_forged_election_counts_as_absent(string node, long epoch, string version)
    {
        var known = Of(ServicePlanTests.Service("192.168.0.91", "a", 90)).Known;
        var result = Of(ServicePlanTests.Service("192.168.0.91", node, epoch, version: version), known);
        Assert.True(result.Forged);
        Assert.Equal("a", result.Addresses.Single().Elected);
    }

    [Fact]
    public void An_elected_node_that_may_not_any_more_is_nobody_until_the_manager_says_otherwise()
    {
        var known = Of(ServicePlanTests.Service("192.168.0.91", "c", 90), source: Source() with { IgnoreExcludeLabel = true }).Known;
        var result = Of(ServicePlanTests.Service("192.168.0.91", "c", 90), known);
        Assert.False(result.Forged);
        Assert.Null(result.Addresses.Single().Elected);
    }

    [Fact]
    public void With_policy_Local_only_nodes_with_an_endpoint_may()
    {
        var service = ServicePlanTests.Service("192.168.0.91", "a", 90);
        service.Spec.ExternalTrafficPolicy = "Local";
        Assert.Equal(["b"], Of(service, source: Source(new EndpointPlace("b", null, Ready: true, Serving: true))).Addresses.Single().Eligible);
        Assert.Empty(Of(service).Addresses.Single().Eligible);
    }

    [Fact]
    public void A_restored_etcd_makes_the_speaker_forget()
    {
        var known = Of(ServicePlanTests.Service("192.168.0.91", "a", 90)).Known;
        Assert.Empty(Of(ServicePlanTests.Service("192.168.0.91", version: "50"), known).Addresses);
    }

    [Fact]
    public void Of_Services_that_share_an_address_the_highest_epoch_counts_and_only_nodes_that_may_serve_all()
    {
        AddressRights Rights(string elected, long epoch, params string[] eligible) => new()
        {
            Address = System.Net.IPAddress.Parse("192.168.0.91"),
            Elected = elected,
            Epoch = epoch,
            Eligible = [.. eligible],
        };
        var combined = ServiceRights.Combine([Rights("a", 5, "a", "b"), Rights("b", 9, "b", "c")]);
        Assert.Equal(("b", 9L, "b"), (combined.Elected, combined.Epoch, string.Join(',', combined.Eligible)));
        Assert.True(ServiceRights.Same(combined, combined with { Eligible = ImmutableArray.Create("b") }));
    }

    [Fact]
    public void The_data_plane_is_unhealthy_after_three_seconds_and_only_where_it_ever_answered()
    {
        var never = new DataPlaneHealth();
        Assert.Null(never.Saw(good: false, TimeSpan.FromSeconds(60)));
        var health = new DataPlaneHealth();
        Assert.Null(health.Saw(good: true, TimeSpan.FromSeconds(1)));
        Assert.Null(health.Saw(good: false, TimeSpan.FromSeconds(3.9)));
        Assert.False(health.Saw(good: false, TimeSpan.FromSeconds(4)));
        Assert.Null(health.Saw(good: false, TimeSpan.FromSeconds(5)));
        Assert.True(health.Saw(good: true, TimeSpan.FromSeconds(6)));
    }

    [Fact]
    public void A_Speaker_object_tells_addresses_as_ranges_and_take_overs_apart()
    {
        var mac = MacAddress.Parse("02:00:00:00:00:01");
        var since = new DateTimeOffset(2026, 1, 1, 0, 0, 0, 250, TimeSpan.Zero);
        var status = SpeakerObject.Of(
            SpeakerStatus.Empty with
            {
                Announced =
                [
                    .. Enumerable.Range(1, 3).Select(i => new AnnouncedAddress(System.Net.IPAddress.Parse($"192.168.0.{i}"), "eth0", mac, since, 5, 0)),
                    new AnnouncedAddress(System.Net.IPAddress.Parse("192.168.0.4"), "eth0", mac, since, 5, 2),
                ],
            },
            "1.0",
            since,
            leaving: false);
        Assert.Equal(4, status.Addresses);
        Assert.Equal(["192.168.0.1-192.168.0.3 ", "192.168.0.4 2"], status.Announced.Select(range => $"{range.Addresses} {range.Term}"));
    }
}
