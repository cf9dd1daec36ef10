using System.Net;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Watching;

namespace PorterLB.Tests.Operator.Services;

/// <summary>A Service with an address of each family on nodes a, b and c, as the manager sees them in its caches.</summary>
public sealed class ServiceElectionsTests : IDisposable
{
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress V6 = IPAddress.Parse("fd00::91");
    private readonly FakeTimeProvider _time = new();
    private readonly Informer<NodeView> _nodes;
    private readonly Informer<V1Alpha2Speaker> _speakers;
    private readonly Informer<LeaseView> _leases;
    private readonly ElectionBook _book = new();
    private readonly ClusterState _cluster;
    private readonly ServiceElections _elections;
    private readonly Cached<V1Alpha2LayerTwoConfig> _configs = new();
    private readonly Cached<ServiceView> _services = new();
    private readonly Cached<EndpointsView> _endpoints = new();
    private readonly Allocator _allocator;
    private readonly ServiceView _service = new() { Metadata = { Name = "web", NamespaceProperty = "default", Uid = "u", Annotations = new Dictionary<string, string>() } };
    private int _version = 100;

    public ServiceElectionsTests()
    {
        (_nodes, _speakers, _leases) = (Informer(NodeView.Type), Informer(V1Alpha2Speaker.Type), Informer(LeaseView.Type));
        var announcements = new Announcements(_time);
        _cluster = new ClusterState(_nodes, _speakers, _leases, new SpeakerLives(_time), announcements);
        _allocator = new Allocator(_time, _ => false);
        _elections = new ServiceElections(
            new ManagerSettings(ManagerSettings.DefaultClass, false, false), _cluster, announcements, _book,
            new Cached<V1Alpha2Eip>(), _configs, _endpoints, _services, _allocator, _time);
        foreach (var node in (string[])["a", "b", "c"])
        {
            Put(_nodes, new NodeView { Metadata = { Name = node } });
            Put(_leases, new LeaseView { Metadata = { Name = $"porterlb-{node}", NamespaceProperty = "porterlb-system", ResourceVersion = "1" }, Spec = { HolderIdentity = node } });
            Say(node, []);
        }

        Write();
    }

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Both_addresses_of_a_new_Service_are_on_one_node_under_one_epoch()
    {
        Assert.Equal(("a a", 101L), Elect());
        Assert.Equal(("a a", 101L), Elect());
    }

    [Fact]
    public void When_the_node_of_both_dies_their_successors_are_adopted_together_and_under_one_epoch()
    {
        Elect();
        Say("a", [V4, V6]);
        Say("b", [V4], term: 1, dead: "a");
        Say("c", [], dead: "a");

        // One settled, and the other taken over a second later: nothing is written yet.
        _time.Advance(TimeSpan.FromSeconds(1));
        Say("c", [V6], term: 1, dead: "a");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(("a a", 101L), Elect());
        Assert.Equal("a", _book.Of(V4)?.Node);

        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(("b c", 103L), Elect());
        Assert.Equal((_book.Of(V4)?.Epoch, _book.LoadOf("b"), _book.LoadOf("c"), _book.LoadOf("a")), (103, 1, 1, 0));
        Assert.Equal(("b c", 103L), Elect());
    }

    [Fact]
    public void An_address_that_is_added_while_the_node_of_the_first_is_dead_follows_that_one()
    {
        Assert.Equal(("a", 101L), Elect(V4));
        Say("a", [V4]);
        Say("b", [V4], term: 1, dead: "a");
        Say("c", [], dead: "a");
        _time.Advance(TimeSpan.FromSeconds(1));

        // A new epoch now would name the dead node for the first one, too, and its successor would have to give it back.
        Assert.Equal(("a a", 101L), Elect());
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(("b b", 103L), Elect());
    }

    [Fact]
    public void A_move_by_hand_that_an_election_was_written_too_late_for_is_followed()
    {
        Elect();
        Elect();
        Say("a", [], dead: "b");
        Say("b", [V4, V6], term: 1);
        Say("c", [], dead: "a");
        _time.Advance(TimeSpan.FromSeconds(2));

        // The manager adopts b; the server has another version of the Service by now: somebody wants it on c.
        _elections.Elect(_service, new Allocation([V4, V6]));
        Assert.Equal("b", _book.Of(V4)?.Node);
        _service.Metadata.Annotations[Annotations.Node] = "c";
        Write();
        Assert.Equal("c c", Elect().Nodes);
    }

