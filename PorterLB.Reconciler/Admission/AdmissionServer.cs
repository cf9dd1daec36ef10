using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using PorterLB.Reconciler.Admission.Certificates;
using PorterLB.Reconciler.Health;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Reconciler.Admission;

/// <summary>Serves the webhooks over HTTPS, on every replica, leader or not.</summary>
internal sealed class AdmissionServer(
    AdmissionServerOptions options,
    IEnumerable<IAdmissionReviewer> reviewers,
    ServingCertificate certificate,
    ICertificateSource source,
    AdmissionMetrics metrics,
    TimeProvider time,
    ILoggerFactory logs) : IHostedService, IAsyncDisposable
{
    private readonly Dictionary<string, AdmissionEndpoint> _endpoints = reviewers
        .Select(reviewer => new AdmissionEndpoint(reviewer, metrics, time, logs.CreateLogger<AdmissionEndpoint>()))
        .ToDictionary(endpoint => endpoint.Path, StringComparer.Ordinal);

    private readonly ILogger _logger = logs.CreateLogger<AdmissionServer>();
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;
    private Task _certificates = Task.CompletedTask;

    /// <summary>Ready once the API server trusts what is served, so that a Service sends no request that must fail.</summary>
    public HealthCheckResult Readiness => certificate.NotReady is { } reason
        ? HealthCheckResult.Unhealthy(reason)
        : HealthCheckResult.Healthy;

    /// <summary>Where it listens, once started.</summary>
    internal int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<ILoggerFactory>(new WithoutHosting(logs));
        builder.Services.AddSingleton<IHostLifetime, OfTheOuterHost>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = AdmissionEndpoint.MaxBodySize;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(32);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(90);
            kestrel.Limits.MaxConcurrentConnections = 1_000;
            kestrel.ListenAnyIP(options.Port, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = TimeSpan.FromSeconds(10),
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ServerCertificateContext = certificate.Current ?? throw new AuthenticationException(certificate.NotReady),
                }),
            }));
        });
        _app = builder.Build();
        _app.Run(RouteAsync);
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var reason = exception.InnerException is AddressInUseException ? "it is in use" : (exception.InnerException ?? exception).Message.TrimEnd('.');
            throw new OperatorException(
                $"Admission webhooks cannot be served on port {options.Port}: {reason}. Choose another port, or 0 to do without.", exception);
        }

        Port = _app.Urls.Select(url => new Uri(url).Port).First();
        _logger.AdmissionServing(Port, _endpoints.Keys);
        _certificates = source.RunAsync(_stopping.Token);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_app is not null)
        {
            // Who sends requests here learns of the stop when this process does; until it has, nobody else gets what it sends.
            await Task.Delay(options.Linger, time, cancellationToken);
            await _app.StopAsync(cancellationToken);
        }

        await _stopping.CancelAsync();
        await _certificates.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private Task RouteAsync(HttpContext context)
    {
        if (!_endpoints.TryGetValue(context.Request.Path.Value ?? "", out var endpoint))
        {
            context.Response.StatusCode = (int)HttpStatusCode.NotFound;
            return Task.CompletedTask;
        }

        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
            context.Response.Headers.Allow = HttpMethods.Post;
            return Task.CompletedTask;
        }

        return endpoint.HandleAsync(context);
    }

    /// <summary>The process is the outer host's: signals are its to hear, and so is what is said of start and stop.</summary>
    private sealed class OfTheOuterHost : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class WithoutHosting(ILoggerFactory logs) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => logs.AddProvider(provider);

        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.Hosting", StringComparison.Ordinal)
            || categoryName.StartsWith("Microsoft.AspNetCore.Hosting", StringComparison.Ordinal) // two lines for each request
                ? NullLogger.Instance
                : logs.CreateLogger(categoryName);

        public void Dispose()
        {
            // Not ours.
        }
    }
}
