using System.Diagnostics;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>
/// A real API server behind a proxy that misbehaves. After every fault the cache, and what its subscribers were told, are what the API
/// server has: nothing is lost for good, whatever was lost on the way.
/// </summary>
[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class WatchFaultTests(ApiServerFixture server, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _namespace = $"f{Guid.NewGuid():n}"[..12];
    private readonly Random _random = new(Environment.TickCount);
    private FaultProxy? _proxy;
    private CacheMirror? _mirror;
    private int _written;

    private FaultProxy Proxy => _proxy!;

    private CacheMirror Mirror => _mirror!;

    public async ValueTask InitializeAsync()
    {
        await ControlPlane.WaitUntilAsync("the API server", () => server.Plane.Api.IsReadyAsync(Cancel), Patience, Cancel);
        await server.Plane.Api.CreateAsync("/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = _namespace } }, Cancel);
        _proxy = await FaultProxy.StartAsync(server.Plane);
        _mirror = new CacheMirror(_proxy, server.Plane, _namespace, new FastTime());
        await WriteAsync();
        await _mirror.AgreesAsync(Cancel);

        // The list alone may agree already; what is tested is a watch that stands.
        await ControlPlane.WaitUntilAsync("the watch", () => Task.FromResult(_mirror.Informer.Connected), Patience, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mirror is not null)
        {
            await _mirror.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_watch_that_is_cut_at_any_byte_goes_on_without_a_loss()
    {
        // The first watch is open; all that follow are cut somewhere within their first events.
        var cuts = 0;
        Proxy.OnRequest = request => request.IsWatch && cuts++ < Rounds.Or(8) ? new Fault.CutAfter(_random.Next(1, 3_000)) : null;
        var lists = Proxy.Requests.Count(request => request.IsList);
        Proxy.Line.Reset();
        while (cuts < Rounds.Or(8))
        {
            await WriteAsync();
        }

        await Mirror.AgreesAsync(Cancel);
        output.WriteLine($"{cuts} cuts, {Proxy.Requests.Count(request => request.IsList) - lists} lists, {_written} writes.");
    }

    [Fact]
    public async Task A_half_open_connection_is_noticed_within_five_seconds_and_left()
    {
        Proxy.Line.Stall();
        var stalled = Stopwatch.StartNew();
        await WriteAsync();
        await ControlPlane.WaitUntilAsync("the loss", () => Task.FromResult(Mirror.Losses > 0), Patience, Cancel);
        output.WriteLine($"Noticed after {stalled.Elapsed.TotalSeconds:0.0} s.");
        Assert.InRange(stalled.Elapsed, TimeSpan.Zero, Rounds.Within(TimeSpan.FromSeconds(5)));
        await Mirror.AgreesAsync(Cancel);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_deleted_while_the_version_was_gone_on_watch_and_list_is_found_missing(bool byEvent)
    {
        var refused = 0;
        Proxy.OnRequest = request =>
            request.IsWatch && Interlocked.Increment(ref refused) == 1 ? byEvent ? new Fault.GoneByEvent() : Fault.Refuse.Gone
            : request.IsList && Interlocked.Increment(ref refused) == 2 ? Fault.Refuse.Gone
            : null;
        Proxy.Line.Down();
        await DeleteAllAsync();
        await WriteAsync();
        var heard = Proxy.Requests.Count;
        Proxy.Line.Up();
        await Mirror.AgreesAsync(Cancel);
        var after = Proxy.Requests.Skip(heard).ToList();
        Assert.Equal(2, after.Count(request => request.Status == 410 || (byEvent && request == after.First(first => first.IsWatch))));

        // The second list names no version: etcd itself is asked.
        Assert.Contains(after, request => request.Method == "GET" && !request.IsWatch && !request.IsList && request.Succeeded);
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_when_it_said_and_not_for_a_list()
    {
        // Two seconds, for a clock so fast as the cache's.
        var refused = 0;
        Proxy.OnRequest = request => request.IsWatch && Interlocked.Increment(ref refused) == 1 ? Fault.Refuse.Busy(TimeSpan.FromSeconds(60)) : null;
        var heard = Proxy.Requests.Count;
        Proxy.Line.Reset();
        await WriteAsync();
        await Mirror.AgreesAsync(Cancel);
        var after = Proxy.Requests.Skip(heard).ToList();
        Assert.All(after, request => Assert.True(request.IsWatch, $"{request}"));

        // A timer may ring a millisecond early.
        Assert.InRange((after[1].At - after[0].At).TotalSeconds, 1.99, 60);
    }

    [Fact]
    public async Task A_server_that_fails_at_watches_and_lists_alike_is_asked_until_it_works()
    {
        var refused = 0;
        Proxy.OnRequest = request => Interlocked.Increment(ref refused) <= 3 ? Fault.Refuse.Broken : null;
        Proxy.Line.Reset();
        await WriteAsync();
        await DeleteAllAsync();
        await Mirror.AgreesAsync(Cancel);
        Assert.True(refused > 3);
    }

    [Fact]
    public async Task A_huge_list_that_comes_slowly_or_only_in_part_is_taken_whole_or_not_at_all()
    {
        const int Objects = 150;
        var filling = new string('x', 20_000);
        await Parallel.ForAsync(0, Objects, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancel }, async (i, cancel) => await server.Plane.Api.CreateAsync(
            $"/api/v1/namespaces/{_namespace}/configmaps", Map($"huge{i}", filling), cancel));
        await Mirror.AgreesAsync(Cancel);
        var faults = new Queue<Fault?>([Fault.Refuse.Gone, new Fault.CutAfter(1_500_000), new Fault.Trickle(500_000)]);
        Proxy.OnRequest = request => faults.TryPeek(out var next) && (next is Fault.Refuse ? request.IsWatch : !request.IsWatch) ? faults.Dequeue() : null;
        Proxy.Line.Reset();
        await WriteAsync();
        await Mirror.AgreesAsync(Cancel);
        Assert.Empty(faults);
        Assert.Equal(Objects, Mirror.Informer.List().Count(item => item.Metadata.Name.StartsWith("huge", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_API_server_without_etcd_is_waited_for_and_the_cache_stays()
    {
        var held = Mirror.Informer.List().Count;
        await server.Plane.StopEtcdAsync(Cancel);
        try
        {
            Proxy.Line.Reset();
            var heard = Proxy.Requests.Count;
            await ControlPlane.WaitUntilAsync("the cache to ask again", () => Task.FromResult(Proxy.Requests.Count > heard), Patience, Cancel);
            Assert.Equal(held, Mirror.Informer.List().Count);
        }
        finally
        {
            server.Plane.StartEtcd();
        }

        await ControlPlane.WaitUntilAsync("the API server", () => server.Plane.Api.IsReadyAsync(Cancel), Patience, Cancel);
        await DeleteAllAsync();
        await WriteAsync();
        await Mirror.AgreesAsync(Cancel);
    }

    /// <summary>Faults of every kind in random order while objects come, change and go; then the memory is what it was.</summary>
    [Fact]
    public async Task Whatever_happens_and_however_often_nothing_is_lost_and_memory_stays_flat()
    {
        await StormAsync(Rounds.Or(2));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await StormAsync(Rounds.Or(3));
        var after = GC.GetTotalMemory(forceFullCollection: true);
        output.WriteLine($"{before / 1024} kB before, {after / 1024} kB after; {Proxy.Requests.Count} requests, {_written} writes.");
        Assert.InRange(after - before, long.MinValue, 4 * 1024 * 1024);
    }

    private async Task StormAsync(int rounds)
    {
        for (var i = 0; i < rounds; i++)
        {
            Fault?[] choices = [Fault.Refuse.Gone, Fault.Refuse.Broken, Fault.Refuse.Busy(TimeSpan.FromSeconds(1)), new Fault.GoneByEvent(), new Fault.CutAfter(_random.Next(1, 2_000))];
            var left = 1;
            Proxy.OnRequest = request => Interlocked.Decrement(ref left) < 0 ? null
                : choices[_random.Next(choices.Length)] is { } fault && (fault is not Fault.GoneByEvent || request.IsWatch) ? fault : null;
            var stall = _random.Next(4) == 0;
            var begun = FaultProxy.Now;
            if (stall)
            {
                Proxy.Line.Stall();
            }
            else
            {
                Proxy.Line.Reset();
            }

            await WriteAsync();
            if (_random.Next(3) == 0)
            {
                await DeleteAllAsync();
            }

            await Mirror.AgreesAsync(Cancel);
            output.WriteLine($"Round {i}: {(stall ? "stall" : "reset")}, {(FaultProxy.Now - begun).TotalSeconds:0.0} s: {string.Join("; ", Proxy.Requests.Where(request => request.At >= begun))}");
        }
    }

    /// <summary>Ten changes: objects are made, changed and deleted.</summary>
    private async Task WriteAsync()
    {
        for (var i = 0; i < 10; i++)
        {
            var name = $"m{_random.Next(20)}";
            var path = $"/api/v1/namespaces/{_namespace}/configmaps/{name}";
            _written++;
            if (await server.Plane.Api.GetAsync(path, Cancel) is null)
            {
                await server.Plane.Api.CreateAsync($"/api/v1/namespaces/{_namespace}/configmaps", Map(name, $"{_written}"), Cancel);
            }
            else if (_random.Next(3) == 0)
            {
                await server.Plane.Api.DeleteAsync(path, Cancel);
            }
            else
            {
                await server.Plane.Api.MergeAsync(path, new JsonObject { ["data"] = new JsonObject { ["value"] = $"{_written}" } }, Cancel);
            }
        }
    }

    private Task DeleteAllAsync() => server.Plane.Api.DeleteAsync($"/api/v1/namespaces/{_namespace}/configmaps", Cancel);

    private JsonObject Map(string name, string value) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = _namespace },
        ["data"] = new JsonObject { ["value"] = value },
    };
}
