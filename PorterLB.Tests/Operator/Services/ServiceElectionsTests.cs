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
    private readonly ServiceView _service = new() { Metadata = { Name = "web", NamespaceProperty = "default", Uid = "u", Annotations = new Dictionary<string, string>() } };
    private int _version = 100;

    public ServiceElectionsTests()
    {
        (_nodes, _speakers, _leases) = (Informer(NodeView.Type), Informer(V1Alpha2Speaker.Type), Informer(LeaseView.Type));
        var announcements = new Announcements(_time);
        _cluster = new ClusterState(_nodes, _speakers, _leases, new SpeakerLives(_time), announcements);
        _elections = new ServiceElections(
            new ManagerSettings(ManagerSettings.DefaultClass, false, false), _cluster, announcements, _book,
            new Cached<V1Alpha2Eip>(), new Cached<V1Alpha2LayerTwoConfig>(), new Cached<EndpointsView>(), _time);
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

    /// <summary>The nodes elected, in the order of the addresses, and their epoch; written to the Service, as the manager would.</summary>
    private (string Nodes, long? Epoch) Elect(params IPAddress[] addresses)
    {
        addresses = addresses.Length > 0 ? addresses : [V4, V6];
        var (elections, epoch) = _elections.Elect(_service, new Allocation([.. addresses]));
        _service.Metadata.Annotations[Annotations.Node] = ElectionAnnotation.Node([.. elections.Select(election => (election.Address, election.Decision.Node))]);
        _service.Metadata.Annotations[Annotations.Epoch] = $"{epoch}";
        Write();
        return (string.Join(' ', elections.Select(election => election.Decision.Node)), epoch);
    }

    private void Write() => _service.Metadata.ResourceVersion = $"{++_version}";

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
