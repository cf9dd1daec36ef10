using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Leadership;

/// <summary>Carries out what <see cref="LeaseElection"/> decides.</summary>
internal sealed class LeaseElector : ILeadership
{
    private readonly IKubernetesClient _client;
    private readonly EntityKey _key;
    private readonly LeaseTimes _times;
    private readonly string _identity;
    private readonly TimeProvider _time;
    private readonly OperatorMetrics? _metrics;
    private readonly ILogger<LeaseElector> _logger;
    private readonly long _start;
    private readonly TaskCompletionSource _acquired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _lock = new();
    private readonly LeaseElection _election;

    // What others put on the Lease, as labels, stays when we replace it.
    private V1ObjectMeta? _metadata;
    private volatile TaskCompletionSource _look = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _reportedHolder;
    private string? _reportedError;

    public LeaseElector(
        IKubernetesClient client,
        EntityKey key,
        LeaseTimes times,
        string identity,
        TimeProvider time,
        Random random,
        OperatorMetrics? metrics,
        ILogger<LeaseElector> logger)
    {
        _client = client;
        _key = key;
        _times = times;
        _identity = identity;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _start = time.GetTimestamp();
        _election = new LeaseElection(times, identity, random);
        _metrics?.Leads(key.Name, leads: false);
    }

    public bool IsLeader
    {
        get
        {
            lock (_lock)
            {
                return _election.MayAct(Now);
            }
        }
    }

    public bool MayWrite
    {
        get
        {
            lock (_lock)
            {
                return _election.MayWrite(Now);
            }
        }
    }

    public TakeOver TakeOver
    {
        get
        {
            lock (_lock)
            {
                return _election.TakeOver;
            }
        }
    }

    public TimeSpan WriteTimeout => _times.WriteTimeout;

    public TimeSpan LateWrites
    {
        get
        {
            lock (_lock)
            {
                return _election.LateWrites;
            }
        }
    }

    public void Look()
    {
        lock (_lock)
        {
            _election.Look();
        }

        _look.TrySetResult();
    }

    /// <summary>Ends when leadership is won.</summary>
    public Task Acquired => _acquired.Task;

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>
    /// The host's name and something that no other process has: two Pods on one host's network have the same host name, and a restarted
    /// one must not take itself for the one before.
    /// </summary>
    public static string NewIdentity(string hostName, Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return $"{hostName}_{new Guid(bytes)}";
    }

    /// <summary>Stands for election until cancelled, and leads when elected.</summary>
    /// <exception cref="LeadershipLostException">It led and does no longer.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                LeaseStep step;
                lock (_lock)
                {
                    step = _election.Next(Now);
                }

                if (step is LeaseStep.Lost)
                {
                    _metrics?.Leads(_key.Name, leads: false);
                    throw new LeadershipLostException(
                        $"The lease {_key} could not be renewed within {_times.RenewDeadline.TotalSeconds:0.#} s, or somebody else holds it: " +
                        (_reportedError ?? $"holder is {_reportedHolder ?? "nobody"}"));
                }

                await CarryOutAsync(step, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <summary>
    /// Gives the Lease back, so that the next leader need not wait. To be called when nothing acts any more, and after
    /// <see cref="RunAsync"/> has ended.
    /// </summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        LeaseStep.Replace? step;
        lock (_lock)
        {
            step = _election.Release(Now);
        }

        _metrics?.Leads(_key.Name, leads: false);
        if (step is null)
        {
            return;
        }

        using var limit = new CancellationTokenSource(_times.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            try
            {
                await WriteAsync(step.Spec, step.ResourceVersion, either.Token);
            }
            catch (ApiException exception) when (exception.IsConflict)
            {
                // A renewal that was cut off by the stop had arrived after all.
                if (await _client.GetAsync(Lease.EntityType, _key, either.Token) is { } lease && lease.Spec?.HolderIdentity == _identity)
                {
                    _metadata = lease.Metadata;
                    await WriteAsync(step.Spec, lease.Metadata.ResourceVersion, either.Token);
                }
            }

            _logger.LeaseReleased(_key);
        }
        catch (Exception exception) when (exception is ApiException or HttpRequestException or TimeoutException or OperationCanceledException)
        {
            _logger.LeaseNotReleased(_key, exception.Message, _times.Duration);
        }
    }

