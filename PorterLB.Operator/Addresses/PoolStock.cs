using System.Net;
using System.Numerics;

namespace PorterLB.Operator.Addresses;

/// <summary>A pool, and which of its addresses are free.</summary>
internal sealed class PoolStock(Pool pool)
{
    private readonly PoolIndex[] _indexes =
    [
        new(IpFamily.IPv4, pool.Ranges, pool.Excludes, pool.AvoidBuggyAddresses),
        new(IpFamily.IPv6, pool.Ranges, pool.Excludes, pool.AvoidBuggyAddresses),
    ];

    /// <summary>May be replaced by one with the same addresses.</summary>
    public Pool Pool { get; set; } = pool;

    public BigInteger Size => _indexes[0].Size + _indexes[1].Size;

    public PoolIndex IndexOf(IpFamily family) => _indexes[(int)family];

    /// <summary>Whether the address can be given out at all: in the ranges, and not left out.</summary>
    public bool Offers(IPAddress address) => IndexOf(address.Family()).Contains(address.ToNumber());

    public void Take(IPAddress address) => IndexOf(address.Family()).Take(address.ToNumber());

    public void Return(IPAddress address) => IndexOf(address.Family()).Return(address.ToNumber());
}
