using System.Globalization;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

/// <summary>Asks for the version that the server has of a kind, by a list of nothing.</summary>
internal sealed class ServerVersion<TEntity>(IKubernetesClient client, EntityType<TEntity> type, ListOptions scope)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    // One object by its key, and one that cannot exist: the server looks at one place, and its version is all that counts. (A name that is
    // no key, or no namespace to make one of, would have it go through all objects. Who may only read one object asks for that one.)
    private readonly ListOptions _nothing = scope.FieldSelector?.StartsWith("metadata.name=", StringComparison.Ordinal) == true ? scope : scope with
    {
        FieldSelector = "metadata.name=-",
        LabelSelector = null,
        Namespace = scope.Namespace ?? (type.Scope == EntityScope.Namespaced ? "default" : null),
    };

    /// <summary>What the server has at hand.</summary>
    public Task<string> CachedAsync(CancellationToken cancellationToken) => ReadAsync("0", cancellationToken);

    /// <summary>What its store has.</summary>
    public Task<string> StoredAsync(CancellationToken cancellationToken) => ReadAsync("", cancellationToken);

    private async Task<string> ReadAsync(string version, CancellationToken cancellationToken) =>
        (await client.ListAsync(type, _nothing with { ResourceVersion = version }, cancellationToken)).ResourceVersion;
}

/// <summary>Versions in their order: Kubernetes promises it for those of one kind (KEP-5504), and etcd has always kept it.</summary>
internal static class ServerVersion
{
    /// <summary>Whether one is later; not when one of them is no number.</summary>
    public static bool IsLater(string? one, string? than) => Number(one) > Number(than);

    /// <summary>How many versions later one is, at least 0; null when one of them is no number.</summary>
    public static ulong? Distance(string? from, string? to) =>
        Number(from) is { } first && Number(to) is { } last ? last - Math.Min(first, last) : null;

    private static ulong? Number(string? version) =>
        ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
