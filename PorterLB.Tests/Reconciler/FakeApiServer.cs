using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace PorterLB.Tests.Reconciler;

/// <summary>A request as it arrived.</summary>
internal sealed record Received(string Method, string Path, string Query, string Body, string? ContentType, string UserAgent);

/// <summary>
/// Answers requests as a test says, in order, and remembers them. A request for which nothing is scripted waits until something is.
/// </summary>
internal sealed class FakeApiServer : HttpMessageHandler
{
    private readonly Channel<Func<Received, HttpResponseMessage>> _answers = Channel.CreateUnbounded<Func<Received, HttpResponseMessage>>();
    private readonly Channel<Received> _requests = Channel.CreateUnbounded<Received>();

    /// <summary>The next request that arrives.</summary>
    public ValueTask<Received> NextAsync() => _requests.Reader.ReadAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);

    public bool HasRequests => _requests.Reader.Count > 0;

    public void Answer(HttpStatusCode code, string body, Action<HttpResponseMessage>? with = null) => _answers.Writer.TryWrite(_ =>
    {
        var response = new HttpResponseMessage(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        with?.Invoke(response);
        return response;
    });

    public void Refuse(HttpStatusCode code, string reason, string message, string details = "{}") =>
        Answer(code, $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{message}}","reason":"{{reason}}","details":{{details}},"code":{{(int)code}}}""");

    public void Unreachable() => _answers.Writer.TryWrite(_ => throw new HttpRequestException("Connection refused"));

    public void List(string version, params ConfigMap[] items) =>
        Answer(HttpStatusCode.OK, $$"""{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}"},"items":[{{string.Join(',', items.Select(Json))}}]}""");

    /// <summary>Accepts a watch that then says what the test writes.</summary>
    public FakeWatch Watch()
    {
        var watch = new FakeWatch();
        _answers.Writer.TryWrite(_ => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(watch.Body) });
        return watch;
    }

    public static string Json(ConfigMap item) => JsonSerializer.Serialize(item, TestJsonContext.Default.ConfigMap);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var received = new Received(
            request.Method.Method,
            request.RequestUri!.AbsolutePath,
            Uri.UnescapeDataString(request.RequestUri.Query),
            request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken),
            request.Content?.Headers.ContentType?.ToString(),
            request.Headers.UserAgent.ToString());
        _requests.Writer.TryWrite(received);
        var answer = await _answers.Reader.ReadAsync(cancellationToken);
        return answer(received);
    }
}

/// <summary>The server's end of a watch.</summary>
internal sealed class FakeWatch
{
    private readonly Pipe _pipe = new();

    public Stream Body => _pipe.Reader.AsStream();

    public Task SayAsync(string type, ConfigMap item) => SayAsync($$"""{"type":"{{type}}","object":{{FakeApiServer.Json(item)}} }""" + "\n");

    public Task BookmarkAsync(string version) =>
        SayAsync($$"""{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}","creationTimestamp":null} } }""" + "\n");

    public Task GoneAsync() =>
        SayAsync("""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}}""" + "\n");

    public Task SayAsync(string text) => SayAsync(text, Encoding.UTF8);

    public async Task SayAsync(string text, Encoding encoding) => await _pipe.Writer.WriteAsync(encoding.GetBytes(text));

    public void End() => _pipe.Writer.Complete();

    public void Break() => _pipe.Writer.Complete(new IOException("The connection was reset."));
}
