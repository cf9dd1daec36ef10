using System.Collections.Immutable;

namespace PorterLB.Operator.Addresses;

/// <summary>Which pools serve a Service that asks for no certain one, in which order; and why the others do not.</summary>
internal static class PoolChoice
{
    /// <summary>
    /// Pools that select the Service by priority, then the default one, then those that are for everybody by priority. Names break ties,
    /// so that the same pools always give the same order.
    /// </summary>
    public static ImmutableArray<Pool> For(AddressRequest request, IEnumerable<Pool> pools) =>
    [
        .. pools.Where(pool => pool.AutoAssign && Unavailable(pool) is null)
            .Select(pool => (Pool: pool, Rank: Rank(request, pool)))
            .Where(ranked => ranked.Rank is not null)
            .OrderBy(ranked => ranked.Rank)
            .ThenBy(ranked => ranked.Pool.Priority)
            .ThenBy(ranked => ranked.Pool.Name, StringComparer.Ordinal)
            .Select(ranked => ranked.Pool),
    ];

    /// <summary>Why a pool gives out nothing to anybody, or null.</summary>
    public static string? Unavailable(Pool pool) =>
        pool.Deleting ? "is being deleted"
        : pool.Disabled ? "is disabled (spec.disable)"
        : pool.Problem is { } problem ? $"is not ready: {problem}"
        : null;

    /// <summary>Why a pool does not serve this Service by itself, or null.</summary>
    public static string? PassedOver(AddressRequest request, Pool pool) =>
        Unavailable(pool) ?? (!pool.AutoAssign ? "serves only who names it (spec.autoAssign)" : Rank(request, pool) is null ? "is for others" : null);

    private static int? Rank(AddressRequest request, Pool pool) =>
        pool.IsSelective && pool.Selects(request) ? 0
        : pool.IsSelective && pool.EnforceSelectors ? null
        : pool.IsDefault ? 1
        : pool.IsSelective ? null
        : 2;
}
