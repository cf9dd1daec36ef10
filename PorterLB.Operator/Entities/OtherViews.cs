using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>A Namespace: its labels, and its UID.</summary>
internal sealed class NamespaceView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<NamespaceView> Type = new(
        new("Namespace", "v1", Plural: "namespaces"), EntityScope.Cluster, OperatorJsonContext.Default.NamespaceView)
    {
        Transform = static @namespace =>
        {
            @namespace.Metadata.ManagedFields = null;
            @namespace.Metadata.Annotations = null;
            return @namespace;
        },
    };

    public V1ObjectMeta Metadata { get; set; } = new();
}

/// <summary>A speaker's Lease: a sign of life. Its times are another machine's clock and are never compared.</summary>
internal sealed class LeaseView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<LeaseView> Type = new(
        new("Lease", "v1", "coordination.k8s.io", "leases"), EntityScope.Namespaced, OperatorJsonContext.Default.LeaseView)
    {
        Transform = static lease =>
        {
            lease.Metadata.ManagedFields = null;
            return lease;
        },
    };

    public V1ObjectMeta Metadata { get; set; } = new();

    public LeaseViewSpec Spec { get; set; } = new();
}

internal sealed record LeaseViewSpec
{
    public string? HolderIdentity { get; set; }

    public int? LeaseDurationSeconds { get; set; }

    public string? AcquireTime { get; set; }

    public string? RenewTime { get; set; }
}

/// <summary>A Secret.</summary>
internal sealed class SecretView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<SecretView> Type = new(
        new("Secret", "v1", Plural: "secrets"), EntityScope.Namespaced, OperatorJsonContext.Default.SecretView);

    public V1ObjectMeta Metadata { get; set; } = new();

    public IReadOnlyDictionary<string, byte[]>? Data { get; set; }
}
