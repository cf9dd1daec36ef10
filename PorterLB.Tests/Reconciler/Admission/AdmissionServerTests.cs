using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Admission.Certificates;

namespace PorterLB.Tests.Reconciler.Admission;

public sealed class AdmissionServerTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();
    private static readonly AdmissionServerOptions Options = new()
    {
        Port = 0,
        Namespace = "ours",
        ServiceName = "webhook",
        SecretName = "webhook",
        ConfigurationName = "ours",
        Linger = TimeSpan.FromSeconds(5),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-certificates-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly AdmissionServer _server;
    private readonly HeldWebhook _held = new();
    private readonly CertificateSet _set = Issuer.Issue("webhook", Options.DnsNames, Now);

    public AdmissionServerTests()
    {
        var metrics = new AdmissionMetrics(Prometheus.Metrics.NewCustomRegistry());
        var serving = new ServingCertificate(metrics, NullLogger<ServingCertificate>.Instance);
        _server = new(
            Options,
            [new AdmissionReviewer<Thing>(Thing.Type, _held)],
            serving,
            new Reload(_folder, serving, _time, NullLogger<Reload>.Instance),
            metrics,
            _time,
            NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        var stopping = _server.StopAsync(CancellationToken.None);
        _time.Advance(Options.Linger);
        await stopping;
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_is_ready_when_it_has_a_certificate_and_not_before()
    {
        await _server.StartAsync(TestContext.Current.CancellationToken);
        Assert.False(_server.Readiness.IsHealthy);
        await Assert.ThrowsAnyAsync<Exception>(() => PostAsync("{}"));

        await WriteAsync(_set);
        await ReloadedAsync(_set);
        Assert.True(_server.Readiness.IsHealthy);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("{}")).StatusCode);
    }

    [Fact]
    public async Task A_certificate_that_changes_is_served_without_a_restart_and_a_broken_one_is_not()
    {
        await WriteAsync(_set);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        await ReloadedAsync(_set);

        await File.WriteAllTextAsync(Path.Combine(_folder, "tls.crt"), "nonsense", TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("{}")).StatusCode);

        var renewed = Issuer.Renew(_set, Options.DnsNames, Now);
        await WriteAsync(renewed);
        await ReloadedAsync(renewed);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused_unread()
    {
        await WriteAsync(_set);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        await ReloadedAsync(_set);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync(new string(' ', AdmissionEndpoint.MaxBodySize + 1))).StatusCode);
    }

    [Fact]
    public async Task Only_TLS_1_2_and_later_are_spoken()
    {
        await WriteAsync(_set);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        await ReloadedAsync(_set);
#pragma warning disable SYSLIB0039, CA5397, CA5398 // That it is refused is what is tested.
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(SslProtocols.Tls11));
#pragma warning restore SYSLIB0039, CA5397, CA5398
        await HandshakeAsync(SslProtocols.Tls12);
        await HandshakeAsync(SslProtocols.Tls13);
    }

    [Theory]
    [InlineData("POST", "/validate-example-com-v1-other", HttpStatusCode.NotFound)]
    [InlineData("GET", "/validate-example-com-v1-thing", HttpStatusCode.MethodNotAllowed)]
    public async Task Other_paths_and_methods_are_refused(string method, string path, HttpStatusCode code)
    {
        await WriteAsync(_set);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        await ReloadedAsync(_set);
        using var client = Client();
        using var request = new HttpRequestMessage(new(method), $"https://webhook.ours.svc:{_server.Port}{path}");
        Assert.Equal(code, (await client.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_stop_takes_requests_for_a_while_more_and_then_answers_those_in_flight()
    {
        await WriteAsync(_set);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        await ReloadedAsync(_set);

        var stopping = _server.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(Review(size: 5))).StatusCode);
        var inFlight = PostAsync(Review(HeldWebhook.Held));
        await _held.Entered.Task;

        _time.Advance(Options.Linger);
        await RefusedAsync();
        Assert.False(inFlight.IsCompleted);
        Assert.False(stopping.IsCompleted);

        _held.Answer.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await inFlight).StatusCode);
        await stopping;
    }

    private static string Review(int size) =>
        $$$$$"""{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"CREATE","object":{"metadata":{"name":"one"},"spec":{"size":{{{{{size}}}}}}}}}""";

    /// <summary>Waits until nothing listens any more.</summary>
    private async Task RefusedAsync()
    {
        try
        {
            while (true)
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, _server.Port, TestContext.Current.CancellationToken);
                await Task.Yield();
            }
        }
        catch (SocketException)
        {
        }
    }

    private async Task WriteAsync(CertificateSet set)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "tls.key"), set.Key, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder, "tls.crt"), set.Certificate, TestContext.Current.CancellationToken);
    }

    /// <summary>The reading goes on in the background: each look at it lets its clock go on.</summary>
    private async Task ReloadedAsync(CertificateSet set)
    {
        using var wanted = X509Certificate2.CreateFromPem(set.Certificate);
        while (true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(5));
            try
            {
                if ((await HandshakeAsync(SslProtocols.None)).SequenceEqual(wanted.RawData))
                    return;
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException)
            {
                await Task.Yield();
            }
        }
    }

    private async Task<byte[]> HandshakeAsync(SslProtocols protocols)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _server.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "webhook.ours.svc",
                EnabledSslProtocols = protocols,
                CertificateChainPolicy = Policy(),
            },
            TestContext.Current.CancellationToken);
        return tls.RemoteCertificate!.GetRawCertData();
    }

    private async Task<HttpResponseMessage> PostAsync(string body)
    {
        using var client = Client();
        // A refusal must come before the body, or the connection breaks while it is still being sent.
        client.DefaultRequestHeaders.ExpectContinue = true;
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.PostAsync($"https://webhook.ours.svc:{_server.Port}/validate-example-com-v1-thing", content, TestContext.Current.CancellationToken);
    }

    private HttpClient Client() => new(new SocketsHttpHandler
    {
        SslOptions = new() { CertificateChainPolicy = Policy() },
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _server.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_set.Bundle);
        return policy;
    }

    /// <summary>A webhook that takes its time for one thing.</summary>
    private sealed class HeldWebhook : ValidationWebhook<Thing>
    {
        public const int Held = 7;

        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<ValidationResult> CreateAsync(Thing entity, bool dryRun, CancellationToken cancellationToken)
        {
            if (entity.Spec.Size == Held)
            {
                Entered.SetResult();
                await Answer.Task.WaitAsync(cancellationToken);
            }

            return Success();
        }
    }
}
