using System.Net;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Cluster;

/// <summary>What the API server is asked to be.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Off: as a cluster that somebody installed with Kubernetes 1.20's defaults.</summary>
    public bool FeatureGates { get; init; } = true;

    /// <summary>Whether to run the controller-manager and the scheduler too.</summary>
    public bool Controllers { get; init; }

    /// <summary>Users beside the administrator, by name; the token is made up.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];
}

/// <summary>etcd and the real kube-apiserver on a host of the lab, and on demand the controller-manager and the scheduler.</summary>
public sealed class ControlPlane
{
    public const int Port = 6443;

    /// <summary>How nice who goes before everything else on the machine is.</summary>
    internal const int Preferred = -10;

    private const string AdminToken = "admin-of-the-lab";
    private const string ServiceAddresses = "10.96.0.0/16";
    private const string DualServiceAddresses = "10.96.0.0/16,fd00:10:96::/112";
    private const string DualPodAddresses = "10.244.0.0/16,fd00:10:244::/56";
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(240);

    private readonly LabSession _session;
    private readonly KubernetesBinaries _binaries;
    private readonly ControlPlaneOptions _options;
    private readonly ClusterCertificates _certificates;
    private LabProcess? _apiServer;
    private LabProcess? _etcd;

    private ControlPlane(LabSession session, Host host, KubernetesBinaries binaries, ControlPlaneOptions options)
    {
        _session = session;
        _binaries = binaries;
        _options = options;
        Host = host;
        _certificates = ClusterCertificates.Create(
            Path.Combine(session.Folder, "certificates"), [host.IPv4, host.IPv6, IPAddress.Parse("10.96.0.1"), IPAddress.Parse("fd00:10:96::1")]);
        AdminKubeconfig = WriteKubeconfig("admin", AdminToken, $"https://{host.IPv4}:{Port}");
        Api = new ApiClient(host.Namespace, new IPEndPoint(host.IPv4, Port), File.ReadAllText(_certificates.Authority), AdminToken);
    }

    public Host Host { get; }

    /// <summary>For processes on the segment. It trusts the lab's own authority only.</summary>
    public string AdminKubeconfig { get; }

    /// <summary>An administrator's client for this process, which need not be in any of the lab's namespaces.</summary>
    public ApiClient Api { get; }

    /// <summary>Whether Services and nodes have IPv6 addresses too.</summary>
    public bool DualStack => _options.FeatureGates;

    internal KubernetesBinaries Binaries => _binaries;

    internal string PodAddresses => DualStack ? DualPodAddresses : "10.244.0.0/16";

    internal string AuthorityFile => _certificates.Authority;

    private string? Gates => _options.FeatureGates ? _binaries.FeatureGates : null;

    public static async Task<ControlPlane> StartAsync(
        LabSession session, Host host, KubernetesBinaries binaries, ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(binaries);
        ArgumentNullException.ThrowIfNull(options);
        var plane = new ControlPlane(session, host, binaries, options);
        plane.WriteTokens();
        plane.StartEtcd();
        await plane.StartApiServerAsync(cancellationToken);
        if (options.Controllers)
        {
            plane.StartControllers();
        }

        return plane;
    }

    /// <summary>kubectl as the administrator, in the API server's namespace.</summary>
    public Command Kubectl(params string[] arguments) => KubectlAs(AdminKubeconfig, arguments);

    /// <summary>Another kubectl than the lab's own.</summary>
    public Command KubectlOf(string file, params string[] arguments) =>
        Host.Command(file, arguments).With("KUBECONFIG", AdminKubeconfig).With("HOME", _session.Folder);

    public Command KubectlAs(string kubeconfig, params string[] arguments) =>
        Host.Command(_binaries.Kubectl, arguments).With("KUBECONFIG", kubeconfig).With("HOME", _session.Folder);

