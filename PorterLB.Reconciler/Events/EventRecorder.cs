using System.Buffers;
using System.Globalization;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Events;

/// <summary>
/// Sends Events in the background. Saying something never waits and never fails: Events are for people, and nothing may depend on them.
/// </summary>
internal sealed class EventRecorder(
    IKubernetesClient client, string component, string? host, TimeProvider time, OperatorMetrics metrics, ILogger<EventRecorder> logger)
{
    private const int TriesMax = 12;
    private const int MessageLengthMax = 1024;

    // The rest of an object's name of 253 characters is for what tells its Events apart.
    private const int NameLengthMax = 230;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TellsOfDrops = TimeSpan.FromMinutes(1);

    private readonly EventQueue _queue = new();
    private readonly EventCorrelator _correlator = new();
    private readonly long _start = time.GetTimestamp();
    private int _sequence;
    private long? _toldOfDrops;
    private int _dropped;
    private volatile bool _closing;

    /// <summary>The <see cref="EventPublisher"/>.</summary>
    public Task PublishAsync(
        IKubernetesObject<V1ObjectMeta> entity,
        string reason,
        string message,
        EventType type = EventType.Normal,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        var statement = new EventStatement(
            new EventSubject
            {
                ApiVersion = entity.ApiVersion,
                Kind = entity.Kind,
                Name = entity.Metadata.Name,
                Namespace = string.IsNullOrEmpty(entity.Metadata.NamespaceProperty) ? null : entity.Metadata.NamespaceProperty,
                Uid = entity.Metadata.Uid,
                ResourceVersion = entity.Metadata.ResourceVersion,
            },
            type,
            reason,
            message.Length > MessageLengthMax ? string.Concat(message.AsSpan(0, MessageLengthMax - 1), "…") : message,
            time.GetUtcNow());
        if (!_queue.TryAdd(statement))
        {
            Interlocked.Increment(ref _dropped);
            metrics.EventDropped(type, "queue_full");
        }

        return Task.CompletedTask;
    }

    /// <summary>Sends what is said until <see cref="Complete"/> and all is sent, or until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _queue.TakeAsync(cancellationToken) is { } statement)
            {
                TellOfDrops();
                if (_correlator.Correlate(time.GetElapsedTime(_start), statement) is { } correlated)
                {
                    await SendAsync(statement, correlated, cancellationToken);
                }
                else
                {
                    metrics.EventDropped(statement.Type, "too_many_about_object");
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>Nothing more is said; what was said is sent, without patience for retries.</summary>
    public void Complete()
    {
        _closing = true;
        _queue.Complete();
    }

    private async Task SendAsync(EventStatement statement, CorrelatedEvent correlated, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await StoreAsync(statement, correlated, cancellationToken);
                return;
            }
            catch (ApiException exception) when (exception.IsDefinite)
            {
                // As in a namespace that is being deleted.
                Refused(statement, exception);
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                if (tries == TriesMax || _closing)
                {
                    Refused(statement, exception);
                    return;
                }
            }

            await Task.Delay(RetryAfter, time, cancellationToken);
        }
    }

    private void Refused(EventStatement statement, Exception exception)
    {
        metrics.EventDropped(statement.Type, "refused");
        logger.EventRefused(statement.Reason, exception.Message);
    }

    private void TellOfDrops()
    {
        if (Volatile.Read(ref _dropped) > 0 && (_toldOfDrops is not { } told || time.GetElapsedTime(told) >= TellsOfDrops))
        {
            _toldOfDrops = time.GetTimestamp();
            logger.EventsDropped(Interlocked.Exchange(ref _dropped, 0), EventQueue.Most);
        }
    }

    private async Task StoreAsync(EventStatement statement, CorrelatedEvent correlated, CancellationToken cancellationToken)
    {
        var @namespace = statement.Subject.Namespace ?? "default";
        if (correlated.StoredName is { } stored)
        {
            try
            {
                await client.PatchAsync(
                    EventRecord.EntityType,
                    new EntityKey(@namespace, stored),
                    PatchKind.Merge,
                    CountUp(statement, correlated),
                    cancellationToken: cancellationToken);
                return;
            }
            catch (ApiException exception) when (exception.IsNotFound)
            {
                // Events live for an hour; this one is over, and it is said anew.
                _correlator.Stored(correlated.Key, name: null);
            }
        }

        var name = NameOf(statement);
        await client.CreateAsync(
            EventRecord.EntityType,
            new EventRecord
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = @namespace },
                InvolvedObject = statement.Subject,
                Reason = statement.Reason,
                Message = correlated.Message,
                Type = statement.Type.ToString(),
                Source = new EventSource { Component = component, Host = host },
                FirstTimestamp = correlated.First,
                LastTimestamp = statement.At,
                Count = correlated.Count,
            },
            cancellationToken: cancellationToken);
        _correlator.Stored(correlated.Key, name);
    }

    private string NameOf(EventStatement statement)
    {
        var subject = statement.Subject.Name ?? "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(subject.Length > NameLengthMax ? subject[..NameLengthMax].TrimEnd('.', '-') : subject)}.{statement.At.UtcTicks + _sequence++:x}");
    }

    private static byte[] CountUp(EventStatement statement, CorrelatedEvent correlated)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("count", correlated.Count);
            writer.WriteString("message", correlated.Message);
            writer.WriteString("lastTimestamp", statement.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
