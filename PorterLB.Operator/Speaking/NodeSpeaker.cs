using System.Collections.Immutable;
using PorterLB.Speaker;

namespace PorterLB.Operator.Speaking;

/// <summary>
/// The speaker of this node, from before the API server is asked for anything until the hand-over is done. It resumes from its state
/// folder, so that speakers that all restart while the API server is down go on with what they held.
/// </summary>
internal sealed class NodeSpeaker : IAsyncDisposable
{
    private readonly SpeakerSettings _settings;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IdentityFile? _file;
    private bool _left;

    public NodeSpeaker(SpeakerSettings settings, ILoggerFactory loggers, TimeProvider time)
    {
        (_settings, _loggers, _time) = (settings, loggers, time);
        _logger = loggers.CreateLogger<NodeSpeaker>();
        _file = settings.StateFolder is { } folder ? new IdentityFile(Path.Combine(folder, $"{settings.NodeName}.identity"), LayerTwoSpeaker.ReadBootId()) : null;
    }

    /// <summary>The running speaker, or null before it has started.</summary>
    public LayerTwoSpeaker? Running { get; private set; }

    /// <summary>Who this speaker is, or null before it is known.</summary>
    public SpeakerIdentity? Identity { get; private set; }

    /// <summary>Starts with what was kept by an earlier process of this boot, if there is anything.</summary>
    public void Resume()
    {
        try
        {
            if (_file?.Read() is { } kept)
            {
                Start(kept);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _logger.IdentityFileFailed(exception.Message);
        }
    }

    /// <summary>Starts, or goes on, with what the API server says.</summary>
    public async Task<LayerTwoSpeaker> StartAsync(SpeakerIdentity identity)
    {
        if (Running is { } running)
        {
            if (Identity!.ClusterTag.AsSpan().SequenceEqual(identity.ClusterTag.AsSpan()))
            {
                UseKeys(identity.Keys);
                return running;
            }

            // The state folder is another cluster's: what it named is not ours to answer for.
            await running.DisposeAsync();
        }

        var speaker = Start(identity);
        Keep(identity);
        return speaker;
    }

    /// <summary>Exchanges the keys of the hellos.</summary>
    public void UseKeys(ImmutableArray<byte[]> keys)
    {
        Running!.SetKeys(keys);
        Keep(Identity! with { Keys = keys });
    }

    /// <summary>Hands all addresses over; the second time there is nothing to do.</summary>
    public async Task LeaveAsync()
    {
        if (Running is { } running && !_left)
        {
            _left = true;
            await running.LeaveAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        if (Running is { } running)
        {
            await running.DisposeAsync();
        }
    }

    private LayerTwoSpeaker Start(SpeakerIdentity identity)
    {
        var speaker = LayerTwoSpeaker.Start(
            new SpeakerOptions
            {
                NodeName = _settings.NodeName,
                ClusterTag = identity.ClusterTag,
                Keys = identity.Keys,
                HelloPort = _settings.HelloPort,
                StateFile = _settings.StateFolder is { } folder ? Path.Combine(folder, $"{_settings.NodeName}.rights") : null,
            },
            _loggers,
            _time);
        (Running, Identity) = (speaker, identity);
        _logger.SpeakerRuns(_settings.NodeName, _settings.HelloPort);
        return speaker;
    }

    private void Keep(SpeakerIdentity identity)
    {
        Identity = identity;
        try
        {
            _file?.Write(identity);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _logger.IdentityFileFailed(exception.Message);
        }
    }
}
