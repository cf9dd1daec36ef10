using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Validation;

/// <summary>
/// What a Service asks for and will not get, told before it is stored. Warnings only: pools and other Services may change any moment, and
/// a Service must never be kept from being applied by us. The words are those of the Event that it would be told by.
/// </summary>
internal static class ServiceRules
{
    private static readonly string[] OurNames = ["porterlb", "openelb", "porter"];

    // Said only by somebody who wants an address from us.
    private static readonly string[] Wishes =
        [Annotations.Eip, Annotations.EipOfPorter, Annotations.Address, Annotations.AddressOfPorter, Annotations.SharingKey, Annotations.SharingNamespaces];

    /// <param name="service">The Service.</param>
    /// <param name="isNew">Whether it is not stored yet: one that changes its type on purpose is not told so.</param>
    /// <param name="ownership">Which Services are ours.</param>
    /// <param name="around">What else there is.</param>
    public static IEnumerable<Finding> Check(ServiceView service, bool isNew, Ownership ownership, Surroundings around)
    {
        if (service.Metadata.DeletionTimestamp is not null)
        {
            return [];
        }

        if (service.Spec.Type != "LoadBalancer")
        {
            return isNew ? OfOtherType(service) : [];
        }

        if (!ownership.Owns(service))
        {
            return NotOurs(service, ownership);
        }

        var request = RequestOf(service, around);
        var pools = EipPools.Of(around.Eips);
        var others = request.Requested.IsEmpty ? [] : around.Services.Where(ownership.Owns).Select(other => RequestOf(other, around));
        return Contradictions(service).Concat(around.IsWhole || !pools.IsEmpty ? Check(request, pools, others) : OfRequest(request));
    }

    /// <summary>An address that it shares and that this edit takes from it: others have it, and stay.</summary>
    public static IEnumerable<Finding> Lost(ServiceView old, ServiceView now, Ownership ownership, Surroundings around)
    {
        if (!ownership.Owns(now) || !ownership.Owns(old) || now.Metadata.DeletionTimestamp is not null)
        {
            yield break;
        }

        var (before, request) = (RequestOf(old, around), RequestOf(now, around));
        if (before.Sharing.Equals(request.Sharing) && before.Requested.SequenceEqual(request.Requested))
        {
            yield break;
        }

        // Who asks for an address is told about that one already.
        foreach (var address in request.InStatus.Where(address => request.Requested.All(wanted => wanted.Family() != address.Family())))
        {
            var lost = around.Services
                .Where(other => ownership.Owns(other) && EntityKey.Of(other) != request.Service && ServiceRequest.AddressesOf(other).Contains(address))
                .Select(other => RequestOf(other, around))
                .Where(other => Sharing.Obstacle(address, before, other) is null)
                .Select(other => Sharing.Obstacle(address, request, other))
                .FirstOrDefault(obstacle => obstacle is not null);
            if (lost is not null)
            {
                yield return new Finding(Rules.ServiceAddressInUse, "", RefusalText.GivesUp(request, address, lost).Message);
            }
        }
    }

    /// <param name="request">What it asks for.</param>
    /// <param name="pools">All pools.</param>
    /// <param name="others">What other Services of ours ask for and have.</param>
    public static IEnumerable<Finding> Check(AddressRequest request, IReadOnlyCollection<Pool> pools, IEnumerable<AddressRequest> others) =>
        request.Invalid is not null ? OfRequest(request).Concat(OfName(request, pools))
        : !request.Requested.IsEmpty ? request.Requested.SelectMany(address => OfAddress(request, address, pools, others))
        : request.Pool is null && !request.InStatus.IsEmpty ? []
        : OfPool(request, pools);

    private static AddressRequest RequestOf(ServiceView service, Surroundings around) => ServiceRequest.Of(
        service, around.Namespaces?.FirstOrDefault(item => item.Metadata.Name == (service.Metadata.NamespaceProperty ?? "default"))?.Metadata.Labels);

