using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>An informer of ConfigMaps that remembers what it said.</summary>
internal sealed class RecordingInformer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Delta<ConfigMap>> _deltas = Channel.CreateUnbounded<Delta<ConfigMap>>();
    private readonly Channel<bool> _connected = Channel.CreateUnbounded<bool>();
    private readonly Task _run;

    public RecordingInformer(
        IKubernetesClient client,
        TimeProvider time,
        string? @namespace = null,
        Action<InformerOptions<ConfigMap>>? configure = null,
        EntityType<ConfigMap>? type = null)
    {
        var options = new InformerOptions<ConfigMap> { Namespace = @namespace };
        configure?.Invoke(options);
        Informer = new Informer<ConfigMap>(
            client,
            type ?? ConfigMap.EntityType,
            options,
            time,
            new Random(1),
            NullLogger<Informer<ConfigMap>>.Instance);
        Informer.Subscribe(delta => _deltas.Writer.TryWrite(delta));
        Informer.SubscribeConnected(connected => _connected.Writer.TryWrite(connected));
        _run = Informer.RunAsync(_stop.Token);
    }

    public Informer<ConfigMap> Informer { get; }

    public async Task<Delta<ConfigMap>> NextAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return await _deltas.Reader.ReadAsync(limit.Token);
    }

    /// <summary>The next delta that is no replay.</summary>
    public async Task<Delta<ConfigMap>> NextChangeAsync()
    {
        while (true)
        {
            if (await NextAsync() is { IsReplay: false } change)
            {
                return change;
            }
        }
    }

    public async Task UntilConnectedAsync(bool connected)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await _connected.Reader.ReadAsync(limit.Token) != connected)
        {
        }
    }

    /// <summary>Whether contact was said to be lost or won since this was last waited for.</summary>
    public bool HasLostContact => _connected.Reader.Count > 0;

    public bool HasDeltas => _deltas.Reader.Count > 0;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _run;
        }
        catch (OperationCanceledException)
        {
        }

        _stop.Dispose();
    }
}
