using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>A Service, as far as PorterLB looks at it: every process holds all of the cluster's.</summary>
[KubernetesEntity(Group = "", ApiVersion = "v1", Kind = "Service", PluralName = "services")]
internal sealed class ServiceView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public static readonly EntityType<ServiceView> Type = new(
        new("Service", "v1", Plural: "services"), EntityScope.Namespaced, OperatorJsonContext.Default.ServiceView)
    {
        Transform = static service =>
        {
            service.Metadata.ManagedFields = null;

            // kubectl's copy of the whole manifest: as large as all the rest.
            service.Metadata.Annotations?.Remove("kubectl.kubernetes.io/last-applied-configuration");
            return service;
        },
    };

    public V1ObjectMeta Metadata { get; set; } = new();

    public ServiceViewSpec Spec { get; set; } = new();

    public ServiceViewStatus Status { get; set; } = new();
}

internal sealed record ServiceViewSpec
{
    public string? Type { get; set; }

    public string? LoadBalancerClass { get; set; }

    public string? LoadBalancerIP { get; set; }

    public string? ExternalTrafficPolicy { get; set; }

    public string? ClusterIP { get; set; }

    public IReadOnlyList<string>? ClusterIPs { get; set; }

    public IReadOnlyList<string>? IpFamilies { get; set; }

    public string? IpFamilyPolicy { get; set; }

    public IReadOnlyDictionary<string, string>? Selector { get; set; }

    public IReadOnlyList<ServiceViewPort>? Ports { get; set; }
}

internal sealed record ServiceViewPort
{
    public string? Protocol { get; set; }

    public int Port { get; set; }
}

internal sealed record ServiceViewStatus
{
    public ServiceViewLoadBalancer? LoadBalancer { get; set; }

    public IReadOnlyList<Condition>? Conditions { get; set; }
}

internal sealed record ServiceViewLoadBalancer
{
    public IReadOnlyList<ServiceViewIngress>? Ingress { get; set; }
}

internal sealed record ServiceViewIngress
{
    public string? Ip { get; set; }

    public string? Hostname { get; set; }

    public string? IpMode { get; set; }
}
