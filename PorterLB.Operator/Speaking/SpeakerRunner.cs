using System.Collections.Immutable;
using PorterLB.Operator.Commands;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Hosting;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;

namespace PorterLB.Operator.Speaking;

/// <summary>Runs the speaker of this node: feeds it with rights, tells of what it does, and hands over at a stop.</summary>
internal sealed class SpeakerRunner(
    SpeakerSettings settings,
    NodeSpeaker speaking,
    RightsFeed feed,
    SpeakerStatusWriter writer,
    SpeakerLease lease,
    DataPlaneCheck dataPlane,
    Informer<ServiceView> services,
    Informer<SecretView> secrets,
    IKubernetesClient client,
    EventPublisher publish,
    TimeProvider time,
    ILoggerFactory loggers) : IRunnable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // Of the 10 s that the Pod has, after the 2 s that a hand-over may take.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);

    private readonly ILogger _logger = loggers.CreateLogger("PorterLB.Operator.Speaking");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var keys = await KeysAsync(cancellationToken);
        var tag = await TagAsync(cancellationToken);
        var speaker = await speaking.StartAsync(new SpeakerIdentity(tag, keys));

        using var contact = services.SubscribeConnected(speaker.SetContact);
        speaker.SetContact(services.Connected);
        using var rotation = secrets.Subscribe(delta =>
        {
            if (KeysOf(delta.New) is { IsEmpty: false } changed)
            {
                speaking.UseKeys(changed);
            }
        });

        using var parts = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] tasks =
        [
            feed.RunAsync(speaker.Apply, parts.Token),
            writer.RunAsync(speaker, Running.Version, parts.Token),
            lease.RunAsync(parts.Token),
            dataPlane.RunAsync(speaker.SetDataPlane, parts.Token),
            TellAsync(speaker, parts.Token),
            speaker.Completion,
        ];
        var ended = await Task.WhenAny(tasks);
        if (!cancellationToken.IsCancellationRequested)
        {
            await parts.CancelAsync();
            await ended;
            throw new OperatorException("A part of the speaker ended although nobody stopped it.");
        }

        await Task.WhenAll(tasks[..^1]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await HandOverAsync(speaker);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task HandOverAsync(LayerTwoSpeaker speaker)
    {
        await speaking.LeaveAsync();
        using var limit = new CancellationTokenSource(LastWords, time);
        try
        {
            await writer.LeaveAsync(speaker.Status with { Announced = [] }, speaker.Totals, Running.Version, limit.Token);
            await lease.ReleaseAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The API server does not answer: the others on the wire know, and the lease runs out by itself.
        }
    }

    private async Task<ImmutableArray<byte[]>> KeysAsync(CancellationToken cancellationToken)
    {
        for (var told = false; ; told = true)
        {
            var secret = secrets.List().FirstOrDefault();
            if (KeysOf(secret) is { IsEmpty: false } keys)
            {
                return keys;
            }

            if (!told)
            {
                _logger.WaitsForKeys(settings.Namespace, secret is null ? "there is no such Secret yet; the manager makes it" : "it has no key 'current' of at least 16 bytes");
            }

            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    private static ImmutableArray<byte[]> KeysOf(SecretView? secret) =>
        secret?.Data is { } data && data.TryGetValue(HelloKeys.Current, out var current) && current.Length >= 16
            ? data.TryGetValue(HelloKeys.Previous, out var previous) && previous.Length >= 16 ? [current, previous] : [current]
            : [];

    private async Task<ImmutableArray<byte>> TagAsync(CancellationToken cancellationToken)
    {
        string? problem = null;
        while (true)
        {
            try
            {
                var system = await client.GetAsync(NamespaceView.Type, new EntityKey(null, "kube-system"), cancellationToken);
                if (system?.Metadata.Uid is { Length: > 0 } uid)
                {
                    return ClusterTag.Of(uid);
                }
            }
            catch (Exception exception) when (ServerTrouble.Is(exception))
            {
                if (problem != exception.Message)
                {
                    problem = exception.Message;
                    _logger.ClusterUnknown(problem);
                }
            }

            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    private async Task TellAsync(LayerTwoSpeaker speaker, CancellationToken cancellationToken)
    {
        await foreach (var report in speaker.Reports.ReadAllAsync(cancellationToken))
        {
            var sentence = SpeakerWords.Of(report, settings.NodeName);
            if (report.Address is not { } address || sentence is null)
            {
                continue;
            }

            foreach (var service in feed.UsersOf(address))
            {
                await publish(service, sentence.Reason, sentence.Message, sentence.Type, cancellationToken);
            }
        }
    }
}

/// <summary>What of a speaker's reports belongs on a Service, in words. The rest is logged by the speaker itself.</summary>
internal static class SpeakerWords
{
    public static PlannedEvent? Of(SpeakerReport report, string node) => report.Kind switch
    {
        ReportKind.TookOver => new PlannedEvent(
            "TookOver", $"Node '{node}' took {report.Address} over on {report.Interface}{(report.Node is null ? "" : $" from '{report.Node}'")}."),
        ReportKind.ConflictRefused => new PlannedEvent(
            EventReasons.AddressConflict,
            $"{report.Address} is not announced by node '{node}': another machine, {report.Mac}, already answers for it on {report.Interface}. "
            + "Take the address from that machine or exclude it in the Eip (spec.excludes).",
            EventType.Warning),
        ReportKind.ConflictDefended => new PlannedEvent(
            EventReasons.AddressConflict,
            $"Another machine, {report.Mac}, claims {report.Address} on {report.Interface}; node '{node}' defends it. Take the address from that machine.",
            EventType.Warning),
        ReportKind.ConflictEnded => new PlannedEvent("AddressConflictEnded", $"No other machine answers for {report.Address} on {report.Interface} any more."),
        ReportKind.KernelAnswers => new PlannedEvent(
            "KernelAnswers", report.Detail ?? $"The kernel of node '{node}' answers for {report.Address} too: set net.ipv4.conf.all.arp_ignore=1 (kube-proxy: strictARP).", EventType.Warning),
        ReportKind.NoInterface => null,
        _ => null,
    };
}
