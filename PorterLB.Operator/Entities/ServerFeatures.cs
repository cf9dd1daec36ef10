using System.Text.Json;
using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Entities;

/// <summary>What differs between the API servers that are served. (As what endpoints are read, their informer finds out by itself.)</summary>
internal sealed class ServerFeatures(KubernetesVersion version)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private volatile KubernetesVersion _version = version;

    /// <summary>Changes when the server is upgraded under us: <see cref="ServerFollower"/>.</summary>
    public KubernetesVersion Version
    {
        get => _version;
        set => _version = value;
    }

    /// <summary>KEP-1860: on by default since 1.30. Elsewhere the field is dropped, and each comparison would find a difference.</summary>
    public bool IpMode => Version.Minor >= 30;

    /// <summary>
    /// Kubernetes 1.20 forgets a slow watcher of Services without ending its watch (kubernetes/kubernetes#102539, in 1.20.10). The first
    /// patches of 1.21 do so too, but their version advances without events: there the idle deadline of every watch must do.
    /// </summary>
    public TimeSpan? ServiceSilenceCheck => Version is { Minor: 20, Patch: < 10 } ? TimeSpan.FromSeconds(10) : null;

    /// <summary>Asks until the server has answered: a Pod that ends instead is restarted ever more slowly.</summary>
    /// <param name="client">Asks the server.</param>
    /// <param name="tell">Is told why it takes so long, once for each reason.</param>
    /// <param name="time">Waits between two tries.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<KubernetesVersion> VersionOfAsync(
        IKubernetesClient client, Func<string, Task> tell, TimeProvider time, CancellationToken cancellationToken)
    {
        string? told = null;
        while (true)
        {
            try
            {
                return KubernetesVersion.Read(await client.GetRawAsync("/version", cancellationToken));
            }
            catch (Exception exception) when (exception is HttpRequestException or TimeoutException or IOException or ApiException or JsonException)
            {
                if (told != exception.Message)
                {
                    told = exception.Message;
                    await tell(told.TrimEnd('.'));
                }

                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }
}
