using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Access;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Overview;

/// <summary>Everything that PorterLB looks at, read once: for the commands that tell a user what is going on.</summary>
internal sealed class ClusterPicture
{
    // Of the lease's holder: a clock of another machine is compared with ours, so this is generous.
    private static readonly TimeSpan Alive = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _time;
    private readonly Announcements _announcements;
    private readonly ImmutableDictionary<string, Presence> _presence;

    /// <param name="time">Tells how long ago something was.</param>
    /// <param name="speakers">All Speaker objects.</param>
    /// <param name="leases">The leases of PorterLB's namespace.</param>
    public ClusterPicture(TimeProvider time, IReadOnlyList<V1Alpha2Speaker> speakers, IReadOnlyList<LeaseView> leases)
    {
        _time = time;
        Now = time.GetUtcNow();
        Speakers = speakers;
        _announcements = new Announcements(time) { IsPresent = node => PresenceOf(node) == Presence.Present };
        var lives = new SpeakerLives(time);
        foreach (var lease in leases.Where(lease => IsFresh(lease, Now)))
        {
            lives.Saw(null, lease);
        }

        _presence = lives.Judge(speakers);
        foreach (var speaker in speakers)
        {
            _announcements.Saw(speaker.Metadata.Name, speaker);
        }

        Leader = leases.FirstOrDefault(lease => lease.Metadata.Name == Names.Manager && IsFresh(lease, Now))?.Spec.HolderIdentity;
    }

    public DateTimeOffset Now { get; }

    public IReadOnlyList<V1Alpha2Speaker> Speakers { get; }

    public IReadOnlyList<ServiceView> Services { get; init; } = [];

    public IReadOnlyList<V1Alpha2Eip> Eips { get; init; } = [];

    public IReadOnlyList<V1Alpha2LayerTwoConfig> Configs { get; init; } = [];

    public IReadOnlyList<NodeView> Nodes { get; init; } = [];

    public IReadOnlyList<NamespaceView> Namespaces { get; init; } = [];

    /// <summary>The manager that leads, or null when none does.</summary>
    public string? Leader { get; }

    /// <summary>Which Services are ours.</summary>
    public Ownership Ownership { get; init; } = new(ManagerSettings.DefaultClass, IsDefault: false);

    public static async Task<ClusterPicture> ReadAsync(
        IKubernetesClient client, Ownership ownership, string @namespace, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var eips = client.ListAsync(V1Alpha2Eip.Type, cancellationToken: cancellationToken);
            var configs = client.ListAsync(V1Alpha2LayerTwoConfig.Type, cancellationToken: cancellationToken);
            var speakers = client.ListAsync(V1Alpha2Speaker.Type, cancellationToken: cancellationToken);
            var services = client.ListAsync(ServiceView.Type, cancellationToken: cancellationToken);
            var nodes = client.ListAsync(NodeView.Type, cancellationToken: cancellationToken);
            var namespaces = client.ListAsync(NamespaceView.Type, cancellationToken: cancellationToken);
            var leases = client.ListAsync(LeaseView.Type, new ListOptions { Namespace = @namespace }, cancellationToken);
            await Task.WhenAll(eips, configs, speakers, services, nodes, namespaces, leases);
            return new ClusterPicture(time, [.. (await speakers).Items], [.. (await leases).Items])
            {
                Eips = [.. (await eips).Items],
                Configs = [.. (await configs).Items],
                Services = [.. (await services).Items],
                Nodes = [.. (await nodes).Items],
                Namespaces = [.. (await namespaces).Items],
                Ownership = ownership,
            };
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            throw new OperatorException("PorterLB is not installed in this cluster: its kinds are unknown. Install it with kubectl apply -k config/default.", exception);
        }
    }

    /// <summary>Whether PorterLB serves it, or has served it and is to take its marks off.</summary>
    public bool Concerns(ServiceView service) => Ownership.Owns(service) || Ownership.IsMarked(service);

    public Presence PresenceOf(string node) => _presence.GetValueOrDefault(node);

    /// <summary>What the living speakers say about an address.</summary>
    public ImmutableArray<Announcement> AnnouncementsOf(IPAddress address) => _announcements.Of(address);

    public V1Alpha2Eip? EipOf(IPAddress address) => Eips.FirstOrDefault(eip => EipPools.Holds(eip, address));

    public AddressRequest RequestOf(ServiceView service) => ServiceRequest.Of(
        service, Namespaces.FirstOrDefault(item => item.Metadata.Name == service.Metadata.NamespaceProperty)?.Metadata.Labels);

    /// <summary>What the manager would decide for a Service, all others having what their status says.</summary>
    public Allocation Decide(ServiceView service)
    {
        var allocator = new Allocator(_time, address => !AnnouncementsOf(address).IsEmpty);
        foreach (var pool in EipPools.Of(Eips))
        {
            allocator.Put(pool);
        }

        allocator.Adopt(Services.Where(other => Ownership.Owns(other)).OrderBy(other => other.Metadata.ResourceVersion?.Length).ThenBy(other => other.Metadata.ResourceVersion, StringComparer.Ordinal).Select(RequestOf));
        return allocator.Assign(RequestOf(service));
    }

    /// <summary>Why a node may not answer for an address of a Service; null if it may.</summary>
    public string? ObstacleOf(NodeView node, ServiceView service, IPAddress address, IReadOnlyCollection<EndpointPlace> endpoints)
    {
        var eip = EipOf(address);
        var policy = LayerTwo.LayerTwoPolicy.For(eip, service.Metadata.Labels, Configs);
        var facts = new NodeFacts
        {
            Node = node,
            Presence = PresenceOf(node.Name),
            Interfaces = Speakers.FirstOrDefault(speaker => speaker.Metadata.Name == node.Name) is { } speaker ? NodeFacts.InterfacesOf(speaker) : [],
        };
        return Eligibility.RuledOut(node, policy, ignoreExcludeLabel: false)
            ?? (service.Spec.ExternalTrafficPolicy == "Local" && !Eligibility.WithEndpoint(endpoints, Nodes).Contains(node) ? "has no endpoint of the Service (externalTrafficPolicy Local)" : null)
            ?? SharersObstacle(node, service, address, eip)
            ?? Eligibility.Unable(facts, address, LayerTwo.RightsInterfaces.Of(policy, eip));
    }

    private string? SharersObstacle(NodeView node, ServiceView service, IPAddress address, V1Alpha2Eip? eip) => Services
        .Where(other => other != service && Ownership.Owns(other) && ServiceRequest.AddressesOf(other).Contains(address))
        .Select(other => Eligibility.RuledOut(node, LayerTwo.LayerTwoPolicy.For(eip, other.Metadata.Labels, Configs), ignoreExcludeLabel: false) is { } why
            ? Eligibility.OfSharing(EntityKey.Of(other), why)
            : null)
        .FirstOrDefault(why => why is not null);

    private static bool IsFresh(LeaseView lease, DateTimeOffset now) =>
        !string.IsNullOrEmpty(lease.Spec.HolderIdentity)
        && DateTimeOffset.TryParse(lease.Spec.RenewTime, System.Globalization.CultureInfo.InvariantCulture, out var renewed)
        && (now - renewed).Duration() < Alive;
}