    private async Task CarryOutAsync(LeaseStep step, CancellationToken cancellationToken)
    {
        if (step is LeaseStep.Wait wait)
        {
            var delay = wait.Until - Now;
            using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, _time, woken.Token), _look.Task);
            await woken.CancelAsync();
            if (_look.Task.IsCompleted)
            {
                _look = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        var startedAt = Now;
        using var limit = new CancellationTokenSource(RequestTime(startedAt), _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            switch (step)
            {
                case LeaseStep.Read:
                    var read = await _client.GetAsync(Lease.EntityType, _key, either.Token);
                    lock (_lock)
                    {
                        _metadata = read?.Metadata;
                        _election.Read(Now, read is null ? null : read.Spec ?? new LeaseSpec(), read?.Metadata.ResourceVersion);
                    }

                    ReportHolder();
                    break;
                case LeaseStep.Create create:
                    Stored(startedAt, await WriteAsync(create.Spec, version: null, either.Token));
                    break;
                case LeaseStep.Replace replace:
                    Stored(startedAt, await WriteAsync(replace.Spec, replace.ResourceVersion, either.Token));
                    break;
            }

            _reportedError = null;
        }
        catch (ApiException exception) when (exception.IsConflict || exception.IsAlreadyExists || exception.IsNotFound)
        {
            lock (_lock)
            {
                _election.Refused(Now);
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            lock (_lock)
            {
                _election.Failed(Now);
            }

            var reason = exception is OperationCanceledException ? $"no answer within {RequestTime(startedAt).TotalSeconds:0.#} s" : exception.Message.TrimEnd('.');
            if (reason != _reportedError)
            {
                _reportedError = reason;
                _logger.LeaseFailed(_key, reason);
            }
        }
    }

    private TimeSpan RequestTime(TimeSpan startedAt)
    {
        lock (_lock)
        {
            // A leader must notice its end when it comes, not when a request that hangs gives up.
            return _election.Deadline - startedAt is { } left && left < _times.RequestTimeout
                ? left > TimeSpan.Zero ? left : TimeSpan.Zero
                : _times.RequestTimeout;
        }
    }

    private Task<Lease> WriteAsync(LeaseSpec spec, string? version, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var released = string.IsNullOrEmpty(spec.HolderIdentity);
        var lease = new Lease
        {
            Metadata = new V1ObjectMeta
            {
                Name = _key.Name,
                NamespaceProperty = _key.Namespace,
                ResourceVersion = version,
                Labels = _metadata?.Labels,
                Annotations = _metadata?.Annotations,
                OwnerReferences = _metadata?.OwnerReferences,
                Uid = version is null ? null : _metadata?.Uid,
            },
            Spec = spec with { AcquireTime = spec.AcquireTime ?? (released ? null : now), RenewTime = now },
        };
        return version is null
            ? _client.CreateAsync(Lease.EntityType, lease, _times.RequestTimeout, cancellationToken)
            : _client.UpdateAsync(Lease.EntityType, lease, _times.RequestTimeout, cancellationToken);
    }

    private void Stored(TimeSpan startedAt, Lease stored)
    {
        bool leads;
        lock (_lock)
        {
            _metadata = stored.Metadata;
            _election.Accepted(startedAt, stored.Spec ?? new LeaseSpec(), stored.Metadata.ResourceVersion);
            leads = _election.MayAct(Now);
        }

        if (leads && !_acquired.Task.IsCompleted)
        {
            _metrics?.Leads(_key.Name, leads: true);
            _logger.LeaseAcquired(_key, _identity, TakeOver);
            _acquired.TrySetResult();
        }
    }

    private void ReportHolder()
    {
        var holder = _election.Holder;
        if (holder != _reportedHolder)
        {
            _reportedHolder = holder;
            if (holder is not null && holder != _identity)
            {
                _logger.LeaseHeld(_key, holder);
            }
        }
    }
}
