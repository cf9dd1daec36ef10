using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>A Node without its heartbeats: what decides where addresses may live.</summary>
internal sealed class NodeView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<NodeView> Type = new(
        new("Node", "v1", Plural: "nodes"), EntityScope.Cluster, OperatorJsonContext.Default.NodeView)
    {
        Transform = static node =>
        {
            node.Metadata.ManagedFields = null;
            node.Metadata.Annotations = null;
            node.Status.Conditions = [.. (node.Status.Conditions ?? []).Where(condition => condition.Type == Annotations.NetworkUnavailableCondition)];
            return node;
        },
    };

    public V1ObjectMeta Metadata { get; set; } = new();

    public NodeViewSpec Spec { get; set; } = new();

    public NodeViewStatus Status { get; set; } = new();

    public string Name => Metadata.Name;

    /// <summary>Whether nothing changed that an election looks at: a kubelet's heartbeat must not wake every Service.</summary>
    public bool IsSameFor(NodeView other) =>
        LabelSets.Same(Metadata.Labels, other.Metadata.Labels)
        && (Spec.Taints ?? []).SequenceEqual(other.Spec.Taints ?? [])
        && (Status.Addresses ?? []).SequenceEqual(other.Status.Addresses ?? [])
        && NetworkUnavailable == other.NetworkUnavailable;

    public bool NetworkUnavailable =>
        (Status.Conditions ?? []).Any(condition => condition is { Type: Annotations.NetworkUnavailableCondition, Status: "True" });
}

internal sealed record NodeViewSpec
{
    public IReadOnlyList<NodeViewTaint>? Taints { get; set; }
}

internal sealed record NodeViewTaint
{
    public string Key { get; set; } = "";

    public string? Effect { get; set; }
}

internal sealed record NodeViewStatus
{
    public IReadOnlyList<NodeViewCondition>? Conditions { get; set; }

    public IReadOnlyList<NodeViewAddress>? Addresses { get; set; }
}

internal sealed record NodeViewAddress
{
    public string Address { get; set; } = "";
}

internal sealed record NodeViewCondition
{
    public string Type { get; set; } = "";

    public string Status { get; set; } = "";
}
