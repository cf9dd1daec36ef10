using System.Buffers;
using System.Text.Json;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Speaking;

/// <summary>The speaker's sign of life for the manager: a Lease renewed every 10 s, and given back at a stop.</summary>
internal sealed class SpeakerLease(IKubernetesClient client, SpeakerSettings settings, TimeProvider time, ILogger<SpeakerLease> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(5);

    private readonly EntityKey _key = new(settings.Namespace, SpeakerLives.LeasePrefix + settings.NodeName);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? problem = null;
        while (true)
        {
            try
            {
                await WriteAsync(settings.NodeName, cancellationToken);
                problem = null;
            }
            catch (Exception exception) when (ServerTrouble.Is(exception))
            {
                if (problem != exception.Message)
                {
                    problem = exception.Message;
                    logger.SpeakerLeaseFailed(_key, problem);
                }
            }

            await Task.Delay(problem is null ? Interval : Retry, time, cancellationToken);
        }
    }

    /// <summary>Says at once that nobody speaks for this node any more.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync("", cancellationToken);
        }
        catch (Exception exception) when (ServerTrouble.Is(exception) || exception is OperationCanceledException)
        {
            logger.SpeakerLeaseFailed(_key, exception.Message);
        }
    }

    private Task<LeaseView> WriteAsync(string holder, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", "coordination.k8s.io/v1");
            json.WriteString("kind", "Lease");
            json.WriteStartObject("metadata");
            json.WriteString("name", _key.Name);
            json.WriteString("namespace", _key.Namespace);
            json.WriteEndObject();
            json.WriteStartObject("spec");
            json.WriteString("holderIdentity", holder);
            json.WriteNumber("leaseDurationSeconds", (int)SpeakerLives.FreshFor.TotalSeconds);
            json.WriteString("renewTime", time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ"));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return client.PatchAsync(
            LeaseView.Type, _key, PatchKind.Apply, buffer.WrittenMemory, fieldManager: ServiceChange.FieldManager, force: true, timeout: WriteTimeout, cancellationToken: cancellationToken);
    }
}
