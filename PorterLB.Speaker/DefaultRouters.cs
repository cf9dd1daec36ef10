using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker;

/// <summary>The routers that this machine's default routes lead to.</summary>
public static class DefaultRouters
{
    /// <summary>Asks the kernel, once for each address family.</summary>
    /// <returns>At most one address of each family; none where there is no default route, or where the kernel does not say.</returns>
    public static ImmutableArray<IPAddress> Read()
    {
        try
        {
            using var routes = new Routes();
            return [.. routes.Default().Select(route => route.Gateway).OfType<IPAddress>().Distinct()];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
