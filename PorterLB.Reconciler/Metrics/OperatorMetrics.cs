using System.Net;
using PorterLB.Reconciler.Events;
using Prometheus;

namespace PorterLB.Reconciler.Metrics;

/// <summary>
/// What the framework counts, under the names that dashboards for controller-runtime know. One registry per process, which also takes
/// what is measured with <c>System.Diagnostics.Metrics</c> under the meters that <see cref="Adapt"/> names.
/// </summary>
public sealed class OperatorMetrics : IDisposable
{
    private static readonly string[] Results = ["error", "requeue_after", "requeue", "success"];

    private readonly List<IDisposable> _adapters = [];
    private readonly Counter _requests;
    private readonly Histogram _requestDuration;
    private readonly Counter _reconciles;
    private readonly Counter _reconcileErrors;
    private readonly Counter _terminalErrors;
    private readonly Counter _panics;
    private readonly Counter _timeouts;
    private readonly Histogram _reconcileTime;
    private readonly Gauge _maxConcurrent;
    private readonly Gauge _activeWorkers;
    private readonly Gauge _depth;
    private readonly Counter _adds;
    private readonly Counter _retries;
    private readonly Histogram _queueDuration;
    private readonly Histogram _workDuration;
    private readonly Gauge _unfinished;
    private readonly Gauge _longestRunning;
    private readonly Gauge _master;
    private readonly Counter _eventsDropped;

    /// <summary>Makes a registry of its own, so that several operators fit into one process.</summary>
    public OperatorMetrics()
    {
        Registry = Prometheus.Metrics.NewCustomRegistry();
        DotNetStats.Register(Registry);
        var factory = Prometheus.Metrics.WithCustomRegistry(Registry);
        var allocated = factory.CreateCounter("dotnet_gc_allocated_bytes_total", "Memory that was allocated on the managed heap since the start.");
        Registry.AddBeforeCollectCallback(() => allocated.IncTo(GC.GetTotalAllocatedBytes()));
        _requests = factory.CreateCounter(
            "rest_client_requests_total", "Requests to the API server; code \"<error>\" = no answer.", "code", "method", "host");
        _requestDuration = factory.CreateHistogram(
            "rest_client_request_duration_seconds",
            "Time until the API server's answer began.",
            ["verb", "host"],
            new HistogramConfiguration { Buckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60] });

        string[] controller = ["controller"];
        _reconciles = factory.CreateCounter("controller_runtime_reconcile_total", "Reconciliations, by how they ended.", "controller", "result");
        _reconcileErrors = factory.CreateCounter("controller_runtime_reconcile_errors_total", "Reconciliations that failed.", controller);
        _terminalErrors = factory.CreateCounter(
            "controller_runtime_terminal_reconcile_errors_total", "Reconciliations that failed for good.", controller);
        _panics = factory.CreateCounter(
            "controller_runtime_reconcile_panics_total", "Reconciliations that ended in an exception of a programmer's making.", controller);
        _timeouts = factory.CreateCounter("controller_runtime_reconcile_timeouts_total", "Reconciliations cut off by their timeout.", controller);
        _reconcileTime = factory.CreateHistogram(
            "controller_runtime_reconcile_time_seconds",
            "Length of a reconciliation.",
            controller,
            new HistogramConfiguration
            {
                Buckets =
                [
                    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
                    1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
                ],
            });
        _maxConcurrent = factory.CreateGauge(
            "controller_runtime_max_concurrent_reconciles", "How many reconciliations may run at once.", controller);
        _activeWorkers = factory.CreateGauge("controller_runtime_active_workers", "How many reconciliations run now.", controller);

