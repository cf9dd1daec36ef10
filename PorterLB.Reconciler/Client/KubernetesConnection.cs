using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s;
using k8s.Authentication;

namespace PorterLB.Reconciler.Client;

/// <summary>The way to one API server: its address, trust and credentials. Safe for use by several threads.</summary>
public sealed class KubernetesConnection : IDisposable
{
    // Without pings a watch of a dead server hangs for minutes. HttpClient looks at its clock once a second only: silence for a second
    // is a ping at the second look, and no answer within 1.5 s is the end of the connection at the second look after that. So a dead
    // server or a cut path is noticed within 4 s; shorter times than these would take a short stall for death, and gain little.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(1.5);

    private const string PodAuthority = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

    private const int StreamWindow = 8 * 1024 * 1024;

    private readonly HttpMessageInvoker _invoker;
    private readonly ServiceClientCredentials? _credentials;
    private readonly Identity _identity;
    private readonly ProductInfoHeaderValue[] _userAgent;
    private readonly string? _tlsServerName;

    /// <summary>A connection over a handler of one's own, as tests need it.</summary>
    /// <param name="server">The address of the API server.</param>
    /// <param name="userAgent">How requests are told apart in the server's logs.</param>
    /// <param name="handler">Sends the requests; disposed with the connection.</param>
    public KubernetesConnection(Uri server, string userAgent, HttpMessageHandler handler)
        : this(server, userAgent, handler, credentials: null, Identity.OfItself, tlsServerName: null, @namespace: null)
    {
    }

    private KubernetesConnection(
        Uri server,
        string userAgent,
        HttpMessageHandler handler,
        ServiceClientCredentials? credentials,
        Identity identity,
        string? tlsServerName,
        string? @namespace)
    {
        Server = server;
        Namespace = @namespace;
        _invoker = new HttpMessageInvoker(handler, disposeHandler: true);
        _credentials = credentials;
        _identity = identity;
        _tlsServerName = tlsServerName;
        using var parsed = new HttpRequestMessage();
        parsed.Headers.UserAgent.ParseAdd(userAgent);
        _userAgent = [.. parsed.Headers.UserAgent];
    }

    /// <summary>The address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>The namespace that the kubeconfig's context or the service account names; null if none.</summary>
    public string? Namespace { get; }

    /// <summary>Makes one. Sends nothing yet.</summary>
    /// <param name="kubeconfig">
    /// The path of a kubeconfig, YAML or JSON, or several with the platform's path separator: the first that exists is used.
    /// Null or empty = the service account of the Pod.
    /// </param>
    /// <param name="userAgent">How requests are told apart in the server's logs, as <c>porterlb-manager/0.1.0</c>.</param>
    /// <param name="context">The context of the kubeconfig; null = its current one.</param>
    /// <exception cref="KubernetesConnectionException">It points nowhere; the message is one sentence for the user.</exception>
    public static KubernetesConnection Create(string? kubeconfig, string userAgent, string? context = null) => Create(kubeconfig, userAgent, connect: null, context);

