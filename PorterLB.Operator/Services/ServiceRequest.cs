using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Services;

/// <summary>A Service read as a request for addresses.</summary>
internal static class ServiceRequest
{
    public static AddressRequest Of(ServiceView service, IEnumerable<KeyValuePair<string, string>>? namespaceLabels)
    {
        var annotations = service.Metadata.Annotations;
        var key = EntityKey.Of(service);
        var requested = Requested(service, key, out var invalid);
        var inStatus = AddressesOf(service);
        return new AddressRequest
        {
            Service = key,
            Uid = service.Metadata.Uid ?? "",
            Families = FamiliesOf(service),
            FamilyPolicy = Enum.TryParse<FamilyPolicy>(service.Spec.IpFamilyPolicy, out var policy) ? policy : FamilyPolicy.SingleStack,
            Pool = First(annotations, Annotations.Eip, Annotations.EipOfPorter),
            PoolAnnotation = First(annotations, Annotations.Eip) is null && First(annotations, Annotations.EipOfPorter) is not null ? Annotations.EipOfPorter : Annotations.Eip,
            Requested = requested,
            Invalid = invalid,
            InStatus = inStatus,
            Origins = OriginsOf(service, inStatus),
            NamespaceLabels = (namespaceLabels ?? []).ToImmutableDictionary(),
            ServiceLabels = (service.Metadata.Labels ?? ImmutableDictionary<string, string>.Empty).ToImmutableDictionary(),
            Sharing = new Sharing
            {
                Key = First(annotations, Annotations.SharingKey),
                Namespaces = [.. (First(annotations, Annotations.SharingNamespaces) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
                Ports = [.. (service.Spec.Ports ?? []).Select(port => new ServicePort(port.Protocol ?? "TCP", port.Port))],
                LocalTraffic = service.Spec.ExternalTrafficPolicy == "Local",
                Selector = string.Join(',', (service.Spec.Selector ?? ImmutableDictionary<string, string>.Empty).Select(label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal)),
                GivenByOpenElb = OpenElbMarks.AreOn(service),
            },
        };
    }

    /// <summary>The addresses in the status.</summary>
    public static ImmutableArray<IPAddress> AddressesOf(ServiceView service) =>
    [
        .. (service.Status.LoadBalancer?.Ingress ?? [])
            .Select(ingress => ingress.Ip is { } ip && AddressText.TryParse(ip, out var address, out _) ? address : null)
            .OfType<IPAddress>(),
    ];

    /// <summary>Whether the status says just these addresses: no host name beside them, and each one's traffic is for the node itself.</summary>
    public static bool Says(ServiceView service, ImmutableArray<IPAddress> addresses) =>
        AddressesOf(service).SequenceEqual(addresses)
        && (service.Status.LoadBalancer?.Ingress ?? []) is var ingress && ingress.Count == addresses.Length && ingress.All(item => item.IpMode is null or "VIP");

    private static ImmutableDictionary<IPAddress, string> OriginsOf(ServiceView service, ImmutableArray<IPAddress> addresses)
    {
        var origins = First(service.Metadata.Annotations, Annotations.Origin)?.Split(',')
            ?? (OpenElbMarks.EipOf(service) is { } eip ? Enumerable.Repeat(eip, addresses.Length).ToArray() : []);
        return origins.Length == addresses.Length
            ? addresses.Zip(origins).Where(pair => pair.Second.Length > 0).DistinctBy(pair => pair.First).ToImmutableDictionary(pair => pair.First, pair => pair.Second)
            : ImmutableDictionary<IPAddress, string>.Empty;
    }

    private static ImmutableArray<IpFamily> FamiliesOf(ServiceView service)
    {
        var families = (service.Spec.IpFamilies ?? [])
            .Select(family => Enum.TryParse<IpFamily>(family, out var parsed) ? parsed : (IpFamily?)null).OfType<IpFamily>().Distinct().ToImmutableArray();
        if (!families.IsEmpty)
        {
            return families;
        }

        // Servers without dual stack leave the families out: the cluster's own address tells.
        var own = (service.Spec.ClusterIPs ?? []).Append(service.Spec.ClusterIP)
            .Select(ip => IPAddress.TryParse(ip, out var address) ? address.Family() : (IpFamily?)null).OfType<IpFamily>().Distinct().ToImmutableArray();
        return own.IsEmpty ? [IpFamily.IPv4] : own;
    }

    private static ImmutableArray<IPAddress> Requested(ServiceView service, EntityKey key, out Refusal? invalid)
    {
        invalid = null;
        var (text, where) = First(service.Metadata.Annotations, Annotations.Address) is { } annotation ? (annotation, $"the annotation {Annotations.Address}")
            : First(service.Metadata.Annotations, Annotations.AddressOfPorter) is { } porters ? (porters, $"the annotation {Annotations.AddressOfPorter}")
            : (service.Spec.LoadBalancerIP, "spec.loadBalancerIP");
        var addresses = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!AddressText.TryParse(part, out var address, out var problem))
            {
                invalid = new Refusal(RefusalReason.RequestInvalid, $"Service '{key}' asks for an address in {where} that cannot be read: {problem}.{Instead(part, where)}");
                return [];
            }

            if (addresses.Any(other => other.Family() == address.Family()))
            {
                invalid = new Refusal(
                    RefusalReason.RequestInvalid,
                    $"Service '{key}' asks for two {address.Family()} addresses in {where}: '{text}'. Ask for at most one of each family.");
                return [];
            }

            addresses.Add(address);
        }

        return addresses.ToImmutable();
    }

    // The two annotations differ by one digit.
    private static string Instead(string part, string where) => part.AsSpan().ContainsAny('.', ':') ? ""
        : $" An Eip is named in the annotation {(where.EndsWith(Annotations.AddressOfPorter, StringComparison.Ordinal) ? Annotations.EipOfPorter : Annotations.Eip)}.";

    private static string? First(IDictionary<string, string>? annotations, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (annotations is not null && annotations.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value))
            {
                return value.Trim();
            }
        }

        return null;
    }
}
