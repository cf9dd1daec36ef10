using System.Globalization;

namespace PorterLB.Operator.Entities;

/// <summary>
/// Versions as numbers. Kubernetes calls them opaque; that etcd's count upwards is what leases and watches of its own rely on, and since
/// KEP-5504 it is promised.
/// </summary>
internal static class ResourceVersion
{
    /// <summary>The version of a Service; one that is no number counts as newest.</summary>
    public static long Of(ServiceView service) =>
        long.TryParse(service.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : long.MaxValue;
}
