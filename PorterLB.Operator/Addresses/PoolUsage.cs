using System.Collections.Immutable;
using System.Net;
using System.Numerics;

namespace PorterLB.Operator.Addresses;

/// <summary>How much of a pool is in use.</summary>
/// <param name="Size">All that can be given out.</param>
/// <param name="InUse">Addresses of the pool that Services have.</param>
/// <param name="Used">The first of them, in order, with who has them.</param>
/// <param name="First">The lowest address of the pool.</param>
/// <param name="Last">The highest.</param>
internal sealed record PoolUsage(
    BigInteger Size,
    int InUse,
    ImmutableArray<(IPAddress Address, string Services)> Used,
    IPAddress? First,
    IPAddress? Last)
{
    /// <summary>Of each family: all that can be given out, and how many of these Services have.</summary>
    public ImmutableArray<(IpFamily Family, BigInteger Size, int InUse)> Families { get; init; } = [];

    /// <summary>Addresses that Services have and no other pool holds: while there is one, the Eip is not let go.</summary>
    public int Bound { get; init; }

    public static PoolUsage Of(PoolStock stock, AddressLedger ledger, int most)
    {
        var used = ledger.InUse.Where(user => stock.Pool.Holds(user.Key)).ToArray();
        var ranges = stock.Pool.Ranges;
        return new PoolUsage(
            stock.Size,
            used.Length,
            [
                .. used.OrderBy(user => user.Key.Family()).ThenBy(user => user.Key.ToNumber()).Take(most)
                    .Select(user => (user.Key, string.Join(';', user.Value.Select(holding => holding.Request.Service.ToString())))),
            ],
            ranges.IsEmpty ? null : ranges.OrderBy(range => range.Family).ThenBy(range => range.First).First().FirstAddress,
            ranges.IsEmpty ? null : ranges.OrderBy(range => range.Family).ThenBy(range => range.Last).Last().LastAddress)
        {
            Families = [.. Enum.GetValues<IpFamily>().Select(family => (family, stock.IndexOf(family).Size, used.Count(user => user.Key.Family() == family)))],
            Bound = stock.Pool.Deleting ? used.Count(user => ledger.StockOf(user.Key) == stock) : used.Length,
        };
    }
}
