using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Client;

public sealed class KubernetesConnectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_kubeconfig_in_YAML_and_in_JSON_gives_server_and_namespace()
    {
        var yaml = Write("config", """
            apiVersion: v1
            kind: Config
            current-context: here
            contexts:
            - name: here
              context: {cluster: c, user: u, namespace: shop}
            clusters:
            - name: c
              cluster: {server: 'https://127.0.0.1:6443', insecure-skip-tls-verify: true}
            users:
            - name: u
              user: {token: secret}
            """);
        var json = Write("config.json", """
            {"apiVersion":"v1","kind":"Config","current-context":"here",
             "contexts":[{"name":"here","context":{"cluster":"c","user":"u"}}],
             "clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:6444","insecure-skip-tls-verify":true}}],
             "users":[{"name":"u","user":{"token":"secret"}}]}
            """);
        using var one = KubernetesConnection.Create(yaml, "test/1");
        using var other = KubernetesConnection.Create(json, "test/1");
        Assert.Equal(("https://127.0.0.1:6443/", "shop"), (one.Server.AbsoluteUri, one.Namespace));
        Assert.Equal(("https://127.0.0.1:6444/", null), (other.Server.AbsoluteUri, other.Namespace));
    }

    [Fact]
    public void Of_several_kubeconfigs_the_first_that_exists_is_used()
    {
        var there = Write("config", Minimal("https://127.0.0.1:6443"));
        using var connection = KubernetesConnection.Create($"{_folder}/missing{Path.PathSeparator}{there}", "test/1");
        Assert.Equal(6443, connection.Server.Port);
    }

    [Fact]
    public async Task Every_authority_of_a_bundle_is_trusted_and_no_other()
    {
        using var trusted = SelfSigned("trusted");
        using var other = SelfSigned("other");
        using var stranger = SelfSigned("stranger");
        var kubeconfig = Write("config", Minimal("https://127.0.0.1:PORT"));
        Write("ca.crt", other.ExportCertificatePem() + "\n" + trusted.ExportCertificatePem());
        await AskAsync(trusted);
        await AskAsync(other);
        var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(stranger));
        Assert.Contains("certificate is invalid", refusal.Message, StringComparison.Ordinal);

        async Task AskAsync(X509Certificate2 certificate)
        {
            await using var server = new OneAnswerServer(certificate);
            var file = Write(
                "config-with-port",
                File.ReadAllText(kubeconfig)
                    .Replace("PORT", $"{server.Port}", StringComparison.Ordinal)
                    .Replace("\"insecure-skip-tls-verify\":true", "\"certificate-authority\":\"ca.crt\"", StringComparison.Ordinal));
            using var connection = KubernetesConnection.Create(file, "test/1");
            await SendAsync(connection);
        }
    }

    [Fact]
    public async Task A_token_file_is_read_again_for_each_request_and_a_missing_one_is_named()
    {
        using var certificate = SelfSigned("server");
        await using var server = new OneAnswerServer(certificate);
        Write("token", "first\n");
        var kubeconfig = Write("config", Minimal($"https://127.0.0.1:{server.Port}").Replace("\"token\":\"secret\"", "\"tokenFile\":\"token\"", StringComparison.Ordinal));
        using var connection = KubernetesConnection.Create(kubeconfig, "test/1");
        await SendAsync(connection);
        Write("token", "second\n");
        await SendAsync(connection);
        Assert.Contains("authorization: bearer first", server.Requests[0], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("authorization: bearer second", server.Requests[1], StringComparison.OrdinalIgnoreCase);

        File.Delete(Path.Combine(_folder, "token"));
        var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(connection));
        Assert.StartsWith($"The token file '{_folder}/token' of the kubeconfig cannot be read: ", refusal.Message, StringComparison.Ordinal);
        Assert.StartsWith($"The kubeconfig '{kubeconfig}' cannot be used: ", Refusal(kubeconfig), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whom_the_kubeconfig_says_to_act_as_is_asked_for()
    {
        using var certificate = SelfSigned("server");
        await using var server = new OneAnswerServer(certificate);
        var kubeconfig = Write("config", $$"""
            apiVersion: v1
            kind: Config
            current-context: here
            contexts:
            - name: here
              context: {cluster: c, user: u}
            clusters:
            - name: c
              cluster: {server: 'https://127.0.0.1:{{server.Port}}', insecure-skip-tls-verify: true}
            users:
            - name: u
              user: {token: secret, as: jane, as-groups: [readers, writers]}
            """);
        using var connection = KubernetesConnection.Create(kubeconfig, "test/1");
        await SendAsync(connection);
        var request = Assert.Single(server.Requests);
        Assert.Contains("Impersonate-User: jane", request, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("readers", request, StringComparison.Ordinal);
        Assert.Contains("writers", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_a_connection_and_says_nothing_cannot_be_reached_and_that_is_no_cancellation()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var handler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromMilliseconds(100) };
        using var connection = new KubernetesConnection(new($"https://{silent.LocalEndpoint}"), "test/1", handler);
        var exception = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(connection));
        Assert.Equal($"The API server https://{silent.LocalEndpoint} cannot be reached: no connection in time", exception.Message);
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_a_connection_is_told_of_a_cancellation()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var connection = KubernetesConnection.Create(Write("config", Minimal($"https://{silent.LocalEndpoint}")), "test/1");
        using var stop = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/version", UriKind.Relative));
        var sending = connection.SendAsync(request, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public void A_current_context_that_is_not_there_is_named()
    {
        var file = Write("config", Minimal("https://127.0.0.1:6443").Replace("\"current-context\":\"here\"", "\"current-context\":\"there\"", StringComparison.Ordinal));
        Assert.StartsWith($"The kubeconfig '{file}' has no context 'there'", Refusal(file), StringComparison.Ordinal);
    }

    private static async Task SendAsync(KubernetesConnection connection)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/version", UriKind.Relative));
        using var response = await connection.SendAsync(request, CancellationToken.None);
        Assert.Equal("ok", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public void A_kubeconfig_that_does_not_exist_is_one_clear_sentence() =>
        Assert.Equal(
            $"The kubeconfig '{_folder}/none' does not exist. Name one that does with --kubeconfig or KUBECONFIG.",
            Refusal($"{_folder}/none"));

    [Fact]
    public void No_kubeconfig_outside_a_Pod_is_one_clear_sentence() =>
        Assert.Equal(
            "No API server is known: no kubeconfig is named, and this is no Pod with a service account. " +
            "Name one with --kubeconfig or KUBECONFIG.",
            Refusal(null));

    [Theory]
    [InlineData("this is { no yaml")]
    [InlineData("")]
    [InlineData("kind: Config\n")]
    public void A_kubeconfig_that_cannot_be_used_is_named(string content)
    {
        var file = Write("config", content);
        Assert.StartsWith($"The kubeconfig '{file}' ", Refusal(file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_is_no_URL_is_named()
    {
        var file = Write("config", Minimal("nowhere"));
        var refusal = Refusal(file);
        Assert.StartsWith($"The kubeconfig '{file}' cannot be used: ", refusal, StringComparison.Ordinal);
        Assert.Contains("nowhere", refusal, StringComparison.Ordinal);
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static string Minimal(string server) => $$$"""
        {"apiVersion":"v1","kind":"Config","current-context":"here",
         "contexts":[{"name":"here","context":{"cluster":"c","user":"u"}}],
         "clusters":[{"name":"c","cluster":{"server":"{{{server}}}","insecure-skip-tls-verify":true}}],
         "users":[{"name":"u","user":{"token":"secret"}}]}
        """;

    private static string Refusal(string? kubeconfig) =>
        Assert.Throws<KubernetesConnectionException>(() => KubernetesConnection.Create(kubeconfig, "test/1")).Message;

    private string Write(string name, string content)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, content);
        return file;
    }

    /// <summary>Answers every request over TLS with "ok", and remembers it. Knows HTTP/1.1 alone.</summary>
    private sealed class OneAnswerServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task _serving;

        public OneAnswerServer(X509Certificate2 certificate)
        {
            _listener.Start();
            _serving = ServeAsync(certificate);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public List<string> Requests { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task ServeAsync(X509Certificate2 certificate)
        {
            while (true)
            {
                using var connection = await _listener.AcceptTcpClientAsync();
                await using var tls = new SslStream(connection.GetStream());
                try
                {
                    await tls.AuthenticateAsServerAsync(certificate);
                    var buffer = new byte[4096];
                    var read = await tls.ReadAsync(buffer);
                    Requests.Add(System.Text.Encoding.ASCII.GetString(buffer, 0, read));
                    await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"u8.ToArray());
                }
                catch (Exception exception) when (exception is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The client does not trust us.
                }
            }
        }
    }
}
