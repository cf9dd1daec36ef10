using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.Reconciler.Caching;

public sealed class InformerTests : IDisposable
{
    private readonly FakeApiServer _server = new();
    private readonly FakeTimeProvider _time = new();
    private readonly KubernetesConnection _connection;
    private readonly KubernetesClient _client;

    public InformerTests()
    {
        _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);
        _client = new KubernetesClient(_connection, _time);
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task The_first_list_is_handed_out_as_replays_and_then_each_change_as_old_and_new()
    {
        await using var recording = new RecordingInformer(_client, _time);
        Assert.False(recording.Informer.HasSynced);
        _server.List("10", ConfigMap.Named("a", "5", "x"));
        var watch = _server.Watch();
        Assert.Equal("?resourceVersion=0", (await _server.NextAsync()).Query);
        Assert.Contains("resourceVersion=10", (await _server.NextAsync()).Query, StringComparison.Ordinal);
        await recording.Informer.WaitForSyncAsync(CancellationToken.None);
        Assert.Equal((true, null, "x"), Seen(await recording.NextAsync()));

        await watch.SayAsync("MODIFIED", ConfigMap.Named("a", "11", "y"));
        Assert.Equal((false, "x", "y"), Seen(await recording.NextAsync()));
        await watch.SayAsync("DELETED", ConfigMap.Named("a", "12", "last"));
        Assert.Equal((false, "last", null), Seen(await recording.NextAsync()));
        Assert.Null(recording.Informer.Get(new EntityKey("default", "a")));
    }

    [Fact]
    public async Task Who_subscribes_late_is_told_what_is_there()
    {
        await using var recording = await WatchingAsync(ConfigMap.Named("a", "1"), ConfigMap.Named("b", "2"));
        var late = new List<string>();
        using var subscription = recording.Informer.Subscribe(delta => late.Add($"{delta.IsReplay} {delta.New!.Metadata.Name}"));
        Assert.Equal(["True a", "True b"], late.Order());
    }

