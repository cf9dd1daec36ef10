using System.Net;

namespace PorterLB.Lab.Network;

/// <summary>Reads a health or metrics page that a program serves on a host of the lab.</summary>
public static class HostHttp
{
    /// <summary>Null when nothing listens or the answer is no success.</summary>
    public static async Task<string?> GetAsync(this Host host, int port, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) => await host.Namespace.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancel),
        };
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), cancellationToken);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellationToken) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
