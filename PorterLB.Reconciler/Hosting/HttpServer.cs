using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace PorterLB.Reconciler.Hosting;

/// <summary>
/// Kestrel and one function. Health and metrics need no routing, no configuration and no services: a web application of its own for
/// each would cost more memory than all they serve.
/// </summary>
internal sealed class HttpServer(HttpAddress address, string what, Func<HttpContext, Task> handle, ILoggerFactory loggers) : IDisposable
{
    private readonly KestrelServer _server = Create(address, loggers);

    /// <summary>Where it really listens, once started.</summary>
    public IEnumerable<string> Addresses => _server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];

    /// <exception cref="OperatorException">It cannot listen there.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _server.StartAsync(new Application(handle), cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var reason = exception.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException
                ? "the port is in use"
                : (exception.InnerException ?? exception).Message.TrimEnd('.');
            throw new OperatorException(
                $"{what} cannot be served on {address}: {reason}. Choose another address, or 0 to do without.", exception);
        }

        var addresses = string.Join(", ", Addresses);
        loggers.CreateLogger<HttpServer>().Serving(what, addresses);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public void Dispose() => _server.Dispose();

    private static KestrelServer Create(HttpAddress address, ILoggerFactory loggers)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(32);
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(90);
        options.Limits.MaxRequestBodySize = 0;
        address.Listen(options);
        return new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
    }

    private sealed class Application(Func<HttpContext, Task> handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => handle(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
