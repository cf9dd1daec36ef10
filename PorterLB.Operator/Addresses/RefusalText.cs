using System.Collections.Immutable;
using System.Net;
using System.Numerics;

namespace PorterLB.Operator.Addresses;

/// <summary>The refusals in words: what, why, what to do.</summary>
internal static class RefusalText
{
    // Enough to see the point; an Event has room for 1,024 characters.
    public static Refusal PoolNotFound(AddressRequest request, string name, IEnumerable<string> names) => new(
        RefusalReason.PoolNotFound,
        $"Service '{request.Service}' names Eip '{name}' in the annotation {request.PoolAnnotation}, and there is no such Eip. "
        + $"Create it, or name one of these: {List(names)}."
        + (AddressText.TryParse(name.Split(',')[0], out _, out _) ? $" An address is asked for in the annotation {(request.PoolAnnotation == Annotations.Eip ? Annotations.Address : Annotations.AddressOfPorter)}." : ""));

    public static Refusal? Forbidden(AddressRequest request, Pool pool) =>
        PoolChoice.Unavailable(pool) is { } why
            ? new(RefusalReason.PoolUnavailable, $"Service '{request.Service}' gets nothing from Eip '{pool.Name}': it {why}. {Otherwise(pool)}")
            : pool.KeepsOut(request)
            ? new(
                RefusalReason.PoolForbidden,
                $"Service '{request.Service}' may not use Eip '{pool.Name}': its namespaces, namespaceSelector and serviceSelector do not choose this "
                + "Service, and spec.enforceSelectors makes them a fence. Use another Eip, or let the selectors choose the Service.")
            : null;

    public static Refusal InNoPool(AddressRequest request, IPAddress wanted, IEnumerable<Pool> pools)
    {
        var ofFamily = pools.Where(pool => pool.Ranges.Any(range => range.Family == wanted.Family())).ToArray();
        return new(
            RefusalReason.AddressInNoPool,
            $"Service '{request.Service}' asks for {wanted}, which is in no Eip. "
            + (ofFamily.Length == 0
                ? $"There is no Eip with {wanted.Family()} addresses: create one that holds {wanted}."
                : $"Ask for an address of {List(ofFamily.Select(pool => $"'{pool.Name}' ({pool.RangesText})"))}, or add {wanted} to an Eip."));
    }

    public static Refusal OutsideNamedPool(AddressRequest request, IPAddress wanted, Pool named) => new(
        RefusalReason.RequestInvalid,
        $"Service '{request.Service}' asks for {wanted} and names Eip '{named.Name}', which has {named.RangesText}. "
        + "Ask for an address of that Eip, or remove one of the two annotations.");

    public static Refusal Excluded(AddressRequest request, IPAddress wanted, Pool pool) => new(
        RefusalReason.AddressExcluded,
        $"Service '{request.Service}' asks for {wanted}, which Eip '{pool.Name}' leaves out by {LeftOutBy(wanted, pool)}. "
        + "Ask for another address, or change the Eip.");

    public static Refusal Leaving(AddressRequest request, IPAddress wanted) => new(
        RefusalReason.AddressLeaving,
        $"Service '{request.Service}' gets {wanted} as soon as no node answers for it any more: it has just been released by another Service.");

    public static Refusal TakingOver(AddressRequest request) => new(
        RefusalReason.TakingOver,
        $"Service '{request.Service}' gets an address within 5 seconds: a new manager took over and waits until no write of the former one can arrive.");

    public static Refusal InUse(AddressRequest request, IPAddress wanted, string obstacle, IPAddress? current) => new(
        RefusalReason.AddressInUse,
        $"Service '{request.Service}' asks for {wanted}, which {obstacle}.{(current is null ? "" : $" It keeps {current} meanwhile.")}");

    public static Refusal GivesUp(AddressRequest request, IPAddress current, string obstacle) => new(
        RefusalReason.AddressInUse, $"Service '{request.Service}' gives up {current}: it {obstacle}.");

    /// <summary>An address is asked for of a family that the Service has not; null if none is.</summary>
    public static Refusal? FamilyMismatch(AddressRequest request) =>
        request.Requested.FirstOrDefault(address => !request.Families.Contains(address.Family())) is { } address
            ? new(
                RefusalReason.RequestInvalid,
                $"Service '{request.Service}' asks for {address}, an {address.Family()} address, but its spec.ipFamilies has only "
                + $"{string.Join(", ", request.Families)}. Ask for an address of that family, or add {address.Family()} to spec.ipFamilies.")
            : null;

