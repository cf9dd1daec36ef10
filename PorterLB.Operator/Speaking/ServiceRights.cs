using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>What the rights of a Service are made from, beside the Service.</summary>
internal sealed record RightsSource
{
    public required IReadOnlyCollection<V1Alpha2Eip> Eips { get; init; }

    public required IReadOnlyCollection<V1Alpha2LayerTwoConfig> Configs { get; init; }

    /// <summary>In ordinal order.</summary>
    public required ImmutableArray<NodeView> Nodes { get; init; }

    /// <summary>Where a Service has endpoints.</summary>
    public required Func<EntityKey, IEnumerable<EndpointPlace>> Places { get; init; }

    public bool IgnoreExcludeLabel { get; init; }
}

/// <summary>The last election of a Service that could be believed.</summary>
/// <param name="Uid">Of which Service.</param>
/// <param name="Nodes">By address.</param>
/// <param name="Epoch">Its epoch.</param>
internal sealed record KnownElection(string Uid, ImmutableDictionary<IPAddress, string> Nodes, long Epoch);

/// <summary>
/// The rights that one Service gives. Pure. Who may edit a Service may also write or remove our annotations: what cannot be true counts as
/// absent, and what was known before stands until the manager has put it right.
/// </summary>
/// <param name="Addresses">By address.</param>
/// <param name="Known">To be remembered for the next time.</param>
/// <param name="Forged">Whether the annotations say what no manager wrote.</param>
internal sealed record ServiceRights(ImmutableArray<AddressRights> Addresses, KnownElection? Known, bool Forged)
{
    public static ServiceRights None { get; } = new([], null, Forged: false);

    public static ServiceRights Of(ServiceView service, RightsSource source, KnownElection? known)
    {
        var addresses = ServiceRequest.AddressesOf(service);
        if (service.Spec.Type != "LoadBalancer" || service.Metadata.DeletionTimestamp is not null || addresses.IsEmpty)
        {
            return None;
        }

        // A version below what is remembered: etcd was restored, and what is remembered belongs to a future that never was.
        if (known is not null && (known.Uid != service.Metadata.Uid
            || (long.TryParse(service.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version < known.Epoch)))
        {
            known = null;
        }

        var (nodes, epoch) = ElectionAnnotation.Read(service, addresses);
        var forged = epoch is null && service.Metadata.Annotations?.ContainsKey(Annotations.Epoch) == true;
        if (epoch is null && known is null)
        {
            // Never elected, or not ours: a Service that somebody else's load balancer gave its address.
            return None with { Forged = forged };
        }

        var rights = ImmutableArray.CreateBuilder<AddressRights>(addresses.Length);
        var believed = ImmutableDictionary.CreateBuilder<IPAddress, string>();
        var highest = Math.Max(epoch ?? 0, known?.Epoch ?? 0);
        foreach (var address in addresses)
        {
            var eip = source.Eips.FirstOrDefault(eip => EipPools.Holds(eip, address)) ?? source.Eips.FirstOrDefault(eip => eip.Metadata.Name == OriginOf(service));
            var policy = LayerTwoPolicy.For(eip, service.Metadata.Labels, source.Configs);
            var eligible = Eligible(service, policy, source);
            var before = known?.Nodes.GetValueOrDefault(address);
            var elected = epoch is null ? before : nodes.GetValueOrDefault(address);
            if (epoch is not null && elected is not null && !eligible.Contains(elected, StringComparer.Ordinal)
                && before is not null && before != elected && eligible.Contains(before, StringComparer.Ordinal))
            {
                forged = true;
                elected = before;
            }

            if (elected is not null)
            {
                believed[address] = elected;
            }

            rights.Add(new AddressRights
            {
                Address = address,
                Epoch = highest,
                Elected = elected is not null && eligible.Contains(elected, StringComparer.Ordinal) ? elected : null,
                Eligible = eligible,
                Interfaces = RightsInterfaces.Of(policy, eip),
                Policy = policy.Announcement,
            });
        }

        return new ServiceRights(rights.ToImmutable(), new KnownElection(service.Metadata.Uid, believed.ToImmutable(), highest), forged);
    }

    /// <summary>
    /// Of Services that share an address the highest epoch counts; only nodes that may serve all of them may hold it.
    /// </summary>
    public static AddressRights Combine(IReadOnlyList<AddressRights> shared)
    {
        var first = shared.MaxBy(rights => rights.Epoch)!;
        if (shared.Count == 1)
        {
            return first;
        }

        var common = first.Eligible.Where(node => shared.All(rights => rights.Eligible.Contains(node, StringComparer.Ordinal))).ToImmutableArray();
        return first with
        {
            Eligible = common,
            Elected = first.Elected is { } elected && common.Contains(elected, StringComparer.Ordinal) ? elected : null,
        };
    }

    /// <summary>Whether two say the same: arrays in them are compared by what they hold.</summary>
    public static bool Same(AddressRights one, AddressRights other) =>
        one.Epoch == other.Epoch && one.Elected == other.Elected && one.Policy == other.Policy
        && (one.Eligible == other.Eligible || one.Eligible.SequenceEqual(other.Eligible, StringComparer.Ordinal))
        && (one.Interfaces == other.Interfaces || one.Interfaces.SequenceEqual(other.Interfaces, StringComparer.Ordinal));

    private static string? OriginOf(ServiceView service) =>
        service.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotations.Origin, out var origin) ? origin.Split(',')[0] : null;

    private static ImmutableArray<string> Eligible(ServiceView service, LayerTwoPolicy policy, RightsSource source)
    {
        var nodes = source.Nodes.Where(node => Eligibility.RuledOut(node, policy, source.IgnoreExcludeLabel) is null);
        if (service.Spec.ExternalTrafficPolicy == "Local")
        {
            nodes = Eligibility.WithEndpoint([.. source.Places(EntityKey.Of(service))], [.. nodes]);
        }

        return [.. nodes.Select(node => node.Name)];
    }
}