    [Fact]
    public async Task A_watch_that_ends_goes_on_after_the_last_bookmark_without_a_list()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        await watch.BookmarkAsync("77");
        _server.Watch();
        watch.End();
        await _server.NextAsync();
        await _server.NextAsync();
        var again = await _server.NextAsync();
        Assert.Contains("watch=true", again.Query, StringComparison.Ordinal);
        Assert.Contains("resourceVersion=77", again.Query, StringComparison.Ordinal);
        Assert.True(recording.Informer.Connected);
    }

    [Fact]
    public async Task What_vanished_while_the_version_was_gone_is_reported_deleted_before_what_came()
    {
        _server.List("10", ConfigMap.Named("gone", "1", "g"), ConfigMap.Named("same", "2", "s"), ConfigMap.Named("changed", "3", "old"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        for (var i = 0; i < 3; i++)
        {
            await recording.NextAsync();
        }

        _server.List("50", ConfigMap.Named("same", "2", "s"), ConfigMap.Named("changed", "40", "new"), ConfigMap.Named("added", "41", "a"));
        _server.Watch();
        await watch.GoneAsync();
        Assert.Equal((false, "g", null), Seen(await recording.NextAsync()));
        Assert.Equal((true, "s", "s"), Seen(await recording.NextAsync()));
        Assert.Equal((false, "old", "new"), Seen(await recording.NextAsync()));
        Assert.Equal((false, null, "a"), Seen(await recording.NextAsync()));
        await _server.NextAsync();
        await _server.NextAsync();
        Assert.Equal("?resourceVersion=10", (await _server.NextAsync()).Query);
    }

    [Fact]
    public async Task A_busy_server_is_left_alone_for_as_long_as_it_asks()
    {
        _server.List("10");
        _server.Refuse(HttpStatusCode.TooManyRequests, "TooManyRequests", "busy", """{"retryAfterSeconds":20}""");
        await using var recording = new RecordingInformer(_client, _time);
        await _server.NextAsync();
        await _server.NextAsync();
        _server.Watch();
        var waited = await AdvanceUntilRequestAsync();
        Assert.InRange(waited.TotalSeconds, 19.9, 60);
        Assert.Contains("resourceVersion=10", (await _server.NextAsync()).Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_without_even_a_bookmark_for_three_minutes_is_opened_anew()
    {
        await using var recording = await WatchingAsync();
        _server.Watch();
        var waited = await AdvanceUntilRequestAsync();
        Assert.InRange(waited.TotalSeconds, 179, 300);
        Assert.Contains("watch=true", (await _server.NextAsync()).Query, StringComparison.Ordinal);
        Assert.True(recording.Informer.Connected);
    }

    [Fact]
    public async Task A_watch_that_breaks_is_said_to_be_lost_and_then_to_be_back()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        await watch.SayAsync("ADDED", ConfigMap.Named("a", "11"));
        await recording.NextAsync();
        watch.Break();
        await recording.UntilConnectedAsync(false);
        Assert.Equal("The connection was reset", recording.Informer.LastError);
        _server.Watch();
        await recording.UntilConnectedAsync(true);
        Assert.Null(recording.Informer.LastError);
    }

    [Fact]
    public async Task A_kind_that_the_server_does_not_have_yet_is_named_and_waited_for()
    {
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        await using var recording = new RecordingInformer(_client, _time);
        await _server.NextAsync();
        _server.List("10");
        _server.Watch();
        await AdvanceUntilRequestAsync();
        await recording.Informer.WaitForSyncAsync(CancellationToken.None);
        Assert.NotNull(recording);
    }

    [Fact]
    public async Task An_object_that_becomes_unreadable_keeps_its_last_state_until_it_is_deleted()
    {
        _server.List("10", ConfigMap.Named("a", "5", "good"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.NextAsync();
        await watch.SayAsync("""{"type":"MODIFIED","object":{"metadata":{"name":"a","namespace":"default","resourceVersion":"11"},"data":"text"}}""" + "\n");
        await watch.SayAsync("ADDED", ConfigMap.Named("b", "12", "next"));
        Assert.Equal((false, null, "next"), Seen(await recording.NextAsync()));
        Assert.Equal("good", recording.Informer.Get(new EntityKey("default", "a"))?.Data?["value"]);
        await watch.SayAsync("""{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"default","resourceVersion":"13"},"data":"text"}}""" + "\n");
        Assert.Equal((false, "good", null), Seen(await recording.NextAsync()));
    }

    [Fact]
    public async Task A_subscriber_that_throws_costs_the_others_nothing()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        using var broken = recording.Informer.Subscribe(_ => throw new InvalidOperationException("broken"));
        var seen = new TaskCompletionSource();
        using var healthy = recording.Informer.Subscribe(_ => seen.SetResult());
        await watch.SayAsync("ADDED", ConfigMap.Named("a", "11"));
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Every_ten_hours_or_so_all_objects_are_handed_out_again_without_a_request()
    {
        await using var recording = await WatchingAsync(ConfigMap.Named("a", "1", "x"));
        await recording.NextAsync();
        _time.Advance(TimeSpan.FromHours(11));
        Assert.Equal((true, "x", "x"), Seen(await recording.NextAsync()));
    }

    private static (bool IsReplay, string? Old, string? New) Seen(Delta<ConfigMap> delta) =>
        (delta.IsReplay, delta.Old?.Data?["value"], delta.New?.Data?["value"]);

    private async Task<RecordingInformer> WatchingAsync(params ConfigMap[] items)
    {
        _server.List("10", items);
        _server.Watch();
        var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        await _server.NextAsync();
        await _server.NextAsync();
        return recording;
    }

    /// <summary>Turns the clock on in small steps until the server is asked again; returns how far.</summary>
    [Fact]
    public async Task A_silent_watch_that_the_server_has_forgotten_is_opened_anew()
    {
        _server.List("10");
        _server.Watch();
        await using var recording = new RecordingInformer(_client, _time, silenceCheck: TimeSpan.FromSeconds(5));
        await recording.UntilConnectedAsync(true);
        await _server.NextAsync();
        await _server.NextAsync();

        _server.List("10");
        await AdvanceUntilRequestAsync();
        Assert.Equal("?resourceVersion=0&fieldSelector=metadata.name=.", (await _server.NextAsync()).Query);

        // The same version: nothing was missed. A higher one, and no event comes: the watch is dead.
        _server.List("12");
        await AdvanceUntilRequestAsync();
        await _server.NextAsync();
        _server.Watch();
        await AdvanceUntilRequestAsync();
        var again = await _server.NextAsync();
        Assert.Contains("watch=true", again.Query, StringComparison.Ordinal);
        Assert.Contains("resourceVersion=10", again.Query, StringComparison.Ordinal);
    }

    private async Task<TimeSpan> AdvanceUntilRequestAsync()
    {
        var step = TimeSpan.FromMilliseconds(200);
        for (var waited = TimeSpan.Zero; waited < TimeSpan.FromMinutes(10); waited += step)
        {
            // Real time, for the loop's thread to take note of the clock's.
            for (var i = 0; i < 20 && !_server.HasRequests; i++)
            {
                await Task.Yield();
            }

            if (_server.HasRequests)
            {
                return waited;
            }

            _time.Advance(step);
        }

        throw new TimeoutException("The server was not asked again.");
    }
}
