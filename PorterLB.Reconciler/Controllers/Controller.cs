using System.Collections.Concurrent;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Leadership;
using PorterLB.Reconciler.Metrics;
using PorterLB.Reconciler.Queueing;

namespace PorterLB.Reconciler.Controllers;

/// <summary>
/// Calls an <see cref="IEntityController{TEntity}"/> for every object that may need it: changes become keys, keys wait in a queue,
/// workers read the newest state from the cache. So an event may be lost or doubled on the way, and nothing is.
/// </summary>
internal sealed class Controller<TEntity>(
    ControllerOptions<TEntity> options,
    string name,
    Func<IServiceProvider, IEntityController<TEntity>> resolve,
    IServiceProvider services,
    Informer<TEntity> informer,
    EntityFinalizers<TEntity> finalizers,
    TimeProvider time,
    Random random,
    OperatorMetrics operatorMetrics,
    ILogger<Controller<TEntity>> logger) : IControllerRunner, IDisposable
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ControllerMetrics _metrics = operatorMetrics.ForController(name, options.MaxConcurrentReconciles ?? 1);
    private readonly QueuePump<EntityKey> _queue = new(name, time, operatorMetrics);

    // The last state of objects that are gone and not yet reported.
    private readonly ConcurrentDictionary<EntityKey, TEntity> _gone = new();
    private volatile bool _running;

    public string Name => name;

    public IEnumerable<Type> EntityTypes => options.Triggers.Select(trigger => trigger.EntityType).Prepend(typeof(TEntity));

    /// <summary>Asks for an object to be looked at; false when this controller does not work now.</summary>
    public bool Enqueue(EntityKey key, TimeSpan delay)
    {
        if (!_running)
        {
            return false;
        }

        _queue.Add(key, Priorities.Change, delay);
        return true;
    }

    public async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        _running = true;
        var subscriptions = new List<IDisposable> { informer.Subscribe(OnChange) };
        try
        {
            subscriptions.AddRange(options.Triggers.Select(trigger => trigger.Subscribe(services, OnTrigger)));
            await Task.WhenAll(Enumerable.Range(0, Math.Max(1, options.MaxConcurrentReconciles ?? 1)).Select(_ => WorkAsync(stop, abort)));
        }
        finally
        {
            _running = false;
            subscriptions.ForEach(subscription => subscription.Dispose());
        }
    }

    public void Dispose() => _queue.Dispose();

    private void OnChange(Delta<TEntity> delta)
    {
        if (options.Predicate is { } predicate && !predicate(delta))
        {
            return;
        }

        if (delta.New is null)
        {
            _gone[delta.Key] = delta.Latest;
        }

        OnTrigger(delta.Key, delta.IsReplay);
    }

    private void OnTrigger(EntityKey key, bool isReplay) => _queue.Add(key, isReplay ? Priorities.Replay : Priorities.Change);

    private async Task WorkAsync(CancellationToken stop, CancellationToken abort)
    {
        // Off the caller's thread: the first reconciliations must not delay the start of the others.
        await Task.Yield();
        while (true)
        {
            WorkItem<EntityKey> item;
            try
            {
                item = await _queue.TakeAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            _metrics.ActiveWorkers.Inc();
            try
            {
                await HandleAsync(item, abort);
            }
            finally
            {
                _metrics.ActiveWorkers.Dec();
                _queue.Done(item.Key);
            }
        }
    }

    private async Task HandleAsync(WorkItem<EntityKey> item, CancellationToken abort)
    {
        using var scope = logger.BeginReconciliation(name, item.Key, NextId());
        var started = time.GetTimestamp();
        using var timeout = options.ReconcileTimeout is { } limit ? new CancellationTokenSource(limit, time) : null;
        using var linked = timeout is null ? null : CancellationTokenSource.CreateLinkedTokenSource(abort, timeout.Token);
        string result;
        try
        {
            var outcome = await ReconcileAsync(item.Key, linked?.Token ?? abort);
            result = outcome switch
            {
                null or { IsSuccess: true, RequeueAfter: null } => Succeeded(item),
                { IsSuccess: true, RequeueAfter: { } after } => RequeuedAfter(item, after),
                _ => Failed(item, outcome.ErrorMessage ?? "it does not say why", outcome.Error, outcome.RequeueAfter),
            };
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            // The process ends; the next leader begins with all objects.
            return;
        }
        catch (Exception exception)
        {
            result = Threw(item, exception, timedOut: timeout is { IsCancellationRequested: true });
        }

        _metrics.Reconciles[result].Inc();
        _metrics.Time.Observe(time.GetElapsedTime(started).TotalSeconds);
    }

    private async Task<ReconciliationResult<TEntity>?> ReconcileAsync(EntityKey key, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        var entity = informer.Get(key);
        if (entity is null)
        {
            // Never seen, or reported already: a key that some other object named.
            if (!_gone.TryGetValue(key, out var last))
            {
                return null;
            }

            var reported = await resolve(scope.ServiceProvider).DeletedAsync(Own(last), cancellationToken);
            if (reported.IsSuccess)
            {
                _gone.TryRemove(KeyValuePair.Create(key, last));
            }

            return reported;
        }

        _gone.TryRemove(key, out _);
        entity = Own(entity);
        if (finalizers.Any)
        {
            if (entity.Metadata.DeletionTimestamp is not null)
            {
                return await finalizers.FinalizeAsync(scope.ServiceProvider, entity, cancellationToken);
            }

            entity = await finalizers.AttachAllAsync(entity, cancellationToken);
        }

        return await resolve(scope.ServiceProvider).ReconcileAsync(entity, cancellationToken);
    }

    // KubeOps' users write into what they are given; in the cache that would be a lie that others read.
    private TEntity Own(TEntity cached) => options.SharesCachedObjects ? cached : informer.Type.Copy(cached);

    private string Succeeded(WorkItem<EntityKey> item)
    {
        _queue.Forget(item.Key);
        return "success";
    }

    private string RequeuedAfter(WorkItem<EntityKey> item, TimeSpan after)
    {
        _queue.Forget(item.Key);
        _queue.Add(item.Key, item.Priority, after);
        return "requeue_after";
    }

    private string Failed(WorkItem<EntityKey> item, string message, Exception? error, TimeSpan? after, TimeSpan atLeast = default)
    {
        _metrics.Errors.Inc();
        var delay = Again(item, after, atLeast);
        logger.ReconcileFailed(error, name, item.Key, message, delay);
        return "error";
    }

    private string Threw(WorkItem<EntityKey> item, Exception exception, bool timedOut)
    {
        switch (exception)
        {
            case NotLeaderException:
                // Says nothing about the object, and if leadership is really lost there is no next time.
                Again(item, after: null);
                return "requeue";
            case ApiException { IsConflict: true }:
                _metrics.Errors.Inc();
                var delay = Again(item, after: null);
                logger.ReconcileConflict(name, item.Key, delay);
                return "error";
            case TerminalException:
                _metrics.Errors.Inc();
                _metrics.TerminalErrors.Inc();
                _queue.Forget(item.Key);
                logger.ReconcileTerminal(exception, name, item.Key, exception.Message);
                return "error";
            case OperationCanceledException when timedOut:
                _metrics.Timeouts.Inc();
                return Failed(item, $"it took longer than {options.ReconcileTimeout}", error: null, after: null);
            case ApiException or HttpRequestException or TimeoutException or IOException:
                // The message says it all; a stack trace would bury it. A server that says when it has time again is not asked before.
                return Failed(item, exception.Message, error: null, after: null, (exception as ApiException)?.RetryAfter ?? default);
            default:
                _metrics.Panics.Inc();
                return Failed(item, exception.Message, exception, after: null);
        }
    }

    private TimeSpan Again(WorkItem<EntityKey> item, TimeSpan? after, TimeSpan atLeast = default)
    {
        if (after is { } asked)
        {
            _queue.Add(item.Key, item.Priority, asked);
            return asked;
        }

        return _queue.AddAfterFailure(item, atLeast);
    }

    private string NextId()
    {
        lock (random)
        {
            return random.NextInt64().ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