    /// <summary>As the other, with a way of one's own to open connections: for API servers in another network namespace.</summary>
    internal static KubernetesConnection Create(
        string? kubeconfig, string userAgent, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect, string? context = null)
    {
        var (config, authorities, identity) = string.IsNullOrEmpty(kubeconfig) ? FromPod() : FromFiles(kubeconfig, context);
        var source = string.IsNullOrEmpty(kubeconfig) ? "The Pod's environment" : $"The kubeconfig '{kubeconfig}'";
        if (!Uri.TryCreate(config.Host, UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
        {
            throw new KubernetesConnectionException(
                $"{source} names '{config.Host}' as its server, which is no URL: write it as https://host:port.");
        }

        try
        {
            return new KubernetesConnection(
                server,
                userAgent,
                Handler(config, authorities, connect),
                Kubernetes.CreateCredentials(config),
                identity,
                string.IsNullOrEmpty(config.TlsServerName) ? null : config.TlsServerName,
                string.IsNullOrEmpty(config.Namespace) ? null : config.Namespace);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new KubernetesConnectionException(
                $"{source} has credentials that cannot be read: {exception.Message.TrimEnd('.')}. Check its certificates and keys.", exception);
        }
    }

    /// <summary>Sends a request with the credentials. Ends when the answer's headers are there; the body is still to be read.</summary>
    /// <param name="request">A request whose URI is relative to the server, as <c>/api/v1/services</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.RequestUri = new Uri(Server.AbsoluteUri.TrimEnd('/') + request.RequestUri!.OriginalString);
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        request.Headers.Host = _tlsServerName;
        foreach (var product in _userAgent)
        {
            request.Headers.UserAgent.Add(product);
        }

        // Asked for on each request: a service account's token is replaced on disk while we run.
        if (_credentials is not null)
        {
            await _credentials.ProcessHttpRequestAsync(request, cancellationToken);
        }

        _identity.Authenticate(request);

        try
        {
            return await _invoker.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new HttpRequestException(
                exception.HttpRequestError,
                $"The API server {Server.Scheme}://{Server.Authority} cannot be reached: {Innermost(exception).Message}",
                exception,
                exception.StatusCode);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody cancelled: so .NET tells of a connection whose handshake took longer than ConnectTimeout, as with a server that is
            // just starting.
            throw new HttpRequestException(
                HttpRequestError.ConnectionError, $"The API server {Server.Scheme}://{Server.Authority} cannot be reached: no connection in time", exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private static (KubernetesClientConfiguration Config, X509Certificate2Collection Authorities, Identity Identity) FromPod()
    {
        if (!KubernetesClientConfiguration.IsInCluster())
        {
            throw new KubernetesConnectionException(
                "No API server is known: no kubeconfig is named, and this is no Pod with a service account. " +
                "Name one with --kubeconfig or KUBECONFIG.");
        }

        try
        {
            return (KubernetesClientConfiguration.InClusterConfig(), ReadAuthorities(data: null, PodAuthority), Identity.OfItself);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new KubernetesConnectionException(
                $"The service account of this Pod cannot be read: {exception.Message.TrimEnd('.')}. " +
                "Check that automountServiceAccountToken is not false.",
                exception);
        }
    }

    private static (KubernetesClientConfiguration Config, X509Certificate2Collection Authorities, Identity Identity) FromFiles(string kubeconfig, string? named)
    {
        var file = kubeconfig.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(path => new FileInfo(path))
            .FirstOrDefault(candidate => candidate.Exists)
            ?? throw new KubernetesConnectionException(
                $"The kubeconfig '{kubeconfig}' does not exist. Name one that does with --kubeconfig or KUBECONFIG.");
        try
        {
            var content = KubernetesClientConfiguration.LoadKubeConfig(file);
            var chosen = named ?? content.CurrentContext;
            if (string.IsNullOrEmpty(chosen))
            {
                throw new KubernetesConnectionException(
                    $"The kubeconfig '{file}' has no current-context. Choose one with kubectl config use-context.");
            }

            var folder = file.DirectoryName ?? "";
            var context = content.Contexts?.FirstOrDefault(candidate => candidate.Name == chosen)?.ContextDetails
                ?? throw new KubernetesConnectionException(
                    $"The kubeconfig '{file}' has no context '{chosen}'{(named is null ? ", which is its current-context. Choose one with kubectl config use-context." : ". Choose one that kubectl config get-contexts lists.")}");
            var user = content.Users?.FirstOrDefault(candidate => candidate.Name == context.User)?.UserCredentials;
            var identity = Identity.Of(file, context.User, user);
            if (identity.TokenFile is not null)
            {
                // The library knows no token files, and takes a user without a token for a mistake.
                user!.Token = identity.ReadToken();
            }

            var config = KubernetesClientConfiguration.BuildConfigFromConfigObject(content, chosen);
            var cluster = content.Clusters.First(candidate => candidate.Name == context.Cluster).ClusterEndpoint;
            return (config, ReadAuthorities(
                cluster.CertificateAuthorityData,
                string.IsNullOrEmpty(cluster.CertificateAuthority)
                    ? null
                    : Path.Combine(folder, cluster.CertificateAuthority)), identity);
        }
        catch (Exception exception) when (exception is not (OutOfMemoryException or KubernetesConnectionException))
        {
            throw new KubernetesConnectionException(
                $"The kubeconfig '{kubeconfig}' cannot be used: {Innermost(exception).Message.TrimEnd('.')}. " +
                "kubectl config view shows what is in it.",
                exception);
        }
    }

    private static SocketsHttpHandler Handler(
        KubernetesClientConfiguration config,
        X509Certificate2Collection authorities,
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = connect,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,

            // Room for a burst of events: a server gives up a watcher that does not take its events within about 50 ms.
            InitialHttp2StreamWindowSize = StreamWindow,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        };
        if (config.SkipTlsVerify)
        {
#pragma warning disable CA5359, MA0039 // The user's kubeconfig asks for it: insecure-skip-tls-verify.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359, MA0039
        }
        else if (authorities.Count > 0)
        {
            var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            trust.CustomTrustStore.AddRange(authorities);
            handler.SslOptions.CertificateChainPolicy = trust;
        }

        handler.SslOptions.ClientCertificateContext = ClientCertificate(config);
        return handler;
    }

    // Not the library's own reading, which keeps the first certificate of a bundle alone: while a cluster changes its authority there
    // are two, and either may have signed.
    private static X509Certificate2Collection ReadAuthorities(string? data, string? file)
    {
        var authorities = new X509Certificate2Collection();
        if (Pem(data, file) is { } pem)
        {
            authorities.ImportFromPem(pem);
        }

        return authorities;
    }

    private static SslStreamCertificateContext? ClientCertificate(KubernetesClientConfiguration config)
    {
        var certificatePem = Pem(config.ClientCertificateData, config.ClientCertificateFilePath);
        var keyPem = Pem(config.ClientCertificateKeyData, config.ClientKeyFilePath);
        if (certificatePem is null || keyPem is null)
        {
            return null;
        }

        // The first certificate is the client's own; what follows are the issuers between it and the root.
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificatePem);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificatePem, keyPem), chain, offline: true);
    }

    private static string? Pem(string? base64, string? path) =>
        !string.IsNullOrEmpty(base64) ? Encoding.UTF8.GetString(Convert.FromBase64String(base64))
        : !string.IsNullOrEmpty(path) ? File.ReadAllText(path)
        : null;

    private static Exception Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }
}
