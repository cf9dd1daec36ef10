using System.Globalization;
using System.Text.Json;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>What differs between the API servers that are served: found out once, at the start.</summary>
/// <param name="Minor">The minor version of Kubernetes, 1.x.</param>
/// <param name="Endpoints">Where endpoints are read.</param>
internal sealed record ServerFeatures(int Minor, EntityType<EndpointsView> Endpoints)
{
    /// <summary>KEP-1860: on by default since 1.30. Elsewhere the field is dropped, and each comparison would find a difference.</summary>
    public bool IpMode => Minor >= 30;

    /// <summary>
    /// Kubernetes 1.20 forgets a slow watcher of Services without ending its watch (the decorated watcher does not close its channel).
    /// </summary>
    public TimeSpan? ServiceSilenceCheck => Minor <= 20 ? TimeSpan.FromSeconds(5) : null;

    public static async Task<ServerFeatures> DiscoverAsync(IKubernetesClient client, CancellationToken cancellationToken)
    {
        var version = await client.GetRawAsync("/version", cancellationToken);
        var endpoints = await Serves(client, "/apis/discovery.k8s.io/v1", "endpointslices", cancellationToken) ? EndpointsView.SliceV1
            : await Serves(client, "/apis/discovery.k8s.io/v1beta1", "endpointslices", cancellationToken) ? EndpointsView.SliceV1Beta1
            : EndpointsView.Core;
        return new ServerFeatures(MinorOf(version), endpoints);
    }

    /// <summary>The minor version; providers write "20+".</summary>
    public static int MinorOf(ReadOnlyMemory<byte> version)
    {
        using var json = JsonDocument.Parse(version);
        var text = json.RootElement.TryGetProperty("minor", out var minor) ? minor.GetString() : null;
        var digits = new string([.. (text ?? "").TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private static async Task<bool> Serves(IKubernetesClient client, string path, string resource, CancellationToken cancellationToken)
    {
        try
        {
            using var json = JsonDocument.Parse(await client.GetRawAsync(path, cancellationToken));
            return json.RootElement.TryGetProperty("resources", out var resources)
                && resources.EnumerateArray().Any(item => item.TryGetProperty("name", out var name) && name.GetString() == resource);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return false;
        }
    }
}
