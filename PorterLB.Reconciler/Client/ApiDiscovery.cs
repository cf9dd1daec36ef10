using System.Text.Json;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>What an API server has. One request each, answered from memory.</summary>
public static class ApiDiscovery
{
    /// <summary>Whether the server has a kind in its version.</summary>
    public static async Task<bool> ServesAsync(this IKubernetesClient client, EntityMetadata kind, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(kind);
        var root = string.IsNullOrEmpty(kind.Group) ? "/api" : "/apis";
        return (await NamesAsync(client, $"{root}/{kind.GroupWithVersion}", "resources", "name", cancellationToken))
            .Contains(kind.PluralName, StringComparer.Ordinal);
    }

    /// <summary>The versions in which the server has a kind, the one that it prefers first; none if it does not have the kind.</summary>
    public static async Task<IReadOnlyList<string>> VersionsOfAsync(
        this IKubernetesClient client, EntityMetadata kind, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(kind);
        var served = new List<string>();
        var versions = string.IsNullOrEmpty(kind.Group)
            ? ["v1"]
            : await NamesAsync(client, $"/apis/{kind.Group}", "versions", "version", cancellationToken);
        foreach (var version in versions)
        {
            if (await client.ServesAsync(kind with { Version = version }, cancellationToken))
            {
                served.Add(version);
            }
        }

        return served;
    }

    private static async Task<List<string>> NamesAsync(
        IKubernetesClient client, string path, string list, string name, CancellationToken cancellationToken)
    {
        try
        {
            using var json = JsonDocument.Parse(await client.GetRawAsync(path, cancellationToken));
            return json.RootElement.TryGetProperty(list, out var items) && items.ValueKind == JsonValueKind.Array
                ? [.. items.EnumerateArray().Select(item => item.TryGetProperty(name, out var value) ? value.GetString() : null).OfType<string>()]
                : [];
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return [];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or JSON of another shape: from a proxy that has something to say of its own.
            throw new InvalidDataException($"The API server's answer to {path} is no list of its API: {exception.Message}", exception);
        }
    }
}
