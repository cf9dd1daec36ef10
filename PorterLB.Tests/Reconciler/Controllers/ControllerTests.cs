using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Leadership;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Tests.Reconciler.Controllers;

public sealed class ControllerTests : IAsyncDisposable, IEntityController<ConfigMap>, IEntityFinalizer<ConfigMap>
{
    private readonly FakeApiServer _server = new();
    private readonly FakeTimeProvider _time = new();
    private readonly OperatorMetrics _metrics = new();
    private readonly KubernetesConnection _connection;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();
    private readonly ControllerOptions<ConfigMap> _options = new();
    private readonly List<Task> _tasks = [];

    private Func<ConfigMap, ReconciliationResult<ConfigMap>> _reconcile = entity => ReconciliationResult<ConfigMap>.Success(entity);
    private Func<ConfigMap, ReconciliationResult<ConfigMap>> _deleted = entity => ReconciliationResult<ConfigMap>.Success(entity);
    private Func<ConfigMap, ReconciliationResult<ConfigMap>> _finalize = entity => ReconciliationResult<ConfigMap>.Success(entity);

    public ControllerTests() => _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_tasks);
        }
        catch (OperationCanceledException)
        {
        }

        _connection.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    public Task<ReconciliationResult<ConfigMap>> ReconcileAsync(ConfigMap entity, CancellationToken cancellationToken) => Call("reconcile", entity, _reconcile);

    public Task<ReconciliationResult<ConfigMap>> DeletedAsync(ConfigMap entity, CancellationToken cancellationToken) => Call("deleted", entity, _deleted);

    public Task<ReconciliationResult<ConfigMap>> FinalizeAsync(ConfigMap entity, CancellationToken cancellationToken) => Call("finalize", entity, _finalize);

    [Fact]
    public async Task Every_object_is_reconciled_and_again_when_it_changes()
    {
        var watch = await StartAsync(ConfigMap.Named("a", "1", "x"));
        Assert.Equal("reconcile a x", await NextAsync());
        await watch.SayAsync("MODIFIED", ConfigMap.Named("a", "2", "y"));
        Assert.Equal("reconcile a y", await NextAsync());
        await ResultAsync("success", 2);
    }

    [Fact]
    public async Task A_failure_is_tried_again_with_a_growing_delay_for_ever()
    {
        _reconcile = entity => ReconciliationResult<ConfigMap>.Failure(entity, "not yet");
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        for (var failures = 1; failures <= 25; failures++)
        {
            await ResultAsync("error", failures);
            _time.Advance(TimeSpan.FromSeconds(1000));
            Assert.Equal("reconcile a x", await NextAsync());
        }
    }

    [Fact]
    public async Task What_a_reconciler_throws_is_a_failure_like_any_other_and_the_worker_lives_on()
    {
        _reconcile = _ => throw new InvalidOperationException("a bug");
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("error", 1);
        Assert.Contains("controller_runtime_reconcile_panics_total{controller=\"test\"} 1", await MetricsAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal("reconcile a x", await NextAsync());
    }

    [Fact]
    public async Task A_terminal_failure_is_not_tried_again_until_something_changes()
    {
        _reconcile = _ => throw new TerminalException("never");
        var watch = await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("error", 1);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Contains("controller_runtime_terminal_reconcile_errors_total{controller=\"test\"} 1", await MetricsAsync(), StringComparison.Ordinal);
        await watch.SayAsync("MODIFIED", ConfigMap.Named("a", "2", "y"));
        Assert.Equal("reconcile a y", await NextAsync());
    }

    [Fact]
    public async Task A_requeue_after_success_comes_at_its_time()
    {
        _reconcile = entity => ReconciliationResult<ConfigMap>.Success(entity, TimeSpan.FromSeconds(30));
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("requeue_after", 1);
        _time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(_calls.Reader.TryRead(out _));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("reconcile a x", await NextAsync());
    }

    [Fact]
    public async Task What_is_gone_is_reported_with_its_last_state_until_that_succeeds()
    {
        var tries = 0;
        _deleted = entity => ++tries == 1 ? ReconciliationResult<ConfigMap>.Failure(entity, "later") : ReconciliationResult<ConfigMap>.Success(entity);
        var watch = await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await watch.SayAsync("DELETED", ConfigMap.Named("a", "2", "last"));
        Assert.Equal("deleted a last", await NextAsync());
        await ResultAsync("error", 1);
        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal("deleted a last", await NextAsync());
        await ResultAsync("success", 2);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_calls.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_predicate_keeps_out_what_does_not_matter()
    {
        _options.Predicate = Predicates.ResourceVersionChanged;
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("success", 1);

        // The resync, and the end of a watch that was silent for so long.
        var watch = _server.Watch();
        _time.Advance(TimeSpan.FromHours(11));
        await watch.SayAsync("MODIFIED", ConfigMap.Named("a", "2", "y"));
        Assert.Equal("reconcile a y", await NextAsync());
        await ResultAsync("success", 2);
    }

    [Fact]
    public async Task A_change_of_what_is_named_reconciles_who_was_named_before_and_who_is_named_now()
    {
        _options.WatchesEach<ConfigMap>(entity => entity.Data?["value"] is { } named ? [new EntityKey("default", named)] : []);
        _options.Predicate = _ => false;
        var watch = await StartAsync(ConfigMap.Named("one", "1"), ConfigMap.Named("two", "2"), ConfigMap.Named("pointer", "3", "one"));
        Assert.Equal("reconcile one ", await NextAsync());
        await watch.SayAsync("MODIFIED", ConfigMap.Named("pointer", "4", "two"));
        Assert.Equal(["reconcile one ", "reconcile two "], new[] { await NextAsync(), await NextAsync() }.Order());
    }

    [Fact]
    public async Task A_key_that_names_nothing_is_no_error()
    {
        _options.WatchesEach<ConfigMap>(_ => [new EntityKey("default", "nothing")]);
        _options.Predicate = _ => false;
        await StartAsync(ConfigMap.Named("a", "1"));
        await ResultAsync("success", 1);
    }

    [Fact]
    public async Task A_conflict_is_tried_again_and_is_no_bug()
    {
        var tries = 0;
        _reconcile = entity => ++tries == 1
            ? throw new ApiException(HttpStatusCode.Conflict, "Conflict", "the object has been modified")
            : ReconciliationResult<ConfigMap>.Success(entity);
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("error", 1);
        Assert.Contains("controller_runtime_reconcile_panics_total{controller=\"test\"} 0", await MetricsAsync(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMilliseconds(5));
        await NextAsync();
        await ResultAsync("success", 1);
    }

    [Fact]
    public async Task A_server_that_is_too_busy_for_a_write_is_not_asked_again_before_it_said()
    {
        _reconcile = _ => throw new ApiException(HttpStatusCode.TooManyRequests, "TooManyRequests", "too many requests", TimeSpan.FromSeconds(7));
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        await NextAsync();
        await ResultAsync("error", 1);
        _time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.False(_calls.Reader.TryRead(out _));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("reconcile a x", await NextAsync());
    }

    [Fact]
    public async Task A_run_that_takes_too_long_is_cancelled_and_counted()
    {
        _options.ReconcileTimeout = TimeSpan.FromSeconds(10);
        var hanging = new HangingController();
        await StartAsync(hanging, finalizers: false, ConfigMap.Named("a", "1", "x"));
        await hanging.Started.Task.WaitAsync(TimeSpan.FromSeconds(20));
        _time.Advance(TimeSpan.FromSeconds(10));
        await ResultAsync("error", 1);
        Assert.Contains("controller_runtime_reconcile_timeouts_total{controller=\"test\"} 1", await MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finalizer_is_put_on_before_the_first_reconciliation()
    {
        var stored = ConfigMap.Named("a", "2", "stored");
        stored.Metadata.Finalizers = ["ours/x"];
        await StartAsync(this, finalizers: true, ConfigMap.Named("a", "1", "x"));
        await _server.NextAsync();
        await _server.NextAsync();
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(stored));
        var patch = await _server.NextAsync();
        Assert.Equal(("PATCH", "application/json-patch+json", "?timeout=5000ms"), (patch.Method, patch.ContentType, patch.Query));
        Assert.Equal("reconcile a stored", await NextAsync());
    }

    [Fact]
    public async Task A_finalizer_in_second_place_is_run_and_taken_off_by_a_patch_that_tests_for_it()
    {
        var tries = 0;
        _finalize = entity => ReconciliationResult<ConfigMap>.Success(entity, ++tries == 1 ? TimeSpan.FromSeconds(1) : null);
        var going = ConfigMap.Named("a", "1", "x");
        going.Metadata.Finalizers = ["theirs/y", "ours/x"];
        going.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        await StartAsync(this, finalizers: true, going);
        await _server.NextAsync();
        await _server.NextAsync();

        // "Not yet" leaves it on.
        Assert.Equal("finalize a x", await NextAsync());
        await ResultAsync("requeue_after", 1);
        Assert.False(_server.HasRequests);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("finalize a x", await NextAsync());
        Assert.Contains("\"/metadata/finalizers/1\"", (await _server.NextAsync()).Body, StringComparison.Ordinal);
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a", "2")));
        await ResultAsync("success", 1);
    }

    [Theory]
    [InlineData(false, "x")]
    [InlineData(true, "scribbled")]
    public async Task What_a_controller_writes_into_its_object_stays_out_of_the_cache_unless_it_promised_not_to(bool shares, string cached)
    {
        _options.SharesCachedObjects = shares;
        _reconcile = entity =>
        {
            entity.Data!["value"] = "scribbled";
            return ReconciliationResult<ConfigMap>.Success(entity, TimeSpan.FromSeconds(30));
        };
        await StartAsync(ConfigMap.Named("a", "1", "x"));
        Assert.Equal("reconcile a x", await NextAsync());
        await ResultAsync("requeue_after", 1);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal($"reconcile a {cached}", await NextAsync());
    }

    private Task<FakeWatch> StartAsync(params ConfigMap[] items) => StartAsync(this, finalizers: false, items);

    private async Task<FakeWatch> StartAsync(IEntityController<ConfigMap> implementation, bool finalizers, params ConfigMap[] items)
    {
        _server.List("10", items);
        var watch = _server.Watch();
        var client = new KubernetesClient(_connection, _time);
        var informer = new Informer<ConfigMap>(
            client, ConfigMap.EntityType, new InformerOptions<ConfigMap>(), _time, new Random(1), NullLogger<Informer<ConfigMap>>.Instance);
        var services = new ServiceCollection().AddSingleton(informer).BuildServiceProvider();
        var registrations = finalizers
            ? new[] { new FinalizerRegistration<ConfigMap>("ours/x", typeof(ControllerTests), _ => this) }
            : [];
        var controller = new Controller<ConfigMap>(
            _options,
            "test",
            _ => implementation,
            services,
            informer,
            new EntityFinalizers<ConfigMap>(
                registrations, ConfigMap.EntityType, new LeaderClient(client, new AlwaysLeader(new LeaseTimes()), _time), autoAttach: true),
            _time,
            new Random(1),
            _metrics,
            NullLogger<Controller<ConfigMap>>.Instance);
        _tasks.Add(informer.RunAsync(_stop.Token));
        await informer.WaitForSyncAsync(CancellationToken.None);
        _tasks.Add(controller.RunAsync(_stop.Token, _stop.Token));
        return watch;
    }

    private async Task<string> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _calls.Reader.ReadAsync(limit.Token);
    }

    private Task<ReconciliationResult<ConfigMap>> Call(
        string what, ConfigMap entity, Func<ConfigMap, ReconciliationResult<ConfigMap>> answer)
    {
        _calls.Writer.TryWrite($"{what} {entity.Metadata.Name} {entity.Data?["value"]}");
        return Task.FromResult(answer(entity));
    }

    /// <summary>Waits until so many runs have ended so: then the queue knows of it too.</summary>
    private async Task ResultAsync(string result, int count)
    {
        var line = $"controller_runtime_reconcile_total{{controller=\"test\",result=\"{result}\"}} {count}";
        for (var tries = 0; !(await MetricsAsync()).Contains(line + "\n", StringComparison.Ordinal); tries++)
        {
            Assert.True(tries < 1000, $"There is no '{line}' in:\n{await MetricsAsync()}");
            await Task.Delay(10);
        }
    }

    private async Task<string> MetricsAsync()
    {
        using var text = new MemoryStream();
        await _metrics.Registry.CollectAndExportAsTextAsync(text);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }

    private sealed class HangingController : IEntityController<ConfigMap>
    {
        public TaskCompletionSource Started { get; } = new();

        public async Task<ReconciliationResult<ConfigMap>> ReconcileAsync(ConfigMap entity, CancellationToken cancellationToken)
        {
            Started.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return ReconciliationResult<ConfigMap>.Success(entity);
        }

        public Task<ReconciliationResult<ConfigMap>> DeletedAsync(ConfigMap entity, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<ConfigMap>.Success(entity));
    }
}
