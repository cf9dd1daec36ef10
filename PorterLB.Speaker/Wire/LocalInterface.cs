using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace PorterLB.Speaker.Wire;

/// <summary>An address of the node itself.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Of its subnet.</param>
/// <param name="Usable">Whether frames may carry it as their source: not tentative, and no duplicate of another's.</param>
internal readonly record struct InterfaceAddress(IPAddress Address, int PrefixLength, bool Usable)
{
    /// <summary>Whether its subnet has room for others.</summary>
    public bool IsShared => PrefixLength < (Address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    /// <summary>Its subnet.</summary>
    public IPNetwork Network => new(Masked(Address, PrefixLength), PrefixLength);

    private static IPAddress Masked(IPAddress address, int prefixLength)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        for (var i = 0; i < length; i++)
        {
            var bits = Math.Clamp(prefixLength - (8 * i), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - bits));
        }

        return new IPAddress(bytes[..length]);
    }
}

/// <summary>A network interface of the node as it is now.</summary>
/// <param name="Index">The kernel's number for it; a new one when it is deleted and made again.</param>
/// <param name="Name">The kernel's name for it.</param>
/// <param name="Mac">Its hardware address.</param>
/// <param name="Up">Administratively up, with carrier.</param>
/// <param name="Skipped">Why nothing may be announced on it, or null.</param>
/// <param name="Addresses">Its own addresses.</param>
internal sealed record LocalInterface(
    int Index, string Name, MacAddress Mac, bool Up, string? Skipped, ImmutableArray<InterfaceAddress> Addresses)
{
    /// <summary>
    /// Subnets that reach further than the node itself. Where nothing may be announced single addresses are none: kube-proxy in IPVS mode
    /// puts all Services' on an interface, thousands that would be told of and come and go with them.
    /// </summary>
    public ImmutableArray<IPNetwork> Subnets =>
        [.. Addresses.Where(address => !address.Address.IsIPv6LinkLocal && (Skipped is null || address.IsShared)).Select(address => address.Network).Distinct()];

    /// <summary>What hellos come from: the first IPv4 address, else the link-local IPv6 address, else 0.0.0.0.</summary>
    public IPAddress HelloSource =>
        FirstUsable(address => address.AddressFamily == AddressFamily.InterNetwork)
        ?? FirstUsable(address => address.IsIPv6LinkLocal)
        ?? IPAddress.Any;

    /// <summary>What a question to this neighbour comes from, or null when there is nothing to ask it from.</summary>
    public IPAddress? SourceFor(IPAddress neighbor) =>
        FirstUsable(address => address.AddressFamily == neighbor.AddressFamily
            && (address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv6LinkLocal == neighbor.IsIPv6LinkLocal))
        ?? FirstUsable(address => address.AddressFamily == neighbor.AddressFamily);

    /// <inheritdoc/>
    public bool Equals(LocalInterface? other) =>
        other is not null && Index == other.Index && Name == other.Name && Mac == other.Mac && Up == other.Up && Skipped == other.Skipped
        && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Index, Name, Mac, Up);

    private IPAddress? FirstUsable(Func<IPAddress, bool> wanted)
    {
        foreach (var address in Addresses)
        {
            if (address.Usable && wanted(address.Address))
            {
                return address.Address;
            }
        }

        return null;
    }
}
