using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;
using PorterLB.Reconciler.Admission.Certificates;

namespace PorterLB.Tests.EndToEnd;

/// <summary>
/// Two managers serve the webhooks of a real API server while their certificates change, and while one of them is replaced: requests go
/// on all the time, and none is refused. The hours between the steps of a rotation are left out by writing certificates that are older.
/// </summary>
[Collection(WebhookCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class WebhookCertificateTests(WebhookLab webhooks, ITestOutputHelper output)
{
    private const string Secret = "/api/v1/namespaces/porterlb-system/secrets/porterlb-webhook";
    private const string Configuration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/porterlb";
    private const int Port = 9443;
    private static readonly string[] Names = ["porterlb-webhook.porterlb-system.svc", "porterlb-webhook.porterlb-system.svc.cluster.local", "porterlb-webhook.porterlb-system", "porterlb-webhook"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Certificates_are_renewed_and_a_manager_replaced_while_requests_go_on_and_none_is_refused()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var lab = webhooks.Lab;
        var first = lab.Manager;
        lab.StartManager(1);
        await lab.WaitForManagerAsync(1, Cancel);
        await lab.SendWebhooksToAsync([0, 1], Cancel);
        var old = await SetAsync(lab);
        await ServedAsync(lab, old.Certificate, 0, 1);
        await using var requests = new Requests(lab.ControlPlane.Api);

        // A new authority, made three hours ago but for five seconds: so long do both have to be trusted before it signs what is served.
        var rolling = Issuer.WithNewAuthority(old, "porterlb-webhook", DateTimeOffset.UtcNow - Rotation.StepTime + TimeSpan.FromSeconds(5));
        await lab.ControlPlane.Api.ReplaceAsync(Secret, SecretOf(rolling), Cancel);
        await UntilAsync("both authorities to be trusted", async () => (await TrustedAsync(lab)).SequenceEqual(rolling.Authorities));

        // Meanwhile a third one gets ready, with files that somebody else keeps, as cert-manager's Secret comes into a Pod.
        var folder = new MountedSecret(lab.LogFolder);
        await folder.WriteAsync(rolling);
        lab.StartManager(2, $"--cert-dir={folder.Path}");
        await lab.WaitForManagerAsync(2, Cancel);
        await UntilAsync("a certificate of the new authority", async () =>
        {
            // Something changes, so that they look before their ten minutes are over.
            await lab.ControlPlane.Api.MergeAsync(Secret, JsonNode.Parse($$"""{"metadata":{"annotations":{"looked-at":"{{DateTime.UtcNow.Ticks}}"} } }""")!, Cancel);
            return (await SetAsync(lab)).Certificate != old.Certificate;
        });
        var renewed = await SetAsync(lab);
        await ServedAsync(lab, renewed.Certificate, 0, 1);

        // Three hours later the old authority goes.
        await lab.ControlPlane.Api.ReplaceAsync(Secret, SecretOf(Issuer.Renew(renewed, Names, DateTimeOffset.UtcNow - Rotation.StepTime)), Cancel);
        await UntilAsync("the new authority alone", async () => (await TrustedAsync(lab)).SequenceEqual([rolling.Authorities[0]]));

        // One manager ends while it still gets requests, and the third takes its place when its files are new.
        first.Send(UnixSignal.Terminate);
        await lab.SendWebhooksToAsync([1], Cancel);
        var next = Issuer.Renew(await SetAsync(lab), Names, DateTimeOffset.UtcNow);
        await folder.WriteAsync(next);

        // Whoever applies the configuration again meanwhile does not take the trust away.
        var webhook = Path.Combine(House.Repository.Root, "config", "webhook");
        Assert.Empty(await lab.ControlPlane.Kubectl("diff", "-k", webhook).RunAsync(Cancel));
        await lab.ControlPlane.Kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-k", webhook).RunAsync(Cancel);
        Assert.Equal([rolling.Authorities[0]], await TrustedAsync(lab));
        await ServedAsync(lab, next.Certificate, 2);
        await lab.SendWebhooksToAsync([2], Cancel);
        await first.WaitForExitAsync(Cancel);
        Assert.Equal(0, first.ExitCode);
        var served = requests.Count;
        await UntilAsync("requests to go on with the third", () => Task.FromResult(requests.Count > served + 5));

        var (count, failures) = await requests.StopAsync();
        output.WriteLine($"{count} requests were checked by the webhooks meanwhile.");
        Assert.Empty(failures);
        Assert.True(count > 20, $"only {count}");
    }

    private static JsonObject SecretOf(CertificateSet set) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Secret",
        ["type"] = "kubernetes.io/tls",
        ["metadata"] = new JsonObject { ["name"] = "porterlb-webhook" },
        ["data"] = new JsonObject(set.ToData().Select(field => KeyValuePair.Create(field.Key, (JsonNode?)Convert.ToBase64String(field.Value)))),
    };

    private static async Task<CertificateSet> SetAsync(LightLab lab) => CertificateSet.FromData(
        (await lab.ControlPlane.Api.GetAsync(Secret, Cancel))!["data"]!.AsObject().ToDictionary(field => field.Key, field => Convert.FromBase64String((string)field.Value!)))!;

    /// <summary>The authorities that the API server trusts, the same for all webhooks.</summary>
    private static async Task<IReadOnlyList<string>> TrustedAsync(LightLab lab)
    {
        var bundles = (await lab.ControlPlane.Api.GetAsync(Configuration, Cancel))!["webhooks"]!.AsArray()
            .Select(webhook => (string?)webhook!["clientConfig"]!["caBundle"] ?? "").Distinct().ToList();
        if (bundles is not [var bundle])
        {
            return [];
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(bundle)));
        return [.. authorities.Select(authority => authority.ExportCertificatePem() + "\n")];
    }

    private static Task ServedAsync(LightLab lab, string certificate, params int[] replicas) => UntilAsync("the certificate to be served", async () =>
    {
        using var wanted = X509Certificate2.CreateFromPem(certificate);
        foreach (var host in replicas.Select(lab.ManagerHost))
        {
#pragma warning disable CA5359 // Which certificate it is, is what is asked.
            await using var tls = new SslStream(await host.Namespace.ConnectAsync(new IPEndPoint(host.IPv4, Port), Cancel), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
            await tls.AuthenticateAsClientAsync(Names[0]);
            if (!tls.RemoteCertificate!.GetRawCertData().AsSpan().SequenceEqual(wanted.RawData))
            {
                return false;
            }
        }

        return true;
    });

    private static Task UntilAsync(string what, Func<Task<bool>> condition) => ControlPlane.WaitUntilAsync(what, condition, Patience, Cancel);

    /// <summary>Somebody who applies an Eip again and again, without storing it: each is checked by a webhook.</summary>
    private sealed class Requests : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ConcurrentQueue<string> _failures = new();
        private readonly Task _running;
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public Requests(ApiClient api) => _running = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                var eip = JsonNode.Parse("""{"apiVersion":"network.kubesphere.io/v1alpha2","kind":"Eip","metadata":{"name":"again"},"spec":{"address":"192.0.2.1"} }""")!;
                try
                {
                    await api.CreateAsync("/apis/network.kubesphere.io/v1alpha2/eips?dryRun=All", eip, Cancel);
                }
                catch (LabException exception)
                {
                    _failures.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {exception.Message}");
                }

                Interlocked.Increment(ref _count);
                await Task.Delay(20, Cancel);
            }
        });

        public async Task<(int Count, IReadOnlyCollection<string> Failures)> StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
            return (_count, _failures);
        }

        public async ValueTask DisposeAsync()
        {
            await StopAsync();
            _stop.Dispose();
        }
    }

    /// <summary>A folder as the kubelet makes of a Secret: files that are links into another folder, which is swapped by a link of its own.</summary>
    private sealed class MountedSecret(string parent)
    {
        private int _version;

        public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(parent, "certificates")).FullName;

        public async Task WriteAsync(CertificateSet set)
        {
            var version = Directory.CreateDirectory(System.IO.Path.Combine(Path, $"..{++_version}")).FullName;
            foreach (var (file, content) in set.ToData().Where(field => field.Key != CertificateSet.AuthorityKeyField))
            {
                File.WriteAllBytes(System.IO.Path.Combine(version, file), content);
                var link = System.IO.Path.Combine(Path, file);
                if (!File.Exists(link))
                {
                    File.CreateSymbolicLink(link, $"..data/{file}");
                }
            }

            var data = System.IO.Path.Combine(Path, "..data");
            File.CreateSymbolicLink($"{data}_tmp", $"..{_version}");
            await new Command("mv", "-T", $"{data}_tmp", data).RunAsync(Cancel);
        }
    }
}
