using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Cluster;

/// <summary>
/// Tells what etcd comes to have, each change as it is stored, which is when any reader of the API can see it. The API server's own watches
/// would tell it later, and a short of time server of 1.20 forgets them.
/// </summary>
internal sealed class StoreWatch(Host host) : IDisposable
{
    public const int Port = 2379;

    private readonly HttpClient _http = new(host.Namespace.HandlerTo(new IPEndPoint(IPAddress.Loopback, Port)))
    {
        BaseAddress = new Uri($"http://127.0.0.1:{Port}/"),
    };

    /// <summary>Every change of the keys that begin so, from now on; the first element comes when it has begun, and is null.</summary>
    /// <param name="prefix">As <c>/registry/services/specs/default/</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<StoreChange?> FollowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // etcd's gateway from gRPC to JSON, whose messages are lines and whose bytes are base64.
        var end = prefix[..^1] + (char)(prefix[^1] + 1);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("v3/watch", UriKind.Relative))
        {
            Content = JsonContent.Create(new JsonObject
            {
                ["create_request"] = new JsonObject { ["key"] = Base64(prefix), ["range_end"] = Base64(end) },
            }),
        };
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        using var lines = new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            var result = JsonNode.Parse(line)!["result"] ?? throw new LabException($"etcd ended the watch: {line}");
            if ((bool?)result["created"] == true)
            {
                yield return null;
            }

            foreach (var change in result["events"]?.AsArray() ?? [])
            {
                var entry = change!["kv"]!;
                var key = Encoding.UTF8.GetString(Convert.FromBase64String((string)entry["key"]!));
                yield return new StoreChange(
                    key[prefix.Length..],
                    (string?)entry["version"] == "1",
                    (string?)change["type"] == "DELETE" ? null : Convert.FromBase64String((string)entry["value"]!));
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <summary>What a key has become.</summary>
/// <param name="Key">Without the prefix.</param>
/// <param name="IsNew">Whether it was created.</param>
/// <param name="Value">As the API server wrote it (Kubernetes' protobuf); null = deleted.</param>
internal sealed record StoreChange(string Key, bool IsNew, byte[]? Value);
