using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Cluster;

/// <summary>
/// A plain client of the API server for what the lab itself writes: JSON in, JSON out. It shares no code with the product, which it
/// is there to judge.
/// </summary>
public sealed class ApiClient : IDisposable
{
    private const int MostConflicts = 10;
    private readonly HttpClient _http;

    internal ApiClient(NetworkNamespace space, IPEndPoint server, string authorityPem, string token)
    {
        var authority = X509Certificate2.CreateFromPem(authorityPem);
        var handler = space.HandlerTo(server);
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri($"https://{server}/"), Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Null when there is no such object.</summary>
    public async Task<JsonNode?> GetAsync(string path, CancellationToken cancellationToken = default)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(HttpMethod.Get, path, answer, cancellationToken);
    }

    /// <summary>Every change from a version on, each as a watch event with its <c>type</c> and <c>object</c>, until cancelled or the server ends it.</summary>
    public IAsyncEnumerable<JsonNode> WatchAsync(string path, string resourceVersion, CancellationToken cancellationToken = default) =>
        WatchAsync($"{path}?watch=1&resourceVersion={resourceVersion}&timeoutSeconds=3600", cancellationToken);

    public Task<JsonNode> CreateAsync(string path, JsonNode body, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, path, body, "application/json", cancellationToken);

    public Task<JsonNode> ReplaceAsync(string path, JsonNode body, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Put, path, body, "application/json", cancellationToken);

    /// <summary>Whatever version there is: the server itself gives up when others write between its reading and its writing five times.</summary>
    public async Task<JsonNode> MergeAsync(string path, JsonNode body, CancellationToken cancellationToken = default)
    {
        for (var left = MostConflicts; ; left--)
        {
            try
            {
                return await SendAsync(HttpMethod.Patch, path, body, "application/merge-patch+json", cancellationToken);
            }
            catch (LabException exception) when (left > 0 && exception.Message.Contains(" with 409: ", StringComparison.Ordinal))
            {
            }
        }
    }

    /// <summary>Also when it is gone already.</summary>
    public async Task DeleteAsync(string path, CancellationToken cancellationToken = default)
    {
        using var answer = await _http.DeleteAsync(new Uri(path, UriKind.Relative), cancellationToken);
        if (answer.StatusCode != HttpStatusCode.NotFound)
        {
            await ReadAsync(HttpMethod.Delete, path, answer, cancellationToken);
        }
    }

    /// <summary>What happens at a path that ends in watch=true, until the API server ends it.</summary>
    public async IAsyncEnumerable<JsonNode> WatchAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var lines = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return JsonNode.Parse(line)!;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode body, string mediaType, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, mediaType),
        };
        using var answer = await _http.SendAsync(request, cancellationToken);
        return await ReadAsync(method, path, answer, cancellationToken);
    }

    private static async Task<JsonNode> ReadAsync(HttpMethod method, string path, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!
            : throw new LabException($"The API server answered {method} {path} with {(int)answer.StatusCode}: {text.Trim()}");
    }
}
