using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>
/// Keeps this node's Speaker object: written when something changed, at once the first time and then at most once a second; never because
/// time passed. The object belongs to its Node and goes with it.
/// </summary>
internal sealed class SpeakerStatusWriter(
    IKubernetesClient client, Informer<NodeView> nodes, SpeakerSettings settings, TimeProvider time, ILogger<SpeakerStatusWriter> logger)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(5);

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private byte[] _written = [];
    private bool _exists;
    private string? _problem;

    public async Task RunAsync(LayerTwoSpeaker speaker, string version, CancellationToken cancellationToken)
    {
        using var forgotten = new SemaphoreSlim(0);
        using var subscription = nodes.SubscribeWentBack(() => forgotten.Release());
        var pending = speaker.Status;
        while (true)
        {
            var failed = !await TryWriteAsync(pending, speaker.Totals, version, leaving: false, cancellationToken);
            await Task.Delay(Pace, time, cancellationToken);
            if (failed)
            {
                pending = speaker.Status;
                continue;
            }

            _exists = !await HasForgottenAsync(forgotten, speaker.Changes, cancellationToken);
            while (speaker.Changes.TryRead(out var status))
            {
                pending = status;
            }
        }
    }

    /// <summary>Ends when there is something to write: a change, or all that the server has forgotten.</summary>
    private static async Task<bool> HasForgottenAsync(SemaphoreSlim forgotten, ChannelReader<SpeakerStatus> changes, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wait = forgotten.WaitAsync(either.Token);
        await Task.WhenAny(changes.WaitToReadAsync(either.Token).AsTask(), wait);
        cancellationToken.ThrowIfCancellationRequested();
        await either.CancelAsync();
        return wait.IsCompletedSuccessfully;
    }

    /// <summary>The last word of a speaker that stops.</summary>
    public Task LeaveAsync(SpeakerStatus status, SpeakerTotals totals, string version, CancellationToken cancellationToken) =>
        TryWriteAsync(status, totals, version, leaving: true, cancellationToken);

    private async Task<bool> TryWriteAsync(SpeakerStatus status, SpeakerTotals totals, string version, bool leaving, CancellationToken cancellationToken)
    {
        // Compared without the counters: they change with every request, and are told beside what else changed.
        var now = SpeakerObject.Of(status, version, _startedAt, leaving);
        now.Gateways = [.. DefaultRouters.Read().Select(router => $"{router}")];
        var compared = SpeakerObject.Json(now);
        if (_exists && compared.AsSpan().SequenceEqual(_written))
        {
            return true;
        }

        now.Counters = SpeakerObject.Counters(totals);
        var body = SpeakerObject.Json(now);

        try
        {
            if (!_exists)
            {
                await CreateAsync(cancellationToken);
            }

            await client.PatchAsync(
                V1Alpha2Speaker.Type,
                new EntityKey(null, settings.NodeName),
                PatchKind.Merge,
                body,
                subresource: "status",
                fieldManager: ServiceChange.FieldManager,
                timeout: WriteTimeout,
                cancellationToken: cancellationToken);
            _written = compared;
            _problem = null;
            return true;
        }
        catch (Exception exception) when (ServerTrouble.Is(exception) || exception is InvalidOperationException)
        {
            _exists &= exception is not ApiException { IsNotFound: true };
            if (_problem != exception.Message)
            {
                _problem = exception.Message;
                logger.SpeakerStatusFailed(exception.Message);
            }

            return false;
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var node = nodes.Get(new EntityKey(null, settings.NodeName))
            ?? throw new InvalidOperationException($"There is no Node '{settings.NodeName}': --node-name (NODE_NAME) must be the name of the Node that this runs on.");
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", V1Alpha2Speaker.Type.Metadata.GroupWithVersion);
            json.WriteString("kind", V1Alpha2Speaker.Type.Metadata.Kind);
            json.WriteStartObject("metadata");
            json.WriteString("name", settings.NodeName);
            json.WriteStartArray("ownerReferences");
            json.WriteStartObject();
            json.WriteString("apiVersion", "v1");
            json.WriteString("kind", "Node");
            json.WriteString("name", node.Name);
            json.WriteString("uid", node.Metadata.Uid);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        await client.PatchAsync(
            V1Alpha2Speaker.Type,
            new EntityKey(null, settings.NodeName),
            PatchKind.Apply,
            buffer.WrittenMemory,
            fieldManager: ServiceChange.FieldManager,
            force: true,
            timeout: WriteTimeout,
            cancellationToken: cancellationToken);
        _exists = true;
    }
}