    [Fact]
    public void An_election_that_was_not_written_yet_is_no_move_by_hand_back_to_the_former_node()
    {
        Elect();
        Elect();
        Say("b", [V4, V6], term: 1, dead: "a");
        Say("c", [], dead: "a");
        _time.Advance(TimeSpan.FromSeconds(2));
        _elections.Elect(_service, new Allocation([V4, V6]));
        Say("a", []);
        Say("b", [V4, V6], term: 1);
        Say("c", []);
        Write();
        Assert.Equal("b b", Elect().Nodes);
    }

    [Fact]
    public void Of_Services_that_share_an_address_and_have_other_LayerTwoConfigs_only_nodes_that_may_serve_all_are_elected()
    {
        var other = Sharing("ab", "api", "bc");
        Assert.Equal("b", Elect(V4).Nodes);
        Assert.Equal("b", Elect(other, V4).Nodes);
        Assert.Equal("b", Elect(V4).Nodes);
    }

    [Fact]
    public void Services_that_share_an_address_and_may_have_no_node_in_common_do_not_take_it_from_each_other_and_say_so()
    {
        var first = Elect(V4);
        var other = Sharing("a", "api", "b");
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(first, Elect(other, V4));
            Assert.Equal(first, Elect(V4));
        }

        var election = _elections.Elect(_service, new Allocation([V4])).Elections.Single();
        Assert.Equal(Verdict.Nobody, election.Decision.Verdict);
        Assert.Equal(
            "nodes b, c: does not match the nodeSelector of LayerTwoConfig for-web; "
            + "node a: cannot serve Service 'default/api', which shares the address: it does not match the nodeSelector of LayerTwoConfig for-api.",
            election.Obstacles);
    }

    [Fact]
    public void A_preferred_node_is_one_of_those_that_may_for_the_Services_that_are_meant_and_its_label_that_goes_moves_nothing()
    {
        Label("a", "b", "c");
        _service.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web" };
        _configs.All.Add(new V1Alpha2LayerTwoConfig
        {
            Metadata = { Name = "edge" },
            Spec = new() { ServiceSelector = Of("app", "web"), NodeSelector = Of("name", "a", "b"), PreferredNodes = [new() { Weight = 100, Selector = Of("name", "c") }, new() { Weight = 10, Selector = Of("disk", "b") }] },
        });
        Assert.Equal("b", Elect(V4).Nodes);

        var other = new ServiceView { Metadata = { Name = "api", NamespaceProperty = "default", Uid = "api", Annotations = new Dictionary<string, string>() } };
        Write(other);
        Assert.Equal("a", Elect(other, IPAddress.Parse("192.168.0.92")).Nodes);

        // A peer goes to the node that is preferred now, and back.
        Put(_nodes, new NodeView { Metadata = { Name = "b", Labels = new Dictionary<string, string> { ["name"] = "b" } } });
        Assert.Equal("b", Elect(V4).Nodes);
    }

    [Fact]
    public void A_Service_whose_labels_change_is_under_another_config_at_once_and_one_for_whom_no_node_may_is_nobodys_until_one_may_again()
    {
        Label("a", "b", "c");
        _configs.All.Add(new V1Alpha2LayerTwoConfig { Metadata = { Name = "web" }, Spec = new() { ServiceSelector = Of("app", "web"), NodeSelector = Of("name", "b") } });
        _configs.All.Add(new V1Alpha2LayerTwoConfig { Metadata = { Name = "db" }, Spec = new() { ServiceSelector = Of("app", "db"), NodeSelector = Of("name", "c") } });
        _service.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web" };
        Assert.Equal("b", Elect(V4).Nodes);
        _service.Metadata.Labels = new Dictionary<string, string> { ["app"] = "db" };
        Assert.Equal("c", Elect(V4).Nodes);

        Label("a", "b");
        Put(_nodes, new NodeView { Metadata = { Name = "c" } });
        var nobody = _elections.Elect(_service, new Allocation([V4])).Elections.Single();
        Assert.Equal((Verdict.Nobody, "nodes a, b, c: does not match the nodeSelector of LayerTwoConfig db."), (nobody.Decision.Verdict, nobody.Obstacles));
        Label("c");
        Assert.Equal("c", Elect(V4).Nodes);
    }

    [Fact]
    public void With_policy_Local_the_endpoints_of_all_slices_count_a_condition_that_is_not_said_is_ready_and_all_else_holds_too()
    {
        Label("a", "b", "c");
        _service.Spec.ExternalTrafficPolicy = "Local";
        Slices(new EndpointsViewEndpoint { NodeName = "a", Conditions = new() { Ready = false } }, new EndpointsViewEndpoint { NodeName = "b" });
        Assert.Equal("b", Elect(V4).Nodes);

        // On its way out, and the only one that answers still; the ready one is where no load balancer's traffic may go.
        var serving = new EndpointsViewEndpoint { NodeName = "a", Conditions = new() { Ready = false, Serving = true, Terminating = true } };
        Slices(serving, new EndpointsViewEndpoint { NodeName = "c" });
        Put(_nodes, new NodeView { Metadata = { Name = "c", Labels = new Dictionary<string, string> { [Annotations.ExcludeLabel] = "" } } });
        Assert.Equal("a", Elect(V4).Nodes);
    }

    private static LabelSelector Of(string key, params string[] values) => new() { MatchExpressions = [new() { Key = key, Operator = LabelSelectorOperator.In, Values = values }] };

    private void Label(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            Put(_nodes, new NodeView { Metadata = { Name = node, Labels = new Dictionary<string, string> { ["name"] = node, ["disk"] = node } } });
        }
    }

    // Each in a slice of its own, as a server has them.
    private void Slices(params EndpointsViewEndpoint[] endpoints)
    {
        _endpoints.All.Clear();
        _endpoints.All.AddRange(endpoints.Select(endpoint => EndpointsView.SliceV1.Transform!(new EndpointsView
        {
            Metadata = { NamespaceProperty = "default", Labels = new Dictionary<string, string> { [Annotations.ServiceNameLabel] = "web" } },
            Endpoints = [endpoint],
        })));
    }

    /// <summary>Our Service and another on one address, each with a LayerTwoConfig of its own that names the nodes.</summary>
    private ServiceView Sharing(string nodes, string otherName, string otherNodes)
    {
        _allocator.Put(new Pool { Name = "lan", Ranges = [AddressRange.Of(V4)] });
        var other = new ServiceView { Metadata = { Name = otherName, NamespaceProperty = "default", Uid = otherName, Annotations = new Dictionary<string, string>() } };
        foreach (var (service, allowed) in new[] { (_service, nodes), (other, otherNodes) })
        {
            service.Metadata.Labels = new Dictionary<string, string> { ["app"] = service.Metadata.Name };
            service.Spec = new() { Type = "LoadBalancer", IpFamilies = ["IPv4"], Ports = [new() { Protocol = "TCP", Port = _services.All.Count + 1 }], LoadBalancerIP = $"{V4}" };
            _services.All.Add(service);
            Assert.Equal([V4], _allocator.Assign(ServiceRequest.Of(service, null)).Addresses);
            _configs.All.Add(new V1Alpha2LayerTwoConfig
            {
                Metadata = { Name = $"for-{service.Metadata.Name}" },
                Spec = new()
                {
                    ServiceSelector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = service.Metadata.Name } },
                    NodeSelector = Of("name", [.. allowed.Select(letter => $"{letter}")]),
                },
            });
        }

        Label("a", "b", "c");
        Write(other);
        return other;
    }

    /// <summary>The nodes elected, in the order of the addresses, and their epoch; written to the Service, as the manager would.</summary>
    private (string Nodes, long? Epoch) Elect(params IPAddress[] addresses) => Elect(_service, addresses.Length > 0 ? addresses : [V4, V6]);

    private (string Nodes, long? Epoch) Elect(ServiceView service, params IPAddress[] addresses)
    {
        var (elections, epoch) = _elections.Elect(service, new Allocation([.. addresses]));
        service.Metadata.Annotations[Annotations.Node] = ElectionAnnotation.Node([.. elections.Select(election => (election.Address, election.Decision.Node))]);
        service.Metadata.Annotations[Annotations.Epoch] = $"{epoch}";
        Write(service);
        return (string.Join(' ', elections.Select(election => election.Decision.Node)), epoch);
    }

    private void Write() => Write(_service);

    private void Write(ServiceView service) => service.Metadata.ResourceVersion = $"{++_version}";

    private void Say(string node, IPAddress[] holds, int term = 0, string? dead = null)
    {
        var status = new V1Alpha2SpeakerStatus
        {
            Interfaces = [new() { Name = "eth0", Up = true, Subnets = ["192.168.0.0/24", "fd00::/64"] }],
            Announced = [.. holds.Select(address => new V1Alpha2AnnouncedRange { Addresses = $"{address}", Interface = "eth0", Epoch = 101, Term = term })],
            Peers = [.. new[] { "a", "b", "c" }.Where(peer => peer != node).Select(peer => new V1Alpha2SpeakerPeer { Node = peer, Interface = "eth0", Alive = peer != dead })],
        };
        Put(_speakers, new V1Alpha2Speaker { Metadata = { Name = node }, Status = status });
    }

    private Informer<TEntity> Informer<TEntity>(EntityType<TEntity> type)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        new(null!, type, new InformerOptions<TEntity>(), _time, new Random(1), NullLogger<Informer<TEntity>>.Instance);

    private static void Put<TEntity>(IReflectorTarget<TEntity> cache, TEntity entity)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => cache.Set(entity);
}
