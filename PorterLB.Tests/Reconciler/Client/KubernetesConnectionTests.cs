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
        Assert.Equal("ok", await AskAsync(trusted));
        Assert.Equal("ok", await AskAsync(other));
        var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(stranger));
        Assert.Contains("certificate is invalid", refusal.Message, StringComparison.Ordinal);

        async Task<string> AskAsync(X509Certificate2 certificate)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var serving = Task.Run(async () =>
            {
                using var connection = await listener.AcceptTcpClientAsync();
                await using var tls = new SslStream(connection.GetStream());
                await tls.AuthenticateAsServerAsync(certificate);
                Assert.NotEqual(0, await tls.ReadAtLeastAsync(new byte[64], 16));
                await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            });
            var file = Write(
                "config-with-port",
                File.ReadAllText(kubeconfig)
                    .Replace("PORT", $"{((IPEndPoint)listener.LocalEndpoint).Port}", StringComparison.Ordinal)
                    .Replace("\"insecure-skip-tls-verify\":true", "\"certificate-authority\":\"ca.crt\"", StringComparison.Ordinal));
            using var connection = KubernetesConnection.Create(file, "test/1");
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/version", UriKind.Relative));
            using var response = await connection.SendAsync(request, CancellationToken.None);
            await serving;
            return await response.Content.ReadAsStringAsync();
        }
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
}
