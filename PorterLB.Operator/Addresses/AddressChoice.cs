using System.Collections.Immutable;
using System.Net;

namespace PorterLB.Operator.Addresses;

/// <summary>
/// Which address a Service should have, by what it asks for and what the ledger says: the requested one, else one of the named Eip, else
/// one of the Eips that are for it. Changes nothing but its ledger's knowledge of what is announced.
/// </summary>
internal sealed class AddressChoice(AddressLedger ledger)
{
    // A bound on the work of one decision, should a speaker claim to announce everything.
    private const int MostSkipped = 1024;

    /// <summary>
    /// While false only what Services already have in their status is theirs: a former leader's last write may still arrive.
    /// </summary>
    public bool GivesNew { get; set; } = true;

    /// <summary>The address that the Service should have in this family, or why there is none better than what it has.</summary>
    public (IPAddress? Address, Refusal? Refusal) Of(Holding holding, IpFamily family, IPAddress? current)
    {
        var request = holding.Request;
        if (BackTo(holding, family) is { } left)
        {
            return (left, null);
        }

        if (request.Requested.FirstOrDefault(address => address.Family() == family) is { } wanted)
        {
            return wanted.Equals(current) ? (current, null) : Requested(holding, wanted, current);
        }

        if (request.Pool is not { } name)
        {
            return current is not null ? (current, null) : FromPools(holding, family, PoolChoice.For(request, ledger.Pools));
        }

        // A pool that was narrowed or split under the Service is no reason to move it; that its user named another one is.
        if (current is not null && (holding.Origins[family] == name || ledger.Stock(name)?.Pool.Holds(current) == true))
        {
            holding.Origins[family] = name;
            return (current, null);
        }

        if (ledger.Stock(name) is not { } stock)
        {
            return (null, RefusalText.PoolNotFound(request, name, ledger.Pools.Select(pool => pool.Name)));
        }

        return RefusalText.Forbidden(request, stock.Pool) is { } forbidden ? (null, forbidden) : FromPools(holding, family, [stock.Pool]);
    }

    /// <summary>Why a Service may not use an address that others use, or null; what was shared by older rules is tolerated, with a word.</summary>
    public string? Obstacle(Holding holding, IPAddress address, out string? tolerated)
    {
        tolerated = null;
        foreach (var user in ledger.UsersOf(address))
        {
            if (user == holding || Sharing.Obstacle(address, holding.Request, user.Request) is not { } obstacle)
            {
                continue;
            }

            if (!SharedByOpenElb(address, holding.Request, user.Request) && !SharedWithoutSelectors(address, holding, user))
            {
                return obstacle;
            }

            tolerated = $"{address} {obstacle}";
        }

        return null;
    }

    /// <summary>What is to be told of an address that its Service keeps although nobody would be given it now; null if nothing is.</summary>
    public Refusal? Kept(Holding holding, IPAddress address)
    {
        var stock = ledger.StockOf(address);
        return stock is null ? RefusalText.KeptOutside(address, holding.Origins[address.Family()] is { } origin ? ledger.Stock(origin)?.Pool ?? new Pool { Name = origin, Deleting = true } : null)
            : PoolChoice.Unavailable(stock.Pool) is { } why ? RefusalText.KeptUnavailable(address, stock.Pool, why)
            : !stock.Offers(address) ? RefusalText.KeptExcluded(address, stock.Pool)
            : stock.Pool.KeepsOut(holding.Request) ? RefusalText.KeptOut(address, stock.Pool)
            : null;
    }