    /// <summary>A kubeconfig for one of the users of <see cref="ControlPlaneOptions.Users"/>.</summary>
    public string KubeconfigFor(string user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return _options.Users.Contains(user, StringComparer.Ordinal)
            ? WriteKubeconfig(user.Replace(':', '-'), TokenOf(user), $"https://{Host.IPv4}:{Port}")
            : throw new LabException($"The lab has no user '{user}'.");
    }

    public async Task StartApiServerAsync(CancellationToken cancellationToken = default)
    {
        if (_apiServer is { HasExited: false })
        {
            return;
        }

        _apiServer = _session.Start("kube-apiserver", Host.Command(_binaries.ApiServer,
        [
            $"--etcd-servers=http://127.0.0.1:{StoreWatch.Port}", $"--secure-port={Port}", $"--advertise-address={Host.IPv4}",
            $"--tls-cert-file={_certificates.Server}", $"--tls-private-key-file={_certificates.ServerKey}", $"--client-ca-file={_certificates.Authority}",
            $"--token-auth-file={TokensFile}", "--authorization-mode=RBAC", "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc", $"--service-account-key-file={_certificates.ServiceAccountKey}",
            $"--service-account-signing-key-file={_certificates.ServiceAccountKey}",
            $"--service-cluster-ip-range={(DualStack ? DualServiceAddresses : ServiceAddresses)}",
            // Without node ports to spare, the 2,769th LoadBalancer Service finds none.
            .. _options.FeatureGates ? (string[])["--service-node-port-range=1024-65535"] : [],
            "--kubelet-preferred-address-types=InternalIP",
            // No kube-proxy runs beside it: it reaches webhooks by their endpoints.
            "--enable-aggregator-routing=true",
            .. GateFlags(),
        ]));
        await WaitUntilAsync(
            "the API server to be ready", async () => await Api.IsReadyAsync(cancellationToken), StartPatience, cancellationToken, _apiServer);
    }

    /// <summary>As a machine that loses power: nothing is closed, every connection hangs or is refused.</summary>
    public Task KillApiServerAsync(CancellationToken cancellationToken = default) => _apiServer!.KillAsync(cancellationToken);

    public Task StopApiServerAsync(CancellationToken cancellationToken = default) => _apiServer!.StopAsync(TimeSpan.FromSeconds(20), cancellationToken);

    /// <summary>The API server is left without its store: it answers what it remembers and fails at the rest.</summary>
    public Task StopEtcdAsync(CancellationToken cancellationToken = default) => _etcd!.StopAsync(TimeSpan.FromSeconds(10), cancellationToken);

    public void StartEtcd() => _etcd = _session.Start("etcd", Host.Command(_binaries.Etcd,
        "--data-dir", StoreFolder, "--unsafe-no-fsync", "--logger", "zap", "--log-level", "error"));

    /// <summary>Keeps a copy of the store as it is now. The API server misses it for a moment.</summary>
    public async Task BackUpStoreAsync(CancellationToken cancellationToken = default)
    {
        await StopEtcdAsync(cancellationToken);
        await Command.Shell($"rm -rf '{BackupFolder}'; cp -a '{StoreFolder}' '{BackupFolder}'").RunAsync(cancellationToken);
        StartEtcd();
    }

    /// <summary>As an administrator who brings a backup back: whatever was written since <see cref="BackUpStoreAsync"/> never was.</summary>
    public async Task RestoreStoreAsync(CancellationToken cancellationToken = default)
    {
        await KillApiServerAsync(cancellationToken);
        await StopEtcdAsync(cancellationToken);
        await Command.Shell($"rm -rf '{StoreFolder}'; cp -a '{BackupFolder}' '{StoreFolder}'").RunAsync(cancellationToken);
        StartEtcd();
        await StartApiServerAsync(cancellationToken);
    }

    /// <summary>
    /// API server and store go before everything else on the machine, as if they had processors of their own: short of time, a server of
    /// 1.20 forgets its watches.
    /// </summary>
    public Task PreferAsync(CancellationToken cancellationToken = default) =>
        Command.Shell($"renice -n {Preferred} -p $(ls /proc/{_apiServer!.Id}/task /proc/{_etcd!.Id}/task | grep '^[0-9]')").TryRunAsync(cancellationToken);

