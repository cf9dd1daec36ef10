using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Client;

public sealed class KubernetesClientTests : IDisposable
{
    private static readonly EntityKey Key = new("default", "a");
    private readonly FakeApiServer _server = new();
    private readonly FakeTimeProvider _time = new();
    private readonly KubernetesConnection _connection;
    private readonly KubernetesClient _client;

    public KubernetesClientTests()
    {
        _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "porterlb-test/1.0", _server);
        _client = new KubernetesClient(_connection, _time);
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public async Task An_object_that_does_not_exist_is_null()
    {
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "configmaps a not found");
        Assert.Null(await _client.GetAsync(ConfigMap.EntityType, Key));
        var request = await _server.NextAsync();
        Assert.Equal(("GET", "/api/v1/namespaces/default/configmaps/a", "porterlb-test/1.0"), (request.Method, request.Path, request.UserAgent));
    }

    [Fact]
    public async Task A_kind_that_does_not_exist_is_an_error()
    {
        _server.Answer(HttpStatusCode.NotFound, "404 page not found\n");
        var exception = await Assert.ThrowsAsync<ApiException>(() => _client.GetAsync(ConfigMap.EntityType, Key));
        Assert.True(exception.IsNotFound);
    }

    [Fact]
    public async Task What_the_server_refuses_says_code_reason_message_and_when_to_come_back()
    {
        _server.Refuse(HttpStatusCode.TooManyRequests, "TooManyRequests", "too busy", """{"retryAfterSeconds":7}""");
        var exception = await Assert.ThrowsAsync<ApiException>(() => _client.GetAsync(ConfigMap.EntityType, Key));
        Assert.Equal(
            (HttpStatusCode.TooManyRequests, "TooManyRequests", "too busy", TimeSpan.FromSeconds(7)),
            (exception.Code, exception.Reason, exception.Message, exception.RetryAfter));
        Assert.False(exception.IsDefinite);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named()
    {
        _server.Unreachable();
        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync(ConfigMap.EntityType, Key));
        Assert.Equal("The API server https://api.test:6443 cannot be reached: Connection refused", exception.Message);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_32_seconds()
    {
        var getting = _client.GetAsync(ConfigMap.EntityType, Key);
        await _server.NextAsync();
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.False(getting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => getting);
    }

    [Fact]
    public async Task The_newest_list_is_read_in_pages_and_an_unreadable_object_hides_no_other()
    {
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"10","continue":"more"},"items":[{"metadata":{"name":"a","namespace":"default","resourceVersion":"1"}},{"metadata":{"name":"bad","namespace":"default"},"data":[1,2]}]}""");
        _server.Answer(HttpStatusCode.OK, """{"items":[{"metadata":{"name":"c","namespace":"default"},"unknown":{"deep":[true]}}],"metadata":{"resourceVersion":"10"}}""");
        var list = await _client.ListAsync(ConfigMap.EntityType);
        Assert.Equal(["a", "c"], list.Items.Select(item => item.Metadata.Name));
        Assert.All(list.Items, item => Assert.Equal(("v1", "ConfigMap"), (item.ApiVersion, item.Kind)));
        var bad = Assert.Single(list.Unreadable);
        Assert.Equal(new EntityKey("default", "bad"), bad.Key);
        Assert.Contains("$.data", bad.Reason, StringComparison.Ordinal);
        Assert.Equal("10", list.ResourceVersion);
        Assert.Equal("?limit=500", (await _server.NextAsync()).Query);
        Assert.Equal("?limit=500&continue=more", (await _server.NextAsync()).Query);
    }

    [Fact]
    public async Task Whatever_a_converter_throws_is_told_of_its_object_alone()
    {
        var options = new JsonSerializerOptions(TestJsonContext.Default.Options);
        options.Converters.Add(new Picky());
        var type = ConfigMap.EntityType with { Json = (JsonTypeInfo<ConfigMap>)options.GetTypeInfo(typeof(ConfigMap)) };
        _server.List("10", ConfigMap.Named("a", "1", "x"), ConfigMap.Named("b", "2", "y"), ConfigMap.Named("c", "3", "z"));
        var list = await _client.ListAsync(type, cancellationToken: CancellationToken.None);
        Assert.Equal(["a", "c"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal((new EntityKey("default", "b"), "too much for it"), list.Unreadable.Select(bad => (bad.Key, bad.Reason)).Single());
    }

    [Fact]
    public async Task A_list_from_the_servers_memory_is_asked_for_at_once()
    {
        _server.List("10");
        await _client.ListAsync(ConfigMap.EntityType, new ListOptions { ResourceVersion = "0", Namespace = "x", LabelSelector = "a=b,c" });
        var request = await _server.NextAsync();
        Assert.Equal(("/api/v1/namespaces/x/configmaps", "?resourceVersion=0&labelSelector=a=b,c"), (request.Path, request.Query));
    }

    [Fact]
    public async Task Pages_that_are_gone_before_the_end_are_replaced_by_the_whole()
    {
        _server.Answer(HttpStatusCode.OK, """{"metadata":{"resourceVersion":"10","continue":"more"},"items":[{"metadata":{"name":"a"}}]}""");
        _server.Refuse(HttpStatusCode.Gone, "Expired", "the provided continue parameter is too old");
        _server.List("20", ConfigMap.Named("a"), ConfigMap.Named("b"));
        var list = await _client.ListAsync(ConfigMap.EntityType);
        Assert.Equal(("20", 2), (list.ResourceVersion, list.Items.Count));
        await _server.NextAsync();
        await _server.NextAsync();
        Assert.Equal("", (await _server.NextAsync()).Query);
    }

    [Fact]
    public async Task A_page_that_is_no_list_is_said_so()
    {
        _server.Answer(HttpStatusCode.OK, "<html>Sign in</html>");
        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => _client.ListAsync(ConfigMap.EntityType));
        Assert.StartsWith("The API server's answer is not a list of configmaps", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_write_that_is_bounded_is_bounded_on_the_server_too()
    {
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a")));
        await _client.PatchAsync(
            ConfigMap.EntityType, Key, PatchKind.Apply, "{}"u8.ToArray(), "status", "porterlb", force: true, timeout: TimeSpan.FromSeconds(2.5));
        var request = await _server.NextAsync();
        Assert.Equal(
            ("PATCH", "/api/v1/namespaces/default/configmaps/a/status", "?fieldManager=porterlb&force=true&timeout=2500ms", "application/apply-patch+yaml"),
            (request.Method, request.Path, request.Query, request.ContentType));
    }

    [Fact]
    public async Task A_write_whose_leave_ended_on_its_way_is_withheld()
    {
        var asked = 0;
        var guarded = _client.GuardedBy(() => asked++ == 0);
        _server.Answer(HttpStatusCode.OK, FakeApiServer.Json(ConfigMap.Named("a")));
        await guarded.UpdateAsync(ConfigMap.EntityType, ConfigMap.Named("a"));
        await Assert.ThrowsAsync<PorterLB.Reconciler.Leadership.NotLeaderException>(() => guarded.UpdateAsync(ConfigMap.EntityType, ConfigMap.Named("a")));
    }

    [Fact]
    public async Task Server_side_apply_without_a_field_manager_is_refused_here() =>
        await Assert.ThrowsAsync<ArgumentException>(() => _client.PatchAsync(ConfigMap.EntityType, Key, PatchKind.Apply, "{}"u8.ToArray()));

    [Fact]
    public async Task Deleting_what_is_gone_is_no_error_and_preconditions_are_sent()
    {
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "configmaps a not found");
        await _client.DeleteAsync(ConfigMap.EntityType, Key, new Preconditions("uid", "7"));
        var request = await _server.NextAsync();
        Assert.Equal("""{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"uid","resourceVersion":"7"}}""", request.Body);
    }

    [Fact]
    public async Task An_object_of_a_namespace_needs_one() =>
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetAsync(ConfigMap.EntityType, new EntityKey(null, "a")));

    [Fact]
    public async Task A_watch_is_read_line_by_line_however_the_bytes_arrive()
    {
        var watch = _server.Watch();
        await using var stream = await _client.WatchAsync(
            ConfigMap.EntityType, new ListOptions { ResourceVersion = "10" }, TimeSpan.FromSeconds(333));
        Assert.Equal(
            "?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=333", (await _server.NextAsync()).Query);
        var line = $$"""{"object":{{FakeApiServer.Json(ConfigMap.Named("ä", "11", "é"))}},"type":"ADDED"}""" + "\n";
        foreach (var piece in Encoding.UTF8.GetBytes(line).Chunk(7))
        {
            await watch.SayAsync(Encoding.Latin1.GetString(piece), Encoding.Latin1);
        }

        await watch.BookmarkAsync("12");
        await watch.SayAsync("""{"type":"DELETED","object":{"kind":"ConfigMap","metadata":{"name":"bad","namespace":"n","resourceVersion":"13"},"data":7}}""" + "\n");
        await watch.SayAsync("""{"type":"ADDED","object":{"metadata":{"na""");
        watch.End();

        var added = await stream.ReadAsync();
        Assert.Equal((WatchEventType.Added, "11", "ä", "é"), (added!.Value.Type, added.Value.ResourceVersion, added.Value.Entity!.Metadata.Name, added.Value.Entity.Data!["value"]));
        Assert.Equal(new WatchEvent<ConfigMap>(WatchEventType.Bookmark, "12", null), await stream.ReadAsync());
        var bad = await stream.ReadAsync();
        Assert.Equal((WatchEventType.Deleted, "13", null, new EntityKey("n", "bad")), (bad!.Value.Type, bad.Value.ResourceVersion, bad.Value.Entity, bad.Value.Unreadable!.Key));
        Assert.Null(await stream.ReadAsync());
    }

    [Fact]
    public async Task An_error_in_a_watch_is_the_servers_own()
    {
        var watch = _server.Watch();
        await using var stream = await _client.WatchAsync(ConfigMap.EntityType, new ListOptions(), TimeSpan.FromSeconds(300));
        await watch.GoneAsync();
        Assert.True((await Assert.ThrowsAsync<ApiException>(async () => await stream.ReadAsync())).IsGone);
    }

    [Fact]
    public async Task A_read_of_a_silent_watch_can_be_cancelled()
    {
        _server.Watch();
        await using var stream = await _client.WatchAsync(ConfigMap.EntityType, new ListOptions(), TimeSpan.FromSeconds(300));
        using var cancel = new CancellationTokenSource();
        var reading = stream.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Theory]
    [InlineData("this is a proxy")]
    [InlineData("""["things"]""")]
    [InlineData("""{"resources":["things"]}""")]
    public async Task What_is_no_list_of_an_API_is_the_servers_trouble_and_no_bug_of_ours(string answer)
    {
        _server.Answer(HttpStatusCode.OK, answer);
        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => _client.ServesAsync(new EntityMetadata("Thing", "v1", "example.com")));
        Assert.True(ServerTrouble.Is(exception));
    }

    [Fact]
    public async Task A_version_that_the_server_does_not_have_yet_is_told_from_other_timeouts()
    {
        _server.Refuse(HttpStatusCode.GatewayTimeout, "Timeout", "Too large resource version: 99, current: 5", """{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}]}""");
        Assert.True((await Assert.ThrowsAsync<ApiException>(() => _client.ListAsync(ConfigMap.EntityType))).IsTooLargeResourceVersion);
    }

    [Fact]
    public async Task Refused_credentials_say_what_may_be_wrong()
    {
        _server.Refuse(HttpStatusCode.Unauthorized, "Unauthorized", "Unauthorized");
        var exception = await Assert.ThrowsAsync<ApiException>(() => _client.ListAsync(ConfigMap.EntityType));
        Assert.Contains("may have expired", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_of_a_group_and_of_the_cluster()
    {
        var type = new EntityType<ConfigMap>(new EntityMetadata("Eip", "v1alpha2", "example.com"), EntityScope.Cluster, TestJsonContext.Default.ConfigMap);
        Assert.Equal("/apis/example.com/v1alpha2/eips/lan", ApiPath.Of(type, new EntityKey(null, "lan")));
        Assert.Equal("/apis/example.com/v1alpha2/eips", ApiPath.Of(type, "ignored"));
    }

    /// <summary>A converter that knows nothing of what converters should throw.</summary>
    private sealed class Picky : JsonConverter<Dictionary<string, string>>
    {
        public override Dictionary<string, string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var json = JsonDocument.ParseValue(ref reader);
            return json.RootElement.GetProperty("value").GetString() is "y" ? throw new OverflowException("too much for it") : [];
        }

        public override void Write(Utf8JsonWriter writer, Dictionary<string, string> value, JsonSerializerOptions options) => throw new NotSupportedException();
    }
}