        string[] queue = ["name", "controller"];
        var tenfold = new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(1e-8, 10, 12) };
        _depth = factory.CreateGauge("workqueue_depth", "Objects that wait for a worker.", "name", "controller", "priority");
        _adds = factory.CreateCounter("workqueue_adds_total", "Objects added to the queue.", queue);
        _retries = factory.CreateCounter("workqueue_retries_total", "Objects added again after a failure.", queue);
        _queueDuration = factory.CreateHistogram("workqueue_queue_duration_seconds", "How long an object waited for a worker.", queue, tenfold);
        _workDuration = factory.CreateHistogram("workqueue_work_duration_seconds", "How long a worker took for an object.", queue, tenfold);
        _unfinished = factory.CreateGauge(
            "workqueue_unfinished_work_seconds", "Time spent so far on what is being worked on; grows when workers hang.", queue);
        _longestRunning = factory.CreateGauge(
            "workqueue_longest_running_processor_seconds", "How long the oldest work that is going on has taken.", queue);
        _master = factory.CreateGauge("leader_election_master_status", "1 = this replica leads.", "name");
        _eventsDropped = factory.CreateCounter("events_dropped_total", "Events that were said and not sent, by type and why.", "type", "why");
        foreach (var type in Enum.GetNames<EventType>())
        {
            Published(_eventsDropped.WithLabels(type, "queue_full"));
        }
    }

    /// <summary>Where more can be registered, and what <c>/metrics</c> shows.</summary>
    public CollectorRegistry Registry { get; }

    /// <summary>Also shows what is measured under meters whose names begin so.</summary>
    public void Adapt(string meterNamePrefix) =>
        _adapters.Add(MeterAdapter.StartListening(new MeterAdapterOptions
        {
            // Both: the registry is where the adapter is called before a page is made, the factory where its series go.
            Registry = Registry,
            MetricFactory = Prometheus.Metrics.WithCustomRegistry(Registry),
            InstrumentFilterPredicate = instrument => instrument.Meter.Name.StartsWith(meterNamePrefix, StringComparison.Ordinal),
        }));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var adapter in _adapters)
        {
            adapter.Dispose();
        }
    }

    internal void Request(string method, string verb, string host, HttpStatusCode? code, TimeSpan took)
    {
        _requests.WithLabels(code is { } status ? ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture) : "<error>", method, host).Inc();
        _requestDuration.WithLabels(verb, host).Observe(took.TotalSeconds);
    }

    internal void EventDropped(EventType type, string why) => _eventsDropped.WithLabels($"{type}", why).Inc();

    internal void Leads(string name, bool leads) => _master.WithLabels(name).Set(leads ? 1 : 0);

    internal ControllerMetrics ForController(string controller, int maxConcurrent)
    {
        _maxConcurrent.WithLabels(controller).Set(maxConcurrent);
        return new ControllerMetrics(
            Results.ToDictionary(result => result, result => Published(_reconciles.WithLabels(controller, result)), StringComparer.Ordinal),
            Published(_reconcileErrors.WithLabels(controller)),
            Published(_terminalErrors.WithLabels(controller)),
            Published(_panics.WithLabels(controller)),
            Published(_timeouts.WithLabels(controller)),
            _reconcileTime.WithLabels(controller),
            _activeWorkers.WithLabels(controller));
    }

    internal QueueMetrics ForQueue(string name, Action<QueueMetrics> refresh)
    {
        var metrics = new QueueMetrics(
            priority => _depth.WithLabels(name, name, priority.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            _adds.WithLabels(name, name),
            _retries.WithLabels(name, name),
            _queueDuration.WithLabels(name, name),
            _workDuration.WithLabels(name, name),
            _unfinished.WithLabels(name, name),
            _longestRunning.WithLabels(name, name));
        Registry.AddBeforeCollectCallback(() => refresh(metrics));
        return metrics;
    }

    // Shown from the start with 0: a rate over a counter that appears with its first error never shows that error.
    private static Counter.Child Published(Counter.Child counter)
    {
        counter.Inc(0);
        return counter;
    }
}

/// <summary>The metrics of one controller.</summary>
internal sealed record ControllerMetrics(
    IReadOnlyDictionary<string, Counter.Child> Reconciles,
    Counter.Child Errors,
    Counter.Child TerminalErrors,
    Counter.Child Panics,
    Counter.Child Timeouts,
    Histogram.Child Time,
    Gauge.Child ActiveWorkers);

/// <summary>The metrics of one queue.</summary>
internal sealed record QueueMetrics(
    Func<int, Gauge.Child> Depth,
    Counter.Child Adds,
    Counter.Child Retries,
    Histogram.Child QueueDuration,
    Histogram.Child WorkDuration,
    Gauge.Child Unfinished,
    Gauge.Child LongestRunning);