    public static Refusal KeptOutside(IPAddress address, Pool? origin) => new(
        RefusalReason.AddressInNoPool,
        $"{address} is in no Eip any more"
        + (origin is null ? "" : $": Eip '{origin.Name}', which it came from, {(PoolChoice.Unavailable(origin) is null ? $"has {origin.RangesText} now" : origin.Deleting ? "is gone" : PoolChoice.Unavailable(origin))}")
        + ". The Service keeps it until it is released.");

    public static Refusal KeptExcluded(IPAddress address, Pool pool) => new(
        RefusalReason.AddressExcluded,
        $"{address} is left out by {LeftOutBy(address, pool)} of Eip '{pool.Name}'. The Service keeps it until it is released.");

    public static Refusal KeptUnavailable(IPAddress address, Pool pool, string why) => new(
        RefusalReason.PoolUnavailable, $"Eip '{pool.Name}', which holds {address}, {why}. The Service keeps the address until it is released.");

    public static Refusal KeptOut(IPAddress address, Pool pool) => new(
        RefusalReason.PoolForbidden,
        $"Eip '{pool.Name}', which holds {address}, is not for this Service any more: its namespaces, namespaceSelector and serviceSelector do not choose it, "
        + "and spec.enforceSelectors makes them a fence. The Service keeps the address until it is released.");

    public static Refusal NothingFree(
        AddressRequest request,
        IpFamily family,
        ImmutableArray<(Pool Pool, BigInteger Size)> tried,
        IEnumerable<Pool> all,
        int leaving)
    {
        if (tried.IsEmpty)
        {
            var others = all.Select(pool => $"'{pool.Name}' {PoolChoice.PassedOver(request, pool)}").ToArray();
            return new(
                RefusalReason.NoPool,
                others.Length == 0
                    ? $"Service '{request.Service}' gets no address: there is no Eip. Create one with spec.address, for example 192.168.0.91-192.168.0.104."
                    : $"Service '{request.Service}' gets no address: no Eip is for it ({List(others)}). "
                    + $"Name an Eip in the annotation {Annotations.Eip}, or create one that is for everybody.");
        }

        var full = tried.Where(pool => pool.Size > 0).ToArray();
        if (full.Length == 0)
        {
            return new(
                RefusalReason.FamilyUnavailable,
                $"Service '{request.Service}' gets no {family} address: {List(tried.Select(pool => $"Eip '{pool.Pool.Name}' has none"))}. "
                + $"Add {family} addresses to spec.addresses of an Eip, or name another Eip in the annotation {Annotations.Eip}.");
        }

        var soon = leaving > 0 ? $" {leaving} of them {(leaving == 1 ? "is" : "are")} being released and will be given out in a moment." : "";
        return full.Length == 1
            ? new(
                RefusalReason.PoolExhausted,
                $"Eip '{full[0].Pool.Name}' has no free address for Service '{request.Service}': all {full[0].Size:N0} of "
                + $"{Ranges(full[0].Pool, family)} are in use.{soon} Release a Service, widen spec.address, or name another Eip in the annotation {Annotations.Eip}.")
            : new(
                RefusalReason.PoolExhausted,
                $"No Eip has a free {family} address for Service '{request.Service}': "
                + $"{List(full.Select(pool => $"all {pool.Size:N0} of '{pool.Pool.Name}' are in use"))}.{soon} "
                + "Release a Service, or widen spec.address of an Eip.");
    }

    /// <summary>
    /// What is missing of both families, in one. That a family is nowhere to be had is the lesser reason: a Service that only prefers it is
    /// not kept waiting by that.
    /// </summary>
    public static Refusal? Both(Refusal? one, Refusal? other) =>
        one is null ? other
        : other is null || other.Message == one.Message ? one
        : new(one.Reason == RefusalReason.FamilyUnavailable ? other.Reason : one.Reason, $"{one.Message} {other.Message}");

    private static string LeftOutBy(IPAddress address, Pool pool) =>
        pool.Excludes.Any(range => range.Contains(address)) ? "spec.excludes" : "spec.avoidBuggyIPs";

    private static string Otherwise(Pool pool) => pool.Disabled || pool.Deleting
        ? $"Name another Eip in the annotation {Annotations.Eip}."
        : "Mend its spec, or name another Eip.";

    private static string Ranges(Pool pool, IpFamily family) =>
        (pool with { Ranges = [.. pool.Ranges.Where(range => range.Family == family)] }).RangesText;

    private static string List(IEnumerable<string> parts) => Enumeration.Of(parts, none: "(none)");
}
