using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Health;
using PorterLB.Reconciler.Leadership;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Hosting;

/// <summary>
/// Starts and stops the parts of an operator in order.
/// <code>
///   start: health, metrics → servers → caches, synced → runnables of every replica → election → leader start-up → reconcilers
///   stop:  runnables of every replica → reconcilers, what is in flight ends → lease → caches → health, metrics → Events
///          servers, beside all that until before the caches: they answer on while others stop sending
/// </code>
/// </summary>
internal sealed class OperatorHost(
    OperatorSettings settings,
    OperatorRegistry registry,
    IServiceProvider services,
    IHostApplicationLifetime lifetime,
    ILoggerFactory loggers,
    ILogger<OperatorHost> logger) : IHostedService, IDisposable
{
    // Left of the stop's time for what comes after the reconcilers: caches, servers, lease, Events.
    private static readonly TimeSpan AfterReconcilers = TimeSpan.FromSeconds(5);

    // Nobody reconciles meanwhile.
    private static readonly TimeSpan StartupRetry = TimeSpan.FromSeconds(1);

    private readonly List<HttpServer> _http = [];
    private readonly List<IHostedService> _servers = [];
    private readonly CancellationTokenSource _start = new();
    private readonly TaskGroup _caches = new();
    private readonly TaskGroup _runnables = new();
    private readonly TaskGroup _leading = new();
    private readonly TaskGroup _election = new();
    private readonly CancellationTokenSource _abort = new();

    private Task _run = Task.CompletedTask;
    private Task _recording = Task.CompletedTask;
    private Exception? _failure;

    /// <summary>Where health and metrics are served, once started.</summary>
    public IEnumerable<string> Addresses => _http.SelectMany(server => server.Addresses);

    /// <exception cref="OperatorException">Something is missing, or an address cannot be had.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        registry.Validate(services);

        // WARNING: first, so that a probe finds an answer while the caches are still filling.
        await StartHttpAsync(cancellationToken);

        // WARNING: before the caches, for a list of objects in several versions may need our own conversion or admission to answer.
        foreach (var create in registry.Servers)
        {
            var server = create(services);
            await server.StartAsync(cancellationToken);
            _servers.Add(server);
        }

        _recording = services.GetRequiredService<EventRecorder>().RunAsync(_abort.Token);
        _run = RunAsync();
    }

    /// <exception cref="OperatorException">The operator ended because something failed.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var time = services.GetRequiredService<TimeProvider>();
        using var deadline = new CancellationTokenSource(settings.StopTimeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var reconcilersDeadline = new CancellationTokenSource(
            settings.StopTimeout > AfterReconcilers * 2 ? settings.StopTimeout - AfterReconcilers : settings.StopTimeout / 2, time);
        await using var abort = reconcilersDeadline.Token.UnsafeRegister(_ => _abort.Cancel(), state: null);

        // Told at once, and waited for later: a server takes its time to leave.
        var servers = Enumerable.Reverse(_servers)
            .Select(server => StopAsync(server.GetType().Name, () => server.StopAsync(patience.Token), patience.Token)).ToList();
        await _start.CancelAsync();
        await StopAsync("The start", () => _run, patience.Token);
        await StopAsync("The runnables", () => _runnables.StopAsync(), patience.Token);
        var idle = await StopAsync("The reconcilers", () => _leading.StopAsync(), patience.Token);
        await StopAsync("The election", () => _election.StopAsync(), patience.Token);

        // WARNING: only when nothing acts any more: the next leader begins at once.
        if (idle && services.GetService<LeaseElector>() is { } elector)
        {
            await StopAsync("The lease", () => elector.ReleaseAsync(patience.Token), patience.Token);
        }

        // WARNING: before the caches, for what a server is asked is judged by them.
        await Task.WhenAll(servers);
        await StopAsync("The caches", () => _caches.StopAsync(), patience.Token);
        foreach (var server in _http)
        {
            await StopAsync("Health and metrics", () => server.StopAsync(patience.Token), patience.Token);
        }

        services.GetRequiredService<EventRecorder>().Complete();
        await StopAsync("The Events", () => _recording, patience.Token);
        if (_failure is not null)
        {
            throw _failure as OperatorException ?? new OperatorException(_failure.Message, _failure);
        }
    }

    public void Dispose()
    {
        _http.ForEach(server => server.Dispose());
        _start.Dispose();
        _abort.Dispose();
        _caches.Dispose();
        _runnables.Dispose();
        _leading.Dispose();
        _election.Dispose();
    }

    private async Task StartHttpAsync(CancellationToken cancellationToken)
    {
        foreach (var address in new[] { registry.HealthAddress, registry.MetricsAddress }.Where(address => address is not null).Distinct())
        {
            var health = address == registry.HealthAddress;
            var metrics = address == registry.MetricsAddress;
            var what = health && metrics ? "Health and metrics" : health ? "Health" : "Metrics";
            var server = new HttpServer(address!, what, context => AnswerAsync(context, health, metrics), loggers);
            _http.Add(server);
            await server.StartAsync(cancellationToken);
        }
    }

    private async Task AnswerAsync(HttpContext context, bool health, bool metrics)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.Method is not ("GET" or "HEAD"))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        if (metrics && request.Path == "/metrics")
        {
            response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            await services.GetRequiredService<OperatorMetrics>().Registry.CollectAndExportAsTextAsync(response.Body, context.RequestAborted);
            return;
        }

        var answer = health
            ? services.GetRequiredService<HealthChecks>().Answer(
                request.Path.Value ?? "/", request.Query.ContainsKey("verbose"), request.Query["exclude"].OfType<string>().ToList())
            : null;
        response.StatusCode = answer?.Status ?? StatusCodes.Status404NotFound;
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-cache, no-store";
        await response.WriteAsync(answer?.Body ?? "404 page not found\n", context.RequestAborted);
        if (answer is { Status: not StatusCodes.Status200OK })
        {
            logger.Unhealthy(request.Path.Value ?? "/", answer.Value.Body);
        }
    }

    private async Task RunAsync()
    {
        // Off the caller's thread: the host's start ends here.
        await Task.Yield();
        var starting = _start.Token;
        try
        {
            await SyncCachesAsync(starting);
            foreach (var runnable in registry.Runnables.Where(runnable => !runnable.LeaderOnly))
            {
                Watch(_runnables, runnable.Name, token => runnable.Run(services, token));
            }

            await WinElectionAsync(starting);

            // WARNING: before the reconcilers, for they rely on what is built here.
            foreach (var create in registry.LeaderStartups)
            {
                await StartUpAsync(create(services), starting);
            }

            starting.ThrowIfCancellationRequested();
            foreach (var controller in registry.Controllers)
            {
                var runner = controller.Resolve(services);
                Watch(_leading, controller.Name, stop => runner.RunAsync(stop, _abort.Token));
            }

            foreach (var runnable in registry.Runnables.Where(runnable => runnable.LeaderOnly))
            {
                Watch(_leading, runnable.Name, token => runnable.Run(services, token));
            }

            if (registry.Controllers.Count > 0)
            {
                var names = string.Join(", ", registry.Controllers.Select(controller => controller.Name));
                logger.Reconciling(names);
            }
        }
        catch (OperationCanceledException) when (starting.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>A leader whose first request is lost must not end for it: the next one's would be lost as well.</summary>
    private async Task StartUpAsync(ILeaderStartup startup, CancellationToken cancellationToken)
    {
        string? told = null;
        while (true)
        {
            try
            {
                await startup.StartAsync(cancellationToken);
                return;
            }
            catch (Exception exception) when (ServerTrouble.Is(exception) && !cancellationToken.IsCancellationRequested)
            {
                if (told != exception.Message)
                {
                    told = exception.Message;
                    logger.StartupFailed(startup.GetType().Name, told.TrimEnd('.'));
                }

                await Task.Delay(StartupRetry, services.GetRequiredService<TimeProvider>(), cancellationToken);
            }
        }
    }

    private async Task SyncCachesAsync(CancellationToken cancellationToken)
    {
        var informers = services.GetServices<IInformer>().ToList();
        foreach (var informer in informers)
        {
            Watch(_caches, informer.Name, informer.RunAsync);
        }

        using var limit = new CancellationTokenSource(settings.SyncTimeout ?? Timeout.InfiniteTimeSpan, services.GetRequiredService<TimeProvider>());
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await Task.WhenAll(informers.Select(informer => informer.WaitForSyncAsync(either.Token)));
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var missing = informers.Where(informer => !informer.HasSynced)
                .Select(informer => $"{informer.Name} ({informer.LastError ?? "no answer"})");
            throw new OperatorException(
                $"Nothing can be done without these objects, and they could not be listed within {settings.SyncTimeout?.TotalSeconds:0} s: " +
                $"{string.Join("; ", missing)}.",
                exception);
        }

        if (informers.Count > 0)
        {
            var names = string.Join(", ", informers.Select(informer => informer.Name));
            logger.CachesSynced(names);

            // The first lists were the largest answers that this process will see. What reading them left behind goes back to the
            // machine now: the collector by itself would keep it for a burst that does not come.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    private async Task WinElectionAsync(CancellationToken cancellationToken)
    {
        if (services.GetService<LeaseElector>() is not { } elector)
        {
            return;
        }

        var election = _election.Run(elector.RunAsync);
        _ = election.ContinueWith(
            task => LoseLeadership(task.Exception!.GetBaseException()),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        await elector.Acquired.WaitAsync(cancellationToken);
    }

    // Whatever still runs believes that it leads. Nothing may be waited for.
    private void LoseLeadership(Exception exception)
    {
        logger.LeadershipLost(exception.Message);
        _failure ??= exception;
        settings.Exit(1);
    }

    /// <summary>Runs a part that is not meant to end by itself; when it does, so does the process.</summary>
    private void Watch(TaskGroup group, string name, Func<CancellationToken, Task> run)
    {
        _ = Supervise();

        async Task Supervise()
        {
            try
            {
                await group.Run(run);
                if (!group.IsStopping)
                {
                    Fail(new OperatorException($"{name} ended although nobody stopped it."));
                }
            }
            catch (Exception) when (group.IsStopping)
            {
                // Reported by the stop, which waits for it.
            }
            catch (Exception exception)
            {
                Fail(new OperatorException($"{name} failed: {exception.Message}", exception));
            }
        }
    }

    private void Fail(Exception exception)
    {
        _failure ??= exception;
        logger.Stopping(exception is OperatorException { InnerException: null } ? null : exception, exception.Message);
        lifetime.StopApplication();
    }

    /// <returns>Whether it has stopped.</returns>
    private async Task<bool> StopAsync(string what, Func<Task> stop, CancellationToken patience)
    {
        try
        {
            await stop().WaitAsync(patience);
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            logger.StopTimedOut(what, settings.StopTimeout);
            return false;
        }
        catch (Exception exception) when (exception is OperationCanceledException || ReferenceEquals(exception, _failure?.InnerException ?? _failure))
        {
            return true;
        }
        catch (Exception exception)
        {
            logger.StopFailed(exception, what);
            return true;
        }
    }
}
