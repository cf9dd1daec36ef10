using PorterLB.Operator.Addresses;

namespace PorterLB.Operator.Validation;

/// <summary>
/// What a Service asks for and will not get, told before it is stored. Warnings only: pools and other Services may change any moment, and
/// a Service must never be kept from being applied by us.
/// </summary>
internal static class ServiceRules
{
    /// <param name="request">What it asks for.</param>
    /// <param name="pools">All pools.</param>
    /// <param name="others">What other Services of ours ask for and have.</param>
    public static IEnumerable<string> Check(AddressRequest request, IReadOnlyCollection<Pool> pools, IEnumerable<AddressRequest> others)
    {
        if (request.Invalid is { } invalid)
        {
            return [invalid.Message];
        }

        if (request.Requested.IsEmpty)
        {
            return request.Pool is null && !request.InStatus.IsEmpty ? [] : OfPool(request, pools);
        }

        return request.Requested.SelectMany(address => OfAddress(request, address, pools, others));
    }

    private static IEnumerable<string> OfPool(AddressRequest request, IReadOnlyCollection<Pool> pools)
    {
        if (request.Pool is { } name)
        {
            var named = pools.FirstOrDefault(pool => pool.Name == name);
            var refusal = named is null ? RefusalText.PoolNotFound(request, name, pools.Select(pool => pool.Name)) : RefusalText.Forbidden(request, named);
            return refusal is null ? [] : [refusal.Message];
        }

        return PoolChoice.For(request, pools).IsEmpty
            ? [RefusalText.NothingFree(request, request.Families[0], [], pools, leaving: 0).Message]
            : [];
    }

    private static IEnumerable<string> OfAddress(
        AddressRequest request, System.Net.IPAddress address, IReadOnlyCollection<Pool> pools, IEnumerable<AddressRequest> others)
    {
        if (!request.Families.Contains(address.Family()))
        {
            yield return $"Service '{request.Service}' asks for {address}, but its spec.ipFamilies has no {address.Family()}.";
            yield break;
        }

        var pool = pools.FirstOrDefault(pool => pool.Holds(address));
        if (pool is null)
        {
            yield return RefusalText.InNoPool(request, address, pools).Message;
            yield break;
        }

        if (request.Pool is { } name && name != pool.Name)
        {
            var named = pools.FirstOrDefault(pool => pool.Name == name);
            yield return (named is null ? RefusalText.PoolNotFound(request, name, pools.Select(pool => pool.Name)) : RefusalText.OutsideNamedPool(request, address, named)).Message;
        }
        else if (RefusalText.Forbidden(request, pool) is { } forbidden)
        {
            yield return forbidden.Message;
        }
        else if (pool.Excludes.Any(range => range.Contains(address)))
        {
            yield return RefusalText.Excluded(request, address, pool).Message;
        }

        foreach (var other in others)
        {
            if (other.Service != request.Service && other.InStatus.Contains(address) && Sharing.Obstacle(address, request, other) is { } obstacle)
            {
                yield return $"Service '{request.Service}' asks for {address}, which {obstacle}.";
                yield break;
            }
        }
    }
}
