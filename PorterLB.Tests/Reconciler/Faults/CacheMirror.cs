using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Lab.Cluster;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>
/// An informer of the ConfigMaps of a namespace, and a second copy of them made from its deltas alone: what a subscriber that remembers
/// would know. A delta that does not fit onto what came before is remembered as a mistake.
/// </summary>
internal sealed class CacheMirror : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly KubernetesConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<EntityKey, string> _told = [];
    private readonly List<string> _mistakes = [];
    private readonly Lock _lock = new();
    private readonly Task _run;
    private int _lost;

    public CacheMirror(FaultProxy proxy, ControlPlane plane, string @namespace, TimeProvider time)
    {
        Namespace = @namespace;
        Plane = plane;
        _connection = KubernetesConnection.Create(proxy.Kubeconfig(plane.AdminKubeconfig), "porterlb-tests/1.0");
        Informer = new Informer<ConfigMap>(
            new KubernetesClient(_connection, TimeProvider.System),
            ConfigMap.EntityType,
            new InformerOptions<ConfigMap> { Namespace = @namespace },
            time,
            new Random(1),
            NullLogger<Informer<ConfigMap>>.Instance);
        Informer.Subscribe(Remember);
        Informer.SubscribeConnected(connected => Interlocked.Add(ref _lost, connected ? 0 : 1));
        _run = Informer.RunAsync(_stop.Token);
    }

    public Informer<ConfigMap> Informer { get; }

    public string Namespace { get; }

    public ControlPlane Plane { get; }

    /// <summary>How often contact was said to be lost.</summary>
    public int Losses => Volatile.Read(ref _lost);

    /// <summary>Waits until cache, deltas and API server say the same.</summary>
    public async Task AgreesAsync(CancellationToken cancellationToken)
    {
        var difference = "";
        try
        {
            await ControlPlane.WaitUntilAsync(
                "the cache to be as the API server",
                async () =>
                {
                    var there = await ThereAsync(cancellationToken);
                    var cached = Informer.List().ToDictionary(EntityKey.Of, item => item.Metadata.ResourceVersion);
                    lock (_lock)
                    {
                        difference = Difference("cached", there, cached) + Difference("told", there, _told);
                    }

                    return difference.Length == 0;
                },
                Patience,
                cancellationToken);
        }
        catch (PorterLB.Lab.LabException exception)
        {
            throw new Xunit.Sdk.XunitException($"{exception.Message} {difference}", exception);
        }

        lock (_lock)
        {
            Assert.Empty(_mistakes);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _connection.Dispose();
        _stop.Dispose();
    }

    private void Remember(Delta<ConfigMap> delta)
    {
        lock (_lock)
        {
            var before = _told.GetValueOrDefault(delta.Key);
            if (delta.New is null)
            {
                // A deletion tells the last state, which may be newer than what was told before.
                if (!_told.Remove(delta.Key))
                {
                    _mistakes.Add($"{delta.Key} was deleted without having been added");
                }
            }
            else
            {
                if (before != delta.Old?.Metadata.ResourceVersion)
                {
                    _mistakes.Add($"{delta.Key} was at {before} and is said to have been at {delta.Old?.Metadata.ResourceVersion}");
                }

                _told[delta.Key] = delta.New.Metadata.ResourceVersion;
            }
        }
    }

    private async Task<Dictionary<EntityKey, string>> ThereAsync(CancellationToken cancellationToken)
    {
        var list = (await Plane.Api.GetAsync($"/api/v1/namespaces/{Namespace}/configmaps", cancellationToken))!;
        return list["items"]!.AsArray().Select(item => item!["metadata"]!).ToDictionary(
            metadata => new EntityKey(Namespace, (string)metadata["name"]!), metadata => (string)metadata["resourceVersion"]!);
    }

    private static string Difference(string what, Dictionary<EntityKey, string> there, Dictionary<EntityKey, string> here)
    {
        var differing = there.Keys.Union(here.Keys).Where(key => there.GetValueOrDefault(key) != here.GetValueOrDefault(key)).Take(3)
            .Select(key => $"{key} is at {there.GetValueOrDefault(key) ?? "nothing"} and {what} at {here.GetValueOrDefault(key) ?? "nothing"}; ");
        return string.Concat(differing);
    }
}