    /// <summary>Freezes the API server: connections stay open and nothing answers.</summary>
    public void SuspendApiServer() => _apiServer!.Send(UnixSignal.Stop);

    public void ResumeApiServer() => _apiServer!.Send(UnixSignal.Continue);

    /// <summary>Asks until it is so.</summary>
    /// <param name="what">Ends the sentence "Waited for … in vain".</param>
    /// <param name="condition">Asked every 50 ms.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="process">Without which there is nothing to wait for.</param>
    public static async Task WaitUntilAsync(
        string what, Func<Task<bool>> condition, TimeSpan patience, CancellationToken cancellationToken, LabProcess? process = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            while (!await condition())
            {
                if (process is { HasExited: true })
                {
                    throw new LabException($"Waited for {what}, but {process.Name} ended with exit code {process.ExitCode}:\n{process.LastLines()}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            var log = process is null ? "" : $" The end of {process.LogFile}:\n{process.LastLines()}";
            throw new LabException($"Waited {patience.TotalSeconds:0} s for {what} in vain.{log}", e);
        }
    }

    internal string WriteKubeconfig(string name, string token, string server)
    {
        var file = Path.Combine(_session.Folder, $"kubeconfig-{name}");
        var authority = Convert.ToBase64String(File.ReadAllBytes(_certificates.Authority));
        File.WriteAllText(file,
            $"""
            apiVersion: v1
            kind: Config
            current-context: lab
            contexts:
            - name: lab
              context: {"{"} cluster: lab, user: {name} {"}"}
            clusters:
            - name: lab
              cluster:
                server: {server}
                certificate-authority-data: {authority}
            users:
            - name: {name}
              user: {"{"} token: {token} {"}"}

            """);
        return file;
    }

    /// <summary>The administrator's kubeconfig for another way to the API server.</summary>
    internal string WriteAdminKubeconfig(string name, string server) => WriteKubeconfig(name, AdminToken, server);

    internal IEnumerable<string> GateFlags() => Gates is null ? [] : [$"--feature-gates={Gates}"];

    private string StoreFolder => Path.Combine(_session.Folder, "etcd");

    private string BackupFolder => Path.Combine(_session.Folder, "etcd-backup");

    private string TokensFile => Path.Combine(_session.Folder, "tokens.csv");

    private static string TokenOf(string user) => $"token-of-{user.Replace(':', '-')}";

    private void WriteTokens()
    {
        var lines = new List<string> { $"{AdminToken},admin,admin,system:masters" };
        foreach (var user in _options.Users)
        {
            // As the API server names who comes with a ServiceAccount's token, so that RBAC meant for the ServiceAccount applies.
            var parts = user.Split(':');
            var groups = parts is ["system", "serviceaccount", var space, _] ? $"system:serviceaccounts,system:serviceaccounts:{space}" : "system:authenticated";
            lines.Add($"{TokenOf(user)},{user},{user},\"{groups}\"");
        }

        File.WriteAllLines(TokensFile, lines);
    }

    private void StartControllers()
    {
        _session.Start("kube-controller-manager", Host.Command(Path.Combine(_binaries.Folder, "kube-controller-manager"),
        [
            $"--kubeconfig={AdminKubeconfig}", $"--service-account-private-key-file={_certificates.ServiceAccountKey}",
            $"--root-ca-file={_certificates.Authority}", "--leader-elect=false", $"--cluster-cidr={PodAddresses}",
            $"--service-cluster-ip-range={(DualStack ? DualServiceAddresses : ServiceAddresses)}", .. GateFlags(),
        ]));
        _session.Start("kube-scheduler", Host.Command(Path.Combine(_binaries.Folder, "kube-scheduler"),
            $"--kubeconfig={AdminKubeconfig}", "--leader-elect=false"));
    }
}