    private static IEnumerable<Finding> OfOtherType(ServiceView service)
    {
        if (service.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotations.LoadBalancer, out var value) && OurNames.Contains(value, StringComparer.Ordinal))
        {
            yield return new Finding(
                Rules.ServiceType,
                "spec.type",
                $"is '{service.Spec.Type ?? "ClusterIP"}', and only a Service of type LoadBalancer gets an address. "
                + $"Set spec.type to LoadBalancer, or remove the annotation {Annotations.LoadBalancer}.");
        }
    }

    private static IEnumerable<Finding> NotOurs(ServiceView service, Ownership ownership)
    {
        var annotations = service.Metadata.Annotations ?? ImmutableDictionary<string, string>.Empty;
        var field = $"metadata.annotations[{Annotations.LoadBalancer}]";
        if (!annotations.TryGetValue(Annotations.LoadBalancer, out var value))
        {
            if (service.Metadata.Labels is { } labels && labels.TryGetValue(Annotations.LoadBalancer, out var label))
            {
                yield return new Finding(
                    Rules.ServiceNotAsked,
                    $"metadata.labels[{Annotations.LoadBalancer}]",
                    $"'{label}' does not count as a label: the Service does not ask for PorterLB. Write it below metadata.annotations.");
            }
            else if (string.IsNullOrEmpty(service.Spec.LoadBalancerClass) && Wishes.FirstOrDefault(annotations.ContainsKey) is { } wish)
            {
                yield return new Finding(
                    Rules.ServiceNotAsked,
                    $"metadata.annotations[{wish}]",
                    $"'{annotations[wish]}' does not count: the Service does not ask for PorterLB. Add the annotation {Annotations.LoadBalancer}: porterlb.");
            }

            yield break;
        }

        if (!string.IsNullOrEmpty(service.Spec.LoadBalancerClass))
        {
            yield return new Finding(
                Rules.ServiceClass,
                field,
                $"'{value}' does not count beside spec.loadBalancerClass '{service.Spec.LoadBalancerClass}', which names another load balancer. "
                + $"Set spec.loadBalancerClass to {ownership.LoadBalancerClass}, or remove one of the two.");
        }
        else
        {
            // Where everybody is served who says nothing, another word is how to say no.
            var meant = OurNames.FirstOrDefault(name => value.Trim().Equals(name, StringComparison.OrdinalIgnoreCase)) ?? (ownership.IsDefault ? null : OurNames[0]);
            if (meant is not null)
            {
                yield return new Finding(Rules.ServiceSpelling, field, $"'{value}' is none of {string.Join(", ", OurNames)}: the Service gets no address from PorterLB. Write {meant}.");
            }
        }
    }

    // Two ways to say a thing, and they say different things.
    private static IEnumerable<Finding> Contradictions(ServiceView service)
    {
        var annotations = service.Metadata.Annotations;
        string? Value(string name) => annotations is not null && annotations.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
        var asking = Value(Annotations.Address) is null ? Annotations.AddressOfPorter : Annotations.Address;
        if (Value(asking) is { } address
            && service.Spec.LoadBalancerIP is { Length: > 0 } field && !address.Split(',', StringSplitOptions.TrimEntries).Contains(field, StringComparer.Ordinal))
        {
            yield return new Finding(
                Rules.ServiceContradiction, "spec.loadBalancerIP", $"'{field}' does not count beside the annotation {asking}, which asks for '{address}'. Remove one of the two.");
        }

        foreach (var (ours, porters) in ((string, string)[])[(Annotations.Eip, Annotations.EipOfPorter), (Annotations.Address, Annotations.AddressOfPorter)])
        {
            if (Value(ours) is { } one && Value(porters) is { } other && one != other)
            {
                yield return new Finding(
                    Rules.ServiceContradiction, $"metadata.annotations[{porters}]", $"'{other}' does not count beside {ours}, which says '{one}'. Remove one of the two.");
            }
        }

        foreach (var (metalLbs, ours) in Annotations.OfMetalLb)
        {
            if (Value(metalLbs) is { } value && Value(ours) is null)
            {
                yield return new Finding(
                    Rules.ServiceOfMetalLb, $"metadata.annotations[{metalLbs}]", $"'{value}' is for MetalLB and does not count here. Write it in the annotation {ours}.");
            }
        }

        if (Value(Annotations.SharingNamespaces) is { } namespaces && Value(Annotations.SharingKey) is null)
        {
            yield return new Finding(
                Rules.ServiceSharingKey,
                $"metadata.annotations[{Annotations.SharingNamespaces}]",
                $"'{namespaces}' allows nothing without a key: addresses are shared by Services that say the same in {Annotations.SharingKey}. Add that annotation to each of them.");
        }

        if ((Value(Annotations.SharingNamespaces) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault(name => !name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')) is { } pattern)
        {
            yield return new Finding(
                Rules.ServiceSharingKey,
                $"metadata.annotations[{Annotations.SharingNamespaces}]",
                $"'{pattern}' is no name of a namespace, and means none: there are no patterns here. Write the names, as shop,bank.");
        }
    }

    private static IEnumerable<Finding> OfRequest(AddressRequest request)
    {
        if (request.Invalid is { } invalid)
        {
            yield return Of(invalid);
        }
    }

    private static Finding[] OfName(AddressRequest request, IReadOnlyCollection<Pool> pools)
    {
        var named = pools.FirstOrDefault(pool => pool.Name == request.Pool);
        var refusal = request.Pool is not { } name ? null
            : named is null ? RefusalText.PoolNotFound(request, name, pools.Select(pool => pool.Name))
            : RefusalText.Forbidden(request, named);
        return refusal is null ? [] : [Of(refusal)];
    }

    private static IEnumerable<Finding> OfPool(AddressRequest request, IReadOnlyCollection<Pool> pools)
    {
        if (OfName(request, pools) is [var refusal])
        {
            yield return refusal;
            yield break;
        }

        var candidates = request.Pool is { } only ? [.. pools.Where(pool => pool.Name == only)] : PoolChoice.For(request, pools);
        if (candidates.IsEmpty)
        {
            yield return Of(RefusalText.NothingFree(request, request.Families[0], [], pools, leaving: 0));
            yield break;
        }

        var required = request.FamilyPolicy == FamilyPolicy.PreferDualStack ? request.Families.Take(1) : request.Families;
        foreach (var family in required.Where(family => !candidates.Any(pool => pool.Ranges.Any(range => range.Family == family))))
        {
            yield return Of(RefusalText.NothingFree(request, family, [.. candidates.Select(pool => (pool, System.Numerics.BigInteger.Zero))], pools, leaving: 0));
        }
    }

    private static IEnumerable<Finding> OfAddress(
        AddressRequest request, IPAddress address, IReadOnlyCollection<Pool> pools, IEnumerable<AddressRequest> others)
    {
        if (!request.Families.Contains(address.Family()))
        {
            yield return new Finding(
                Rules.ServiceFamily,
                "",
                $"Service '{request.Service}' asks for {address}, but its spec.ipFamilies has no {address.Family()}. Ask for an {request.Families[0]} address, or add {address.Family()} to spec.ipFamilies.");
            yield break;
        }

        // Over an Eip on its way out a new one may have been made.
        var holders = pools.Where(pool => pool.Holds(address)).OrderBy(pool => pool.Deleting).ToArray();
        var pool = holders.FirstOrDefault(holder => holder.Name == request.Pool) ?? holders.FirstOrDefault();
        if (pool is null)
        {
            yield return Of(RefusalText.InNoPool(request, address, pools));
            yield break;
        }

        if (request.Pool is { } name && name != pool.Name)
        {
            var named = pools.FirstOrDefault(pool => pool.Name == name);
            yield return named is null
                ? Of(RefusalText.PoolNotFound(request, name, pools.Select(pool => pool.Name)))
                : new Finding(Rules.ServiceOutsideNamed, "", RefusalText.OutsideNamedPool(request, address, named).Message);
        }
        else if (RefusalText.Forbidden(request, pool) is { } forbidden)
        {
            yield return Of(forbidden);
        }
        else if (!pool.Offers(address))
        {
            yield return Of(RefusalText.Excluded(request, address, pool));
        }

        foreach (var other in others)
        {
            if (other.Service != request.Service && other.InStatus.Contains(address) && Sharing.Obstacle(address, request, other) is { } obstacle)
            {
                yield return new Finding(Rules.ServiceAddressInUse, "", $"Service '{request.Service}' asks for {address}, which {obstacle}.");
                yield break;
            }
        }
    }

    private static Finding Of(Refusal refusal) => new(
        refusal.Reason switch
        {
            RefusalReason.RequestInvalid => Rules.ServiceRequestUnreadable,
            RefusalReason.PoolNotFound => Rules.ServiceUnknownEip,
            RefusalReason.PoolUnavailable => Rules.ServiceEipUnavailable,
            RefusalReason.PoolForbidden => Rules.ServiceEipForbidden,
            RefusalReason.FamilyUnavailable => Rules.ServiceFamilyUnavailable,
            RefusalReason.AddressInNoPool => Rules.ServiceAddressInNoEip,
            RefusalReason.AddressExcluded => Rules.ServiceAddressExcluded,
            _ => Rules.ServiceNoEip,
        },
        "",
        refusal.Message);
}
