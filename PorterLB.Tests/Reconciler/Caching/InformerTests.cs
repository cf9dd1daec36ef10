using System.Net;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Watching;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.Reconciler.Caching;

public sealed class InformerTests : IDisposable
{
    private readonly FakeApiServer _server = new();
    private readonly ObservedTime _time = new();
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
    public async Task What_vanished_while_the_version_was_gone_is_reported_deleted_before_what_came_and_what_is_the_same_is_not()
    {
        _server.List("10", ConfigMap.Named("gone", "1", "g"), ConfigMap.Named("same", "2", "s"), ConfigMap.Named("changed", "3", "old"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        for (var i = 0; i < 3; i++)
        {
            await recording.NextAsync();
        }

        var same = recording.Informer.Get(new EntityKey("default", "same"));
        _server.List("50", ConfigMap.Named("same", "2", "s"), ConfigMap.Named("changed", "40", "new"), ConfigMap.Named("added", "41", "a"));
        _server.Watch();
        await watch.GoneAsync();
        Assert.Equal((false, "g", null), Seen(await recording.NextAsync()));
        Assert.Equal((false, "old", "new"), Seen(await recording.NextAsync()));
        Assert.Equal((false, null, "a"), Seen(await recording.NextAsync()));
        Assert.Same(same, recording.Informer.Get(new EntityKey("default", "same")));
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
        await _time.PassAsync(20, 20);
        Assert.Contains("resourceVersion=10", (await _server.NextAsync()).Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_without_even_a_bookmark_for_three_minutes_is_opened_anew_and_contact_is_not_said_to_be_lost()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        await _server.NextAsync();
        await _server.NextAsync();

        // An event that was handed out was taken note of: its silence begins there.
        await watch.SayAsync("ADDED", ConfigMap.Named("a", "11"));
        await recording.NextAsync();
        _time.Advance(TimeSpan.FromMinutes(3) - TimeSpan.FromMilliseconds(1));
        await watch.SayAsync("ADDED", ConfigMap.Named("b", "12"));
        Assert.Equal("b", (await recording.NextAsync()).New?.Metadata.Name);

        var next = _server.Watch();
        _time.Advance(TimeSpan.FromMinutes(3));
        var again = await _server.NextAsync();
        Assert.Contains("watch=true", again.Query, StringComparison.Ordinal);
        Assert.Contains("resourceVersion=12", again.Query, StringComparison.Ordinal);
        await next.SayAsync("ADDED", ConfigMap.Named("c", "13"));
        Assert.Equal("c", (await recording.NextAsync()).New?.Metadata.Name);
        Assert.False(recording.HasLostContact);
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
        await _time.TimerAsync(0.8, 1.6);
        Assert.Equal("the API server has no configmaps in v1", recording.Informer.LastError);
        _server.List("10");
        _server.Watch();
        _time.Advance(TimeSpan.FromSeconds(1.6));
        await recording.Informer.WaitForSyncAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_definition_of_another_release_is_told_apart_from_none()
    {
        var eips = new EntityMetadata("Eip", "v1alpha2", "network.example.org", "eips");
        _server.Answer(HttpStatusCode.OK, """{"versions":[{"version":"v1alpha1"},{"version":"v1alpha2"}]}""");
        _server.Answer(HttpStatusCode.OK, """{"resources":[{"name":"eips"},{"name":"eips/status"}]}""");
        _server.Answer(HttpStatusCode.OK, """{"resources":[{"name":"others"}]}""");
        Assert.Equal(
            "the API server has no eips in network.example.org/v1alpha2, only in v1alpha1: the CustomResourceDefinition is of another release; apply that of this one",
            await NotServed.DescribeAsync(_client, eips, CancellationToken.None));
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        Assert.Equal(
            "the API server has no eips in network.example.org/v1alpha2; is its CustomResourceDefinition applied?",
            await NotServed.DescribeAsync(_client, eips, CancellationToken.None));
    }

    [Fact]
    public async Task A_server_is_followed_from_an_older_form_of_a_kind_to_a_better_one_and_back_without_a_loss()
    {
        var old = ConfigMap.EntityType with { Metadata = new EntityMetadata("OldMap", "v1beta1", "old.example.org") };
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        _server.List("10", ConfigMap.Named("a", "5", "x"), ConfigMap.Named("b", "6", "x"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time, configure: options => options.AlsoServedAs.Add(old));
        Assert.Equal("/api/v1/configmaps", (await _server.NextAsync()).Path);
        Assert.Equal("/apis/old.example.org/v1beta1/oldmaps", (await _server.NextAsync()).Path);
        Assert.Equal("/apis/old.example.org/v1beta1/oldmaps", (await _server.NextAsync()).Path);
        await recording.NextAsync();
        await recording.NextAsync();
        await recording.UntilConnectedAsync(true);

        // The watch runs out; the server was upgraded and has the better form, too.
        _server.Answer(HttpStatusCode.OK, """{"resources":[{"name":"configmaps"}]}""");
        _server.List("20", ConfigMap.Named("a", "5", "x"), ConfigMap.Named("c", "15", "y"));
        await watch.BookmarkAsync("12");
        watch.End();
        var better = _server.Watch();
        Assert.Equal("/api/v1", (await _server.NextAsync()).Path);
        Assert.Equal(("/api/v1/configmaps", "?resourceVersion=12"), await PathAndQueryAsync());
        Assert.Contains("resourceVersion=20", (await _server.NextAsync()).Query, StringComparison.Ordinal);
        Assert.Equal((false, "x", null), Seen(await recording.NextAsync()));
        Assert.Equal((false, null, "y"), Seen(await recording.NextAsync()));
        Assert.False(recording.HasLostContact);

        // Rolled back: the next watch finds nothing, and the older form is listed at once.
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        _server.List("30", ConfigMap.Named("a", "5", "x"), ConfigMap.Named("c", "15", "y"), ConfigMap.Named("d", "25", "z"));
        _server.Watch();
        await better.BookmarkAsync("21");
        better.End();
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("/api/v1/configmaps", (await _server.NextAsync()).Path);
        }

        Assert.Equal(("/apis/old.example.org/v1beta1/oldmaps", "?resourceVersion=21"), await PathAndQueryAsync());
        await recording.UntilConnectedAsync(true);
        Assert.Equal((false, null, "z"), Seen(await recording.NextChangeAsync()));

        async Task<(string Path, string Query)> PathAndQueryAsync() => await _server.NextAsync() is var request ? (request.Path, request.Query) : default;
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
    public async Task An_object_that_cannot_be_reduced_keeps_its_last_state_and_hides_no_other()
    {
        var picky = ConfigMap.EntityType with { Transform = map => map.Data?["value"] == "bad" ? throw new InvalidOperationException("no sense in it") : map };
        _server.List("10", ConfigMap.Named("a", "5", "bad"), ConfigMap.Named("b", "6", "x"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time, type: picky);
        Assert.Equal((true, null, "x"), Seen(await recording.NextAsync()));
        await watch.SayAsync("MODIFIED", ConfigMap.Named("b", "11", "bad"));
        await watch.SayAsync("MODIFIED", ConfigMap.Named("a", "12", "good"));
        Assert.Equal((false, null, "good"), Seen(await recording.NextAsync()));
        Assert.Equal("x", recording.Informer.Get(new EntityKey("default", "b"))?.Data?["value"]);
        await watch.SayAsync("DELETED", ConfigMap.Named("b", "13", "bad"));
        Assert.Equal((false, "x", null), Seen(await recording.NextAsync()));
        Assert.True(recording.Informer.Connected);
    }

    [Fact]
    public async Task Each_watch_that_is_opened_is_told_also_when_contact_was_never_lost()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        await recording.UntilConnectedAsync(true);
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var subscription = recording.Informer.SubscribeWatchOpened(opened.SetResult);
        await watch.BookmarkAsync("11");
        _server.Watch();
        watch.End();
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        Assert.False(recording.HasLostContact);
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

    [Fact]
    public async Task After_a_silent_watch_that_the_server_has_forgotten_all_are_listed_anew_and_contact_is_not_said_to_be_lost()
    {
        _server.List("10");
        _server.Watch();
        await using var recording = new RecordingInformer(
            _client, _time, configure: options => options.SilenceCheck = () => TimeSpan.FromSeconds(5));
        await recording.UntilConnectedAsync(true);
        await _server.NextAsync();
        await _server.NextAsync();

        // A check that fails says nothing, nor does the same version.
        _server.Refuse(HttpStatusCode.InternalServerError, "InternalError", "etcd is away");
        await SilenceAsync(2, 0.05);
        Assert.Equal("?resourceVersion=0&fieldSelector=metadata.name=-", (await _server.NextAsync()).Query);
        _server.List("10");
        await SilenceAsync(2, 0.15);
        await _server.NextAsync();

        // A higher one, and no event comes: the watch is dead.
        _server.List("12");
        await SilenceAsync(3, 0.15);
        Assert.Equal("/api/v1/namespaces/default/configmaps", (await _server.NextAsync()).Path);
        _server.List("12", ConfigMap.Named("a", "11"));
        _server.Watch();
        await SilenceAsync(3, 0.05);
        var listed = await _server.NextAsync();
        Assert.Contains("resourceVersion=10", listed.Query, StringComparison.Ordinal);
        Assert.DoesNotContain("watch=true", listed.Query, StringComparison.Ordinal);
        var again = await _server.NextAsync();
        Assert.Contains("watch=true", again.Query, StringComparison.Ordinal);
        Assert.Contains("resourceVersion=12", again.Query, StringComparison.Ordinal);
        Assert.Equal("a", (await recording.NextAsync()).New?.Metadata.Name);
        Assert.False(recording.HasLostContact);
    }

    [Fact]
    public async Task A_watch_that_tells_something_after_a_long_rest_is_looked_at_closely_again()
    {
        _server.List("10");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(
            _client, _time, configure: options => options.SilenceCheck = () => TimeSpan.FromSeconds(10));
        await recording.UntilConnectedAsync(true);
        await _server.NextAsync();
        await _server.NextAsync();
        foreach (var (times, tick) in ((int, double)[])[(2, 0.05), (2, 0.15), (3, 0.15)])
        {
            _server.List("10");
            await SilenceAsync(times, tick);
            await _server.NextAsync();
        }

        // By now it is asked after 0.8 s. An event in between: it is not waited for the rest of them.
        await _time.TimerAsync(0.15, 0.15);
        await watch.SayAsync("ADDED", ConfigMap.Named("a", "11"));
        await recording.NextAsync();
        _server.List("11");
        _time.Advance(TimeSpan.FromSeconds(0.15));
        await SilenceAsync(2, 0.05);
        Assert.Equal("?resourceVersion=0&fieldSelector=metadata.name=-", (await _server.NextAsync()).Query);
    }

    [Fact]
    public async Task A_server_that_comes_back_with_an_older_store_is_read_anew_although_it_accepts_the_watch()
    {
        _server.List("19", ConfigMap.Named("a", "18", "new"));
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        var wentBackWith = new TaskCompletionSource<string?>();
        using var subscription = recording.Informer.SubscribeWentBack(() => wentBackWith.TrySetResult(recording.Informer.Get(new EntityKey("default", "a"))?.Data?["value"]));
        await recording.UntilConnectedAsync(true);
        await recording.NextAsync();
        await LoseAsync(recording, watch);
        await recording.UntilConnectedAsync(false);

        // A real one, too, accepts a watch from a version that it does not have, and is silent until it has it.
        _server.Watch();
        _server.List("12");
        _server.List("12", ConfigMap.Named("a", "11", "old"));
        _server.Watch();
        await _time.PassAsync(0.5, 2);
        Assert.Equal("b", (await recording.NextAsync()).Old?.Metadata.Name);
        Assert.Equal((false, "new", "old"), Seen(await recording.NextAsync()));
        Assert.Equal("new", await wentBackWith.Task);
        Assert.Equal("?resourceVersion=0", (await _server.NextAsync()).Query);
        foreach (var version in (string[])["19", "20", "20"])
        {
            Assert.Contains($"resourceVersion={version}&", (await _server.NextAsync()).Query + "&", StringComparison.Ordinal);
        }

        Assert.Equal("?limit=500&fieldSelector=metadata.name=-", (await _server.NextAsync()).Query);
        Assert.DoesNotContain("resourceVersion", (await _server.NextAsync()).Query, StringComparison.Ordinal);
        Assert.Contains("resourceVersion=12", (await _server.NextAsync()).Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_away_and_has_all_that_was_seen_is_watched_on()
    {
        _server.List("19");
        var watch = _server.Watch();
        await using var recording = new RecordingInformer(_client, _time);
        using var subscription = recording.Informer.SubscribeWentBack(() => Assert.Fail("It did not."));
        await recording.UntilConnectedAsync(true);
        await LoseAsync(recording, watch);
        await recording.UntilConnectedAsync(false);
        var again = _server.Watch();

        // Not asked in vain for ever: a server that has just started refuses now and then.
        _server.Refuse(HttpStatusCode.InternalServerError, "InternalError", "etcd is away");
        _server.List("20");
        await _time.PassAsync(0.5, 2);
        await recording.UntilConnectedAsync(true);
        await _time.PassAsync(5, 5);
        for (var i = 0; i < 6; i++)
        {
            await _server.NextAsync();
        }

        await again.SayAsync("ADDED", ConfigMap.Named("a", "21"));
        Assert.Equal("a", (await recording.NextAsync()).New?.Metadata.Name);
        Assert.False(_server.HasRequests);
    }

    [Fact]
    public async Task A_store_that_was_brought_back_is_noticed_by_its_objects_when_its_version_has_caught_up()
    {
        await using var recording = await WatchingAsync(ConfigMap.Named("a", "9"));
        await recording.NextAsync();
        var wentBack = new TaskCompletionSource();
        using var subscription = recording.Informer.SubscribeWentBack(() => wentBack.TrySetResult());
        IReflectorTarget<ConfigMap> target = recording.Informer;
        target.Replace(new EntityList<ConfigMap>([ConfigMap.Named("a", "10")], "11", []));
        Assert.False(wentBack.Task.IsCompleted);
        target.Replace(new EntityList<ConfigMap>([ConfigMap.Named("a", "8")], "12", []));
        Assert.True(wentBack.Task.IsCompleted);
    }

    /// <summary>One more object, and then no server for a while.</summary>
    // Lets the silence check look so often, and nothing come.
    private async Task SilenceAsync(int times, double seconds)
    {
        for (var i = 0; i < times; i++)
        {
            await _time.PassAsync(seconds, seconds);
        }
    }

    private async Task LoseAsync(RecordingInformer recording, FakeWatch watch)
    {
        await watch.SayAsync("ADDED", ConfigMap.Named("b", "20"));
        await recording.NextAsync();
        _server.Unreachable();
        watch.Break();
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
}
