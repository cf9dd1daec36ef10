using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace PorterLB.Operator.Speaking;

/// <summary>What tells this cluster's hellos from a neighbour's on the same segment.</summary>
internal static class ClusterTag
{
    private const int Length = 8;

    /// <summary>The first bytes of the SHA-256 of kube-system's UID, which no other cluster has.</summary>
    public static ImmutableArray<byte> Of(string uid) => [.. SHA256.HashData(Encoding.ASCII.GetBytes(uid)).AsSpan(0, Length)];
}
