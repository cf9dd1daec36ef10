using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>What the rules look at beside the object itself. Null is "not known" (a file is checked without a cluster), and no rule speaks of it.</summary>
internal sealed record Surroundings
{
    public IReadOnlyCollection<V1Alpha2Eip> Eips { get; init; } = [];

    public IReadOnlyCollection<V1Alpha2LayerTwoConfig> Configs { get; init; } = [];

    /// <summary>Only asked for when a Service asks for an address, or an Eip is edited or deleted: there may be many.</summary>
    public IEnumerable<ServiceView> Services { get; init; } = [];

    public IReadOnlyCollection<NamespaceView>? Namespaces { get; init; }

    public IReadOnlyCollection<NodeView>? Nodes { get; init; }

    public IReadOnlyCollection<V1Alpha2Speaker>? Speakers { get; init; }

    /// <summary>The interfaces of all nodes, by name and each once; empty where they are not known. The loopback is nobody's to name.</summary>
    public string[] InterfaceNames =>
    [
        .. (Speakers ?? []).SelectMany(speaker => speaker.Status.Interfaces).Select(item => item.Name).Where(name => name != "lo")
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>Whether <see cref="Eips"/> are all there are; a file may hold a part only.</summary>
    public bool IsWhole { get; init; } = true;
}
