using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Tests.Reconciler.Events;

public sealed class EventRecorderTests : IAsyncDisposable
{
    private static readonly ConfigMap Object = ConfigMap.Named("web", "5", "x");
    private readonly FakeApiServer _server = new();
    private readonly ObservedTime _time = new();
    private readonly OperatorMetrics _metrics = new();
    private readonly KubernetesConnection _connection;
    private readonly EventRecorder _recorder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public EventRecorderTests()
    {
        _connection = new KubernetesConnection(new Uri("https://api.test:6443"), "test/1", _server);
        _recorder = new EventRecorder(
            new KubernetesClient(_connection, _time), "tester", host: null, _time, _metrics, NullLogger<EventRecorder>.Instance);
        _run = _recorder.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _connection.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task The_same_again_is_counted_on_the_Event_that_stands_and_said_anew_once_that_is_gone()
    {
        _server.Answer(HttpStatusCode.Created, Stored("web.1"));
        await SayAsync("It is there.");
        var first = await _server.NextAsync();
        var created = JsonNode.Parse(first.Body)!;
        Assert.Equal(("POST", "/api/v1/namespaces/default/events"), (first.Method, first.Path));
        Assert.Equal(("ConfigMap", "web", "uid-of-web", "5"), Subject(created));
        Assert.Equal(("Found", "It is there.", "Warning", "tester", 1), Said(created));

        _server.Answer(HttpStatusCode.OK, Stored("web.1"));
        await SayAsync("It is there.");
        var again = await _server.NextAsync();
        Assert.Equal(("PATCH", $"/api/v1/namespaces/default/events/{created["metadata"]!["name"]}"), (again.Method, again.Path));
        Assert.Equal(2, (int)JsonNode.Parse(again.Body)!["count"]!);

        // Events live for an hour.
        _server.Refuse(HttpStatusCode.NotFound, "NotFound", "no such Event");
        _server.Answer(HttpStatusCode.Created, Stored("web.2"));
        await SayAsync("It is there.");
        Assert.Equal("PATCH", (await _server.NextAsync()).Method);
        var anew = await _server.NextAsync();
        Assert.Equal("POST", anew.Method);
        Assert.Equal(("Found", "It is there.", "Warning", "tester", 3), Said(JsonNode.Parse(anew.Body)!));
    }

    [Fact]
    public async Task One_that_cannot_be_sent_is_tried_twelve_times_ten_seconds_apart_and_then_the_next_has_its_turn()
    {
        for (var i = 0; i < 12; i++)
        {
            _server.Unreachable();
        }

        await SayAsync("It is there.");
        await SayAsync("It is there no more.");
        for (var i = 0; i < 12; i++)
        {
            Assert.Contains("It is there.", (await _server.NextAsync()).Body, StringComparison.Ordinal);
            if (i < 11)
            {
                await _time.PassAsync(10, 10);
            }
        }

        _server.Answer(HttpStatusCode.Created, Stored("web.1"));
        Assert.Contains("It is there no more.", (await _server.NextAsync()).Body, StringComparison.Ordinal);
        Assert.Contains("events_dropped_total{type=\"Warning\",why=\"refused\"} 1\n", await PageAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_refused_for_good_is_not_tried_again()
    {
        _server.Refuse(HttpStatusCode.Forbidden, "Forbidden", "the namespace is being terminated");
        _server.Answer(HttpStatusCode.Created, Stored("web.1"));
        await SayAsync("It is there.");
        await SayAsync("It is there no more.");
        Assert.Contains("It is there.", (await _server.NextAsync()).Body, StringComparison.Ordinal);
        Assert.Contains("It is there no more.", (await _server.NextAsync()).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_and_a_message_of_any_length_become_an_Event_that_the_server_takes()
    {
        _server.Answer(HttpStatusCode.Created, Stored("x"));
        await _recorder.PublishAsync(ConfigMap.Named($"{new string('x', 229)}.{new string('y', 23)}", "5"), "Found", new string('m', 5_000));
        var created = JsonNode.Parse((await _server.NextAsync()).Body)!;
        Assert.InRange(((string)created["metadata"]!["name"]!).Length, 1, 253);
        Assert.DoesNotContain("..", (string)created["metadata"]!["name"]!, StringComparison.Ordinal);
        Assert.Equal(1024, ((string)created["message"]!).Length);
    }

    private Task SayAsync(string message) => _recorder.PublishAsync(Object, "Found", message, EventType.Warning);

    private static string Stored(string name) => $$"""{"metadata":{"name":"{{name}}","namespace":"default","resourceVersion":"9"} }""";

    private static (string?, string?, string?, string?) Subject(JsonNode said) =>
        said["involvedObject"] is { } subject
            ? ((string?)subject["kind"], (string?)subject["name"], (string?)subject["uid"], (string?)subject["resourceVersion"])
            : default;

    private static (string?, string?, string?, string?, int?) Said(JsonNode said) =>
        ((string?)said["reason"], (string?)said["message"], (string?)said["type"], (string?)said["source"]?["component"], (int?)said["count"]);

    private async Task<string> PageAsync()
    {
        using var page = new MemoryStream();
        await _metrics.Registry.CollectAndExportAsTextAsync(page, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(page.ToArray());
    }
}
