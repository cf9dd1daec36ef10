using System.Net;
using System.Text;

namespace PorterLB.Speaker.Ownership;

/// <summary>
/// How well a node fits an address, so that each address has its own order of successors and the addresses of a dead node spread over
/// all others. Part of the protocol: every speaker, of any version, must compute the same.
/// </summary>
internal static class RendezvousScore
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    /// <summary>64-bit FNV-1a over the address's bytes and the node's name in UTF-8, mixed as in SplitMix64.</summary>
    public static ulong Of(IPAddress address, string node)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var hash = Add(FnvOffset, bytes[..length]);

        // A Kubernetes node name has at most 253 characters, all of them ASCII; longer ones are hashed all the same.
        Span<byte> name = stackalloc byte[256];
        hash = Encoding.UTF8.TryGetBytes(node, name, out var written)
            ? Add(hash, name[..written])
            : Add(hash, Encoding.UTF8.GetBytes(node));

        // FNV alone leaves names that differ in their last letter close together.
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
        return hash ^ (hash >> 31);
    }

    private static ulong Add(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * FnvPrime;
        }

        return hash;
    }
}
