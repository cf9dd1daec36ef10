using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Hosting;

/// <summary>In which order the parts of an operator start and stop, and what becomes of a stop that one of them holds up.</summary>
public sealed class OperatorHostTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Diary _diary = new();
    private readonly ObservedTime _time = new();
    private readonly IHost _host;

    public OperatorHostTests()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(_diary).AddSingleton<TimeProvider>(_time).AddSingleton(new Random(1));
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.Services.AddSingleton(new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", new OneConfigMap(_diary)));

        // A lease so long that it needs no renewal while the clock is turned on.
        builder.Services.AddKubernetesOperator(settings => settings
            .WithName("ordered")
            .WithLeaderElection(LeaderElectionType.Single)
            .WithLeaderElectionTimings(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(1))
            .WithExit(code => _diary.Write($"exit {code}")))
            .AddServer<Server>()
            .AddInformer(ConfigMap.EntityType)
            .AddRunnable("runnable", (_, stop) => UntilStoppedAsync("runnable", stop))
            .AddLeaderRunnable("leader's runnable", (_, stop) => UntilStoppedAsync("leader's runnable", stop))
            .AddLeaderStartup<Startup>()
            .AddController<Controller, ConfigMap>();
        _host = builder.Build();
        _host.Services.GetRequiredService<Informer<ConfigMap>>().SubscribeConnected(connected => _diary.Write(connected ? "watch opened" : "caches stopped"));
    }

    public ValueTask DisposeAsync()
    {
        _host.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Parts_start_in_order_and_stop_in_order_and_the_lease_is_given_back_when_nothing_acts_any_more()
    {
        await _host.StartAsync(CancellationToken.None);
        await _diary.UntilAsync("reconciling");
        await _diary.UntilAsync("leader's runnable started");
        await _diary.UntilAsync("runnable started");

        // A runnable needs the caches, and no lease: whether it or the lease comes first is chance.
        _diary.InOrder("listed", "runnable started");
        _diary.InOrder("server started", "listed", "lease taken", "startup", "reconciling");
        _diary.InOrder("startup", "leader's runnable started");

        var stopping = _host.StopAsync(CancellationToken.None);
        await _diary.UntilAsync("runnable stopped");

        // A reconciliation that is under way is waited for, and what comes after it is not begun.
        Assert.False(_diary.Has("lease given back"));
        Assert.False(_diary.Has("caches stopped"));
        _host.Services.GetRequiredService<Diary>().Reconciled.SetResult();
        await stopping.WaitAsync(Patience, CancellationToken.None);
        _diary.InOrder("runnable stopped", "reconciled", "lease given back", "caches stopped");
        _diary.InOrder("server stopped", "caches stopped");
        _diary.InOrder("leader's runnable stopped", "lease given back");
    }

    [Fact]
    public async Task A_startup_whose_request_is_lost_is_tried_again_each_second_and_nothing_is_reconciled_before()
    {
        _diary.LostRequests = 2;
        await _host.StartAsync(CancellationToken.None);
        for (var lost = 0; lost < 2; lost++)
        {
            await _diary.UntilAsync($"request lost, {1 - lost} to go");
            Assert.False(_diary.Has("reconciling"));
            await _time.PassAsync(1, 1);
        }

        await _diary.UntilAsync("reconciling");
        _diary.InOrder("lease taken", "request lost, 1 to go", "request lost, 0 to go", "startup", "reconciling");
        _diary.Reconciled.SetResult();
        await _host.StopAsync(CancellationToken.None).WaitAsync(Patience, CancellationToken.None);
    }

    [Fact]
    public async Task A_reconciler_that_does_not_end_holds_the_stop_up_for_25_seconds_and_the_lease_is_left_to_run_out()
    {
        await _host.StartAsync(CancellationToken.None);
        await _diary.UntilAsync("reconciling");
        var stopping = _host.StopAsync(CancellationToken.None);
        await _diary.UntilAsync("runnable stopped");
        Assert.False(_diary.Has("told to give up"));
        _time.Advance(TimeSpan.FromSeconds(20));
        await _diary.UntilAsync("told to give up");
        Assert.False(stopping.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        await stopping.WaitAsync(Patience, CancellationToken.None);
        Assert.False(_diary.Has("lease given back"));
    }

    private async Task UntilStoppedAsync(string what, CancellationToken stop)
    {
        _diary.Write($"{what} started");
        await Task.Delay(Timeout.InfiniteTimeSpan, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _diary.Write($"{what} stopped");
    }

    private sealed class Diary
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public int LostRequests { get; set; }

        public TaskCompletionSource Reconciled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Write(string line) => _lines.Enqueue(line);

        public bool Has(string line) => _lines.Contains(line);

        public async Task UntilAsync(string line)
        {
            using var limit = new CancellationTokenSource(Patience);
            while (!Has(line))
            {
                await Task.Delay(5, limit.Token);
            }
        }

        public void InOrder(params string[] lines)
        {
            var written = _lines.ToList();
            Assert.Equal(lines, lines.OrderBy(line => written.IndexOf(line) is var at and >= 0 ? at : throw new InvalidOperationException($"'{line}' is not in: {string.Join("; ", written)}")));
        }
    }

    private sealed class Server(Diary diary) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            diary.Write("server started");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            diary.Write("server stopped");
            return Task.CompletedTask;
        }
    }

    private sealed class Startup(Diary diary) : ILeaderStartup
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            if (diary.LostRequests > 0)
            {
                diary.Write($"request lost, {--diary.LostRequests} to go");
                throw new HttpRequestException("The connection was reset.");
            }

            diary.Write("startup");
            return Task.CompletedTask;
        }
    }

    /// <summary>Finishes what it has begun, whoever wants it to stop.</summary>
    private sealed class Controller(Diary diary) : IEntityController<ConfigMap>
    {
        public async Task<ReconciliationResult<ConfigMap>> ReconcileAsync(ConfigMap entity, CancellationToken cancellationToken)
        {
            diary.Write("reconciling");
            await using var told = cancellationToken.UnsafeRegister(_ => diary.Write("told to give up"), null);
            await diary.Reconciled.Task;
            diary.Write("reconciled");
            return ReconciliationResult<ConfigMap>.Success(entity);
        }

        public Task<ReconciliationResult<ConfigMap>> DeletedAsync(ConfigMap entity, CancellationToken cancellationToken) =>
            Task.FromResult(ReconciliationResult<ConfigMap>.Success(entity));
    }

    /// <summary>An API server that has one ConfigMap and one Lease.</summary>
    private sealed class OneConfigMap(Diary diary) : HttpMessageHandler
    {
        private readonly FakeWatch _watch = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.Contains("/leases", StringComparison.Ordinal))
            {
                if (request.Content is null)
                {
                    return Answer(HttpStatusCode.NotFound, """{"kind":"Status","reason":"NotFound","message":"no lease","code":404}""");
                }

                var lease = await request.Content.ReadAsStringAsync(cancellationToken);
                diary.Write(lease.Contains("\"holderIdentity\":\"\"", StringComparison.Ordinal) ? "lease given back" : "lease taken");
                return Answer(HttpStatusCode.OK, lease.Replace("\"metadata\":{", "\"metadata\":{\"resourceVersion\":\"1\",\"uid\":\"u\",", StringComparison.Ordinal));
            }

            if (request.RequestUri.Query.Contains("watch=true", StringComparison.Ordinal))
            {
                return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(_watch.Body) };
            }

            diary.Write("listed");
            return Answer(HttpStatusCode.OK, $$"""{"metadata":{"resourceVersion":"10"},"items":[{{FakeApiServer.Json(ConfigMap.Named("a", "5"))}}]}""");
        }

        private static HttpResponseMessage Answer(HttpStatusCode code, string json) =>
            new(code) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
    }
}
