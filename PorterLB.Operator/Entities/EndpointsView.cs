using k8s;
using k8s.Models;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>
/// On which nodes a Service has endpoints: an EndpointSlice of either version, or core Endpoints, whichever the server has. All three
/// are read by the one type, and reduced to <see cref="Places"/> before they are stored.
/// </summary>
internal sealed class EndpointsView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<EndpointsView> SliceV1 = Of("EndpointSlice", "v1", "discovery.k8s.io", "endpointslices");
    public static readonly EntityType<EndpointsView> SliceV1Beta1 = Of("EndpointSlice", "v1beta1", "discovery.k8s.io", "endpointslices");
    public static readonly EntityType<EndpointsView> Core = Of("Endpoints", "v1", null, "endpoints");

    /// <summary>The index by <see cref="Service"/>.</summary>
    public const string ByService = "service";

    /// <summary>An informer of <see cref="SliceV1"/> that takes what the server has, and finds endpoints by their Service.</summary>
    public static void Configure(InformerOptions<EndpointsView> options)
    {
        options.AlsoServedAs.Add(SliceV1Beta1);
        options.AlsoServedAs.Add(Core);
        options.AddIndex(ByService, view => view.Service is { } service ? [$"{service}"] : []);
    }

    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Of a slice; empty once it is stored.</summary>
    public IReadOnlyList<EndpointsViewEndpoint>? Endpoints { get; set; }

    /// <summary>Of core Endpoints; empty once it is stored.</summary>
    public IReadOnlyList<EndpointsViewSubset>? Subsets { get; set; }

    /// <summary>Where the endpoints are, each place once.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<EndpointPlace> Places { get; set; } = [];

    /// <summary>Whose endpoints these are, or null for a slice of nobody's.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public EntityKey? Service { get; set; }

    public bool IsSameFor(EndpointsView other) => Service == other.Service && Places.SequenceEqual(other.Places);

    private static EntityType<EndpointsView> Of(string kind, string version, string? group, string plural) =>
        new(new(kind, version, group, plural), EntityScope.Namespaced, OperatorJsonContext.Default.EndpointsView) { Transform = Reduce };

    private static EndpointsView Reduce(EndpointsView view)
    {
        var labels = view.Metadata.Labels;
        view.Service = labels is not null && labels.TryGetValue(Annotations.ServiceNameLabel, out var service)
            ? new EntityKey(view.Metadata.NamespaceProperty, service)
            : view.Subsets is not null ? EntityKey.Of(view) : null;
        view.Places =
        [
            .. (view.Endpoints ?? []).Select(EndpointPlace.Of)
                .Concat((view.Subsets ?? []).SelectMany(subset => (subset.Addresses ?? []).Select(address => new EndpointPlace(address.NodeName, null, Ready: true, Serving: true))))
                .Concat((view.Subsets ?? []).SelectMany(subset => (subset.NotReadyAddresses ?? []).Select(address => new EndpointPlace(address.NodeName, null, Ready: false, Serving: false))))
                .Where(place => place.Ready || place.Serving)
                .Distinct(),
        ];
        view.Endpoints = null;
        view.Subsets = null;
        view.Metadata.ManagedFields = null;
        view.Metadata.Annotations = null;
        return view;
    }
}

/// <summary>A place where traffic of a Service can be taken.</summary>
/// <param name="NodeName">The node, or null.</param>
/// <param name="Hostname">The node's hostname label, where a v1beta1 slice names its node by it alone.</param>
/// <param name="Ready">Takes new traffic.</param>
/// <param name="Serving">Answers, though it may be on its way out.</param>
internal readonly record struct EndpointPlace(string? NodeName, string? Hostname, bool Ready, bool Serving)
{
    // "ready" absent means true; "serving" absent (older servers) means as ready.
    public static EndpointPlace Of(EndpointsViewEndpoint endpoint)
    {
        var ready = endpoint.Conditions?.Ready ?? true;
        return new EndpointPlace(
            endpoint.NodeName,
            endpoint.NodeName is null ? endpoint.Topology?.GetValueOrDefault(Annotations.HostnameLabel) : null,
            ready,
            endpoint.Conditions?.Serving ?? ready);
    }

    public bool IsOn(NodeView node) =>
        NodeName is not null ? NodeName == node.Name
        : Hostname is not null && (node.Metadata.Labels?.TryGetValue(Annotations.HostnameLabel, out var name) == true ? name == Hostname : node.Name == Hostname);
}

internal sealed record EndpointsViewEndpoint
{
    public string? NodeName { get; set; }

    public EndpointsViewConditions? Conditions { get; set; }

    public IReadOnlyDictionary<string, string>? Topology { get; set; }
}

internal sealed record EndpointsViewConditions
{
    public bool? Ready { get; set; }

    public bool? Serving { get; set; }

    public bool? Terminating { get; set; }
}

internal sealed record EndpointsViewSubset
{
    public IReadOnlyList<EndpointsViewAddress>? Addresses { get; set; }

    public IReadOnlyList<EndpointsViewAddress>? NotReadyAddresses { get; set; }
}

internal sealed record EndpointsViewAddress
{
    public string? NodeName { get; set; }
}
