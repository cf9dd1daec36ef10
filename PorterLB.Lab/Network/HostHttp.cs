using System.Net;

namespace PorterLB.Lab.Network;

/// <summary>HTTP to what programs serve on a host of the lab.</summary>
public static class HostHttp
{
    /// <summary>Connects to one server, out of the namespace, whatever the request's address says.</summary>
    internal static SocketsHttpHandler HandlerTo(this NetworkNamespace space, IPEndPoint server) => new()
    {
        ConnectCallback = async (_, cancellationToken) => await space.ConnectAsync(server, cancellationToken),
    };

    /// <summary>Null when nothing listens or the answer is no success.</summary>
    public static async Task<string?> GetAsync(this Host host, int port, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        using var http = new HttpClient(host.Namespace.HandlerTo(new IPEndPoint(IPAddress.Loopback, port))) { Timeout = TimeSpan.FromSeconds(5) };
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
