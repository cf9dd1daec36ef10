using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Lab.Cluster;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>
/// One client's way to the API server, which misbehaves as a test asks: <see cref="Line"/> on the level of bytes, <see cref="OnRequest"/> on
/// the level of requests. Speaks TLS and HTTP/2 as the API server does. Every client gets one of its own, so that faults and requests
/// belong to somebody.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private static readonly long Start = Stopwatch.GetTimestamp();
    private static readonly TimeSpan TricklePause = TimeSpan.FromMilliseconds(100);
    private readonly WebApplication _application;
    private readonly HttpMessageInvoker _server;
    private readonly IPEndPoint _serverAddress;
    private readonly X509Certificate2 _certificate;
    private readonly ConcurrentQueue<ProxiedRequest> _requests = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-proxy").FullName;

    private FaultProxy(ControlPlane plane)
    {
        _serverAddress = new IPEndPoint(plane.Host.IPv4, ControlPlane.Port);
        _server = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) => await plane.Host.Namespace.ConnectAsync(_serverAddress, cancellationToken),
            EnableMultipleHttp2Connections = true,
#pragma warning disable CA5359, MA0039 // The API server of a lab, by the lab's own cable.
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359, MA0039
        });
        _certificate = MakeCertificate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinResponseDataRate = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(_certificate);
            });
        });
        _application = builder.Build();
        _application.Run(ForwardAsync);
    }

    /// <summary>The bytes between client and proxy.</summary>
    public ByteLine Line { get; private set; } = null!;

    /// <summary>Asked for every request; null = nothing is done to it.</summary>
    public Func<ProxiedRequest, Fault?>? OnRequest { get; set; }

    /// <summary>All requests so far, in order.</summary>
    public IReadOnlyCollection<ProxiedRequest> Requests => _requests;

    public static TimeSpan Now => Stopwatch.GetElapsedTime(Start);

    public static async Task<FaultProxy> StartAsync(ControlPlane plane)
    {
        var proxy = new FaultProxy(plane);
        await proxy._application.StartAsync();
        var address = proxy._application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        proxy.Line = new ByteLine(new Uri(address).Port);
        return proxy;
    }

    /// <summary>A kubeconfig that says the same as another, but by way of this proxy. Anybody may read it.</summary>
    public string Kubeconfig(string original)
    {
        var authority = Convert.ToBase64String(Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()));
        var text = Regex.Replace(File.ReadAllText(original), "server: .*", $"server: https://127.0.0.1:{Line.Port}", RegexOptions.None, TimeSpan.FromSeconds(5));
        text = Regex.Replace(text, "certificate-authority-data: .*", $"certificate-authority-data: {authority}", RegexOptions.None, TimeSpan.FromSeconds(5));
        var file = Path.Combine(_folder, Path.GetFileName(original));
        File.WriteAllText(file, text);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        Line.Dispose();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _application.StopAsync(limit.Token);
        await _application.DisposeAsync();
        _server.Dispose();
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var request = new ProxiedRequest(
            context.Request.Method, context.Request.Path, Uri.UnescapeDataString(context.Request.QueryString.Value ?? ""), Now);
        _requests.Enqueue(request);
        var fault = OnRequest?.Invoke(request);
        try
        {
            switch (fault)
            {
                case Fault.Refuse refuse:
                    request.Status = refuse.Status;
                    await RefuseAsync(context.Response, refuse);
                    return;
                case Fault.GoneByEvent:
                    request.Status = StatusCodes.Status200OK;
                    await context.Response.WriteAsync(
                        """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""" + "\n");
                    return;
            }

            var patience = context.RequestAborted;
            using var outgoing = await CopyAsync(context.Request);
            if (fault is Fault.Late late)
            {
                await late.Until;
                patience = CancellationToken.None;
            }

            using var answer = await _server.SendAsync(outgoing, patience);
            request.Status = (int)answer.StatusCode;
            if (!context.RequestAborted.IsCancellationRequested)
            {
                await PassOnAsync(answer, context, fault);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or IOException)
        {
            context.Abort();
        }
    }

    private async Task<HttpRequestMessage> CopyAsync(HttpRequest request)
    {
        var outgoing = new HttpRequestMessage(new HttpMethod(request.Method), $"https://{_serverAddress}{request.Path}{request.QueryString}")
        {
            Version = HttpVersion.Version20,
        };
        foreach (var name in (string[])["Authorization", "Accept", "User-Agent", "Impersonate-User", "Impersonate-Group"])
        {
            if (request.Headers.TryGetValue(name, out var values))
            {
                outgoing.Headers.TryAddWithoutValidation(name, values.ToArray());
            }
        }

        if (request.ContentType is { } type)
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
            outgoing.Content = new ByteArrayContent(body.ToArray()) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        }

        return outgoing;
    }

    private static async Task PassOnAsync(HttpResponseMessage answer, HttpContext context, Fault? fault)
    {
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        response.ContentType = answer.Content.Headers.ContentType?.ToString();
        response.Headers.RetryAfter = answer.Headers.RetryAfter?.ToString();
        await response.StartAsync(context.RequestAborted);

        // Started is not sent: the headers of a watch on which nothing happens would wait for its first event.
        await response.Body.FlushAsync(context.RequestAborted);
        await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[fault is Fault.Trickle trickle ? trickle.Bytes : 64 * 1024];
        var left = fault is Fault.CutAfter cut ? cut.Bytes : long.MaxValue;
        while (await body.ReadAsync(buffer, context.RequestAborted) is > 0 and var read)
        {
            var passed = (int)Math.Min(read, left);
            await response.Body.WriteAsync(buffer.AsMemory(0, passed), context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
            left -= passed;
            if (left == 0)
            {
                context.Abort();
                return;
            }

            if (fault is Fault.Trickle)
            {
                await Task.Delay(TricklePause, context.RequestAborted);
            }
        }
    }

    private static Task RefuseAsync(HttpResponse response, Fault.Refuse refuse)
    {
        response.StatusCode = refuse.Status;
        response.ContentType = "application/json";
        if (refuse.RetryAfter is { } after)
        {
            response.Headers.RetryAfter = after.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        }

        return response.WriteAsync(
            $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"made up by the proxy","reason":"{{refuse.Reason}}","code":{{refuse.Status}}}""");
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fault proxy", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