    /// <summary>Whether something for which a Service waits may be there: spares asking for thousands that wait for the same full pools.</summary>
    public bool HasHope(Holding holding)
    {
        var request = holding.Request;
        if (holding.Waits is not { Reason: RefusalReason.PoolExhausted } || request.Sharing.Key is not null || !request.Requested.IsEmpty)
        {
            return true;
        }

        foreach (var stock in ledger.Stocks)
        {
            if (request.Pool is { } name ? name != stock.Pool.Name : PoolChoice.PassedOver(request, stock.Pool) is not null)
            {
                continue;
            }

            foreach (var family in request.Families)
            {
                // Who names no Eip waits for nothing where it has an address.
                if (stock.IndexOf(family).LowestFree is not null && (request.Pool is not null || !holding.Addresses.ContainsKey(family)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // A Service that changed its mind before the other address was written stays with what its status says.
    private IPAddress? BackTo(Holding holding, IpFamily family)
    {
        foreach (var (address, origin) in holding.Left)
        {
            var request = holding.Request;
            if (address.Family() == family
                && request.Requested.All(wanted => wanted.Family() != family || wanted.Equals(address))
                && (request.Pool is not { } name || origin == name || ledger.Stock(name)?.Pool.Holds(address) == true)
                && Obstacle(holding, address, out _) is null)
            {
                return address;
            }
        }

        return null;
    }

    private static bool SharedByOpenElb(IPAddress address, AddressRequest one, AddressRequest other) =>
        one.Sharing.GivenByOpenElb && other.Sharing.GivenByOpenElb
        && one.InStatus.Contains(address) && other.InStatus.Contains(address)
        && one.Requested.Contains(address) && other.Requested.Contains(address);

    private static bool SharedWithoutSelectors(IPAddress address, Holding one, Holding other) =>
        one.IsAsFound && other.IsAsFound
        && one.Request.InStatus.Contains(address) && other.Request.InStatus.Contains(address)
        && Sharing.LacksOnlySelectors(address, one.Request, other.Request);

    private (IPAddress? Address, Refusal? Refusal) Requested(Holding holding, IPAddress wanted, IPAddress? current)
    {
        var request = holding.Request;
        var holders = ledger.Stocks.Where(stock => stock.Pool.Holds(wanted)).ToArray();
        if (holders.Length == 0)
        {
            return (null, RefusalText.InNoPool(request, wanted, ledger.Pools));
        }

        var stock = request.Pool is { } name ? holders.FirstOrDefault(holder => holder.Pool.Name == name) : ledger.StockOf(wanted);
        if (stock is null)
        {
            return (null, ledger.Stock(request.Pool!) is { } named
                ? RefusalText.OutsideNamedPool(request, wanted, named.Pool)
                : RefusalText.PoolNotFound(request, request.Pool!, ledger.Pools.Select(pool => pool.Name)));
        }

        if (RefusalText.Forbidden(request, stock.Pool) is { } forbidden)
        {
            return (null, forbidden);
        }

        if (!stock.Offers(wanted))
        {
            return (null, RefusalText.Excluded(request, wanted, stock.Pool));
        }

        if (Obstacle(holding, wanted, out _) is { } obstacle)
        {
            return (null, RefusalText.InUse(request, wanted, obstacle, current));
        }

        if (ledger.UsersOf(wanted).Count > 0)
        {
            return (wanted, null);
        }

        return ledger.IsLeaving(wanted) ? (null, RefusalText.Leaving(request, wanted))
            : GivesNew ? (wanted, null)
            : (null, RefusalText.TakingOver(request));
    }

    private (IPAddress? Address, Refusal? Refusal) FromPools(Holding holding, IpFamily family, ImmutableArray<Pool> pools)
    {
        if (Shared(holding, family, pools, out var apart) is { } shared)
        {
            return (shared, null);
        }

        foreach (var pool in pools)
        {
            var index = ledger.Stock(pool.Name)!.IndexOf(family);
            for (var skipped = 0; skipped < MostSkipped && index.LowestFree is { } lowest; skipped++)
            {
                var address = lowest.ToAddress(family);
                if (!ledger.IsLeaving(address))
                {
                    return GivesNew ? (address, null) : (null, RefusalText.TakingOver(holding.Request));
                }
            }
        }

        var refusal = RefusalText.NothingFree(
            holding.Request,
            family,
            [.. pools.Select(pool => (pool, ledger.Stock(pool.Name)!.IndexOf(family).Size))],
            ledger.Pools,
            ledger.Leaving(family, pools));
        return (null, apart is null ? refusal : refusal with { Message = $"{refusal.Message} {apart}" });
    }

    private IPAddress? Shared(Holding holding, IpFamily family, ImmutableArray<Pool> pools, out string? apart)
    {
        apart = null;
        if (holding.Request.Sharing.Key is not { } key)
        {
            return null;
        }

        foreach (var pool in pools)
        {
            foreach (var address in ledger.SharedUnder(key))
            {
                if (address.Family() != family || !pool.Holds(address))
                {
                    continue;
                }

                if (Obstacle(holding, address, out _) is not { } obstacle)
                {
                    return address;
                }

                apart ??= $"Of its key '{key}' there is {address}, which {obstacle}.";
            }
        }

        return null;
    }
}
