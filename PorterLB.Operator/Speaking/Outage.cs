using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Speaking;

/// <summary>What a request fails with that may succeed later: the API server is away, starting, breaking off, or refuses for now.</summary>
internal static class Outage
{
    public static bool Is(Exception exception) => exception is ApiException or HttpRequestException or TimeoutException or IOException;
}
