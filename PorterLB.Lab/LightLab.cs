using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;
using PorterLB.Lab.Workload;

namespace PorterLB.Lab;

/// <summary>How large a light lab is.</summary>
public sealed record LightLabOptions
{
    /// <summary>0..180.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Off: Kubernetes 1.20 as it comes, single stack.</summary>
    public bool FeatureGates { get; init; } = true;

    /// <summary>What runs the lab, as other labs on the machine are told.</summary>
    public string Kind { get; init; } = "light lab";
}

/// <summary>
/// A cluster whose API server is real and whose nodes are hosts without kubelets: Nodes and EndpointSlices are written by the lab,
/// and porterlb runs as plain processes under the identities of its ServiceAccounts. Up in seconds; for faults and many nodes.
/// <code>
/// await using var lab = await LightLab.StartAsync(new(), say, cancellationToken);
/// await lab.InstallAsync(cancellationToken);                      // CRDs and RBAC of config/
/// lab.StartManager(); lab.Nodes[0].StartSpeaker();                // bin/porterlb
/// await lab.ControlPlane.Kubectl("get", "eip").RunAsync();
/// </code>
/// </summary>
public sealed class LightLab : IAsyncDisposable
{
    public const string SystemNamespace = "porterlb-system";
    public const string ManagerUser = $"system:serviceaccount:{SystemNamespace}:porterlb-manager";
    public const string UninstallUser = $"system:serviceaccount:{SystemNamespace}:porterlb-uninstall";
    public const string SpeakerUser = $"system:serviceaccount:{SystemNamespace}:porterlb-speaker";

    /// <summary>Of the workload on every node, TCP and UDP.</summary>
    public const int WorkloadPort = 80;

    /// <summary>The annotation that makes a Service PorterLB's.</summary>
    public static readonly IReadOnlyDictionary<string, string> Ours =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["lb.kubesphere.io/v1alpha1"] = "porterlb" };

    internal const int ManagerMetricsPort = 8080;
    private const int MaxManagers = 3;
    private const int ManagerHealthPort = 8081;
    private const int WebhookPort = 9443;
    private const string WebhookEndpoints = $"/api/v1/namespaces/{SystemNamespace}/endpoints/porterlb-webhook";
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);
    private readonly LabSession _session;
    private readonly List<LightNode> _nodes = [];
    private readonly List<Host> _managerHosts = [];
    private readonly CancellationTokenSource _ending = new();
    private LabProcess? _manager;
    private bool _webhooks;
    private bool _managerIsKept;

    private LightLab(LabSession session, Segment segment, ControlPlane plane, Host client)
    {
        _session = session;
        Segment = segment;
        ControlPlane = plane;
        Client = client;
    }

    public Segment Segment { get; }

    public ControlPlane ControlPlane { get; }

    /// <summary>On the segment, and no node of the cluster.</summary>
    public Host Client { get; }

    public IReadOnlyList<LightNode> Nodes => _nodes;

    /// <summary>The manager that was started last.</summary>
    public LabProcess Manager => _manager ?? throw new LabException("No manager was started.");

    /// <summary>Where everything that runs in the lab writes its log.</summary>
    public string LogFolder => Path.Combine(_session.Folder, "logs");

    /// <summary>A pool of twenty addresses of each family that belong to nobody on the segment.</summary>
    public (string V4, string V6) PoolRanges =>
        ($"{Segment.IPv4(100)}-{Segment.IPv4(119)}", $"{Segment.IPv6(100)}-{Segment.IPv6(119)}");

    public static async Task<LightLab> StartAsync(LightLabOptions options, Action<string> say, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Privileges.Require();
        await new Toolbox(say).InstallAsync(Tool.Network, cancellationToken);
        var binaries = await KubernetesBinaries.ForApiServerAsync(say, cancellationToken);
        var echo = await EchoServer.BinaryAsync(say, cancellationToken);
        var session = LabSession.Open(options.Kind, say);
        try
        {
            var segment = await Segment.CreateAsync(session, cancellationToken);
            var planeHost = await segment.AddHostAsync("cp", 1, cancellationToken);
            var client = await segment.AddHostAsync("cl", 200, cancellationToken);
            var plane = await ControlPlane.StartAsync(
                session,
                planeHost,
                binaries,
                new ControlPlaneOptions { FeatureGates = options.FeatureGates, Users = [ManagerUser, SpeakerUser, UninstallUser] },
                cancellationToken);
            var lab = new LightLab(session, segment, plane, client);
            for (var i = 0; i < MaxManagers; i++)
            {
                lab._managerHosts.Add(await segment.AddHostAsync($"m{i + 1}", 2 + i, cancellationToken));
            }

            for (var i = 1; i <= options.Nodes; i++)
            {
                await lab.AddNodeAsync($"n{i}", i <= 88 ? 10 + i : 112 + i, echo, cancellationToken);
            }

            return lab;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Applies the CRDs and the RBAC of config/, as the first half of an installation.</summary>
    public async Task InstallAsync(CancellationToken cancellationToken = default)
    {
        if (await ControlPlane.Api.GetAsync($"/api/v1/namespaces/{SystemNamespace}", cancellationToken) is null)
        {
            await ControlPlane.Api.CreateAsync(
                "/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = SystemNamespace } }, cancellationToken);
        }

        foreach (var folder in (string[])["crd", "rbac"])
        {
            var path = Repository.Config(folder);
            await ControlPlane.Kubectl("apply", File.Exists(Path.Combine(path, "kustomization.yaml")) ? "-k" : "-f", path).RunAsync(cancellationToken);
        }

        await ControlPlane.Kubectl("wait", "--for=condition=Established", "--timeout=20s", "crd", "--all").RunAsync(cancellationToken);
    }

    /// <summary>
    /// Applies the webhooks of config/, and lets the API server find the first manager's host behind their Service. From now on managers
    /// that are started serve them.
    /// </summary>
    public async Task InstallWebhooksAsync(CancellationToken cancellationToken = default)
    {
        await ControlPlane.Kubectl("apply", "-k", Repository.Config("webhook")).RunAsync(cancellationToken);
        await ControlPlane.Api.CreateAsync(
            Path.GetDirectoryName(WebhookEndpoints)!,
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = Path.GetFileName(WebhookEndpoints) }, ["subsets"] = WebhookSubsets(0) },
            cancellationToken);
        _webhooks = true;
    }

    /// <summary>Lets the API server find these managers behind the webhooks' Service, and no others, as the endpoints controller would.</summary>
    public Task SendWebhooksToAsync(ImmutableArray<int> replicas, CancellationToken cancellationToken = default) =>
        ControlPlane.Api.MergeAsync(WebhookEndpoints, new JsonObject { ["subsets"] = WebhookSubsets([.. replicas]) }, cancellationToken);

    /// <summary>Starts a manager on a host of its own, as an ordinary user without any capability. Its webhooks are off unless they are installed.</summary>
    /// <param name="replica">0 to 2.</param>
    /// <param name="arguments">Added to the command line.</param>
    public LabProcess StartManager(int replica = 0, params string[] arguments)
    {
        var command = new Command(
            Repository.Binary,
            ["manager", $"--kubeconfig={ControlPlane.KubeconfigFor(ManagerUser)}", $"--webhook-port={(_webhooks ? WebhookPort : 0)}", .. arguments]);
        return _manager = _session.Start($"manager-{replica + 1}", _managerHosts[replica].Namespace.Inside(command.Unprivileged()));
    }

    public Host ManagerHost(int replica = 0) => _managerHosts[replica];

    /// <summary>
    /// Installs, starts a manager and a speaker on every node, and waits until all are ready. The manager is started again whenever it
    /// ends, as its Deployment would: a leader that cannot renew its lease must end.
    /// </summary>
    public async Task StartPorterLBAsync(CancellationToken cancellationToken = default)
    {
        await InstallAsync(cancellationToken);
        _managerIsKept = true;
        _ = KeepManagerAsync(StartManager());
        foreach (var node in _nodes)
        {
            node.StartSpeaker();
        }

        await WaitForManagerAsync(cancellationToken: cancellationToken);
        foreach (var node in _nodes)
        {
            await node.WaitUntilReadyAsync(StartPatience, cancellationToken);
        }
    }

    /// <summary>Makes an Eip out of <see cref="PoolRanges"/>.</summary>
    public Task<CommandResult> CreatePoolAsync(string name = "lan", CancellationToken cancellationToken = default) =>
        ApplyAsync(
            $"""
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata:
              name: {name}
            spec:
              addresses: ["{PoolRanges.V4}", "{PoolRanges.V6}"]
            """,
            cancellationToken);

    /// <summary>kubectl apply, whatever comes of it.</summary>
    public Task<CommandResult> ApplyAsync(string manifest, CancellationToken cancellationToken = default) =>
        (ControlPlane.Kubectl("apply", "-f", "-") with { Input = manifest }).TryRunAsync(cancellationToken);

    /// <summary>Creates a dual-stack Service that is PorterLB's, and waits for its addresses.</summary>
    public async Task<ImmutableArray<IPAddress>> PublishAsync(string service, CancellationToken cancellationToken = default)
    {
        await CreateServiceAsync(
            service,
            Ours,
            new JsonObject { ["ipFamilyPolicy"] = "RequireDualStack" },
            cancellationToken: cancellationToken);
        return await WaitForAddressesAsync(service, 2, StartPatience, cancellationToken);
    }

    /// <summary>Creates a LoadBalancer Service in namespace default, with an endpoint on each of the nodes named (all, when none is).</summary>
    /// <param name="name">Its name.</param>
    /// <param name="annotations">Such as the one that asks for PorterLB.</param>
    /// <param name="spec">Laid over the spec that the lab makes: type LoadBalancer, port 80 for TCP and UDP.</param>
    /// <param name="endpoints">Names of nodes with a ready endpoint.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<JsonNode> CreateServiceAsync(
        string name,
        IReadOnlyDictionary<string, string>? annotations = null,
        JsonObject? spec = null,
        ImmutableArray<string> endpoints = default,
        CancellationToken cancellationToken = default)
    {
        var full = new JsonObject
        {
            ["type"] = "LoadBalancer",
            ["selector"] = new JsonObject { ["app"] = name },
            ["ports"] = ControlPlane.DualStack
                ? new JsonArray(Port("tcp", "TCP"), Port("udp", "UDP"))
                : new JsonArray(Port("tcp", "TCP")),
        };
        foreach (var (field, value) in spec ?? [])
        {
            full[field] = value?.DeepClone();
        }

        var service = await ControlPlane.Api.CreateAsync(
            "/api/v1/namespaces/default/services",
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = Strings(annotations ?? new Dictionary<string, string>(StringComparer.Ordinal)) },
                ["spec"] = full,
            },
            cancellationToken);
        await SetEndpointsAsync(
            name, [.. (endpoints.IsDefault ? [.. _nodes.Select(node => node.Name)] : endpoints).Select(node => new Endpoint(node))], cancellationToken);
        return service;
    }

    /// <summary>Writes the Service's EndpointSlice, as the endpoint slice controller would.</summary>
    public async Task SetEndpointsAsync(string service, IReadOnlyList<Endpoint> endpoints, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var stable = ControlPlane.Binaries.Minor >= 21;
        var path = $"/apis/discovery.k8s.io/{(stable ? "v1" : "v1beta1")}/namespaces/default/endpointslices";
        var items = new JsonArray();
        foreach (var endpoint in endpoints)
        {
            var node = _nodes.First(node => node.Name == endpoint.Node);
            var item = new JsonObject
            {
                ["addresses"] = new JsonArray(node.Host.IPv4.ToString()),
                ["conditions"] = new JsonObject { ["ready"] = endpoint.Ready, ["serving"] = endpoint.Serving ?? endpoint.Ready, ["terminating"] = endpoint.Terminating },
                ["nodeName"] = endpoint.Node,
            };
            if (!stable)
            {
                item["topology"] = new JsonObject { ["kubernetes.io/hostname"] = endpoint.Node };
            }

            items.Add((JsonNode)item);
        }

        var slice = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = service, ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service } },
            ["addressType"] = "IPv4",
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "tcp", ["port"] = WorkloadPort, ["protocol"] = "TCP" }),
            ["endpoints"] = items,
        };
        if (await ControlPlane.Api.GetAsync($"{path}/{service}", cancellationToken) is null)
        {
            await ControlPlane.Api.CreateAsync(path, slice, cancellationToken);
        }
        else
        {
            await ControlPlane.Api.ReplaceAsync($"{path}/{service}", slice, cancellationToken);
        }
    }

    /// <summary>Waits for the Service's addresses, and lets the workload on every node answer on them.</summary>
    public async Task<ImmutableArray<IPAddress>> WaitForAddressesAsync(
        string service, int count, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        ImmutableArray<IPAddress> addresses = [];
        await ControlPlane.WaitUntilAsync(
            $"Service default/{service} to have {count} address(es)",
            async () =>
            {
                var found = await ControlPlane.Api.GetAsync($"/api/v1/namespaces/default/services/{service}", cancellationToken);
                addresses = [.. (found?["status"]?["loadBalancer"]?["ingress"]?.AsArray() ?? []).Select(item => IPAddress.Parse((string)item!["ip"]!))];
                return addresses.Length >= count;
            },
            patience,
            cancellationToken,
            Needed);
        foreach (var node in _nodes)
        {
            foreach (var address in addresses)
            {
                await node.ServeAsync(address, cancellationToken);
            }
        }

        return addresses;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        ControlPlane.Api.Dispose();
        await Task.Run(_session.Dispose);
        _ending.Dispose();
    }

    private JsonArray WebhookSubsets(params int[] replicas) => new(new JsonObject
    {
        ["addresses"] = new JsonArray([.. replicas.Select(replica => new JsonObject { ["ip"] = $"{_managerHosts[replica].IPv4}" })]),
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "webhook", ["port"] = WebhookPort, ["protocol"] = "TCP" }),
    });

    private static JsonObject Port(string name, string protocol) =>
        new JsonObject { ["name"] = name, ["port"] = WorkloadPort, ["targetPort"] = WorkloadPort, ["protocol"] = protocol };

    private static JsonObject Strings(IReadOnlyDictionary<string, string> values) =>
        new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value))));

    /// <summary>The manager, without which a wait would be in vain; null when another is started in its place.</summary>
    private LabProcess? Needed => _managerIsKept ? null : _manager;

    private async Task KeepManagerAsync(LabProcess manager)
    {
        var ending = _ending.Token;
        try
        {
            while (true)
            {
                await manager.WaitForExitAsync(ending);
                await Task.Delay(RestartPause, ending);
                manager = StartManager();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The lab is going.
        }
    }

    /// <summary>Waits until its readiness check passes.</summary>
    public Task WaitForManagerAsync(int replica = 0, CancellationToken cancellationToken = default) =>
        ControlPlane.WaitUntilAsync(
            "the manager to be ready",
            async () => await _managerHosts[replica].GetAsync(ManagerHealthPort, "/readyz", cancellationToken) is not null,
            StartPatience,
            cancellationToken,
            Needed);

    /// <summary>Waits until a manager renews the lease from now on: whoever led before may have ended, and the next one wait for its turn.</summary>
    public async Task WaitForLeaderAsync(CancellationToken cancellationToken = default)
    {
        string? first = null;
        await ControlPlane.WaitUntilAsync(
            "a manager to renew the lease",
            async () =>
            {
                var lease = await ControlPlane.Api.GetAsync($"/apis/coordination.k8s.io/v1/namespaces/{SystemNamespace}/leases/porterlb-manager", cancellationToken);
                var renewed = (string?)lease?["spec"]?["renewTime"];
                first ??= renewed;
                return renewed != first;
            },
            StartPatience,
            cancellationToken,
            Needed);
    }

    private async Task AddNodeAsync(string name, int number, string echo, CancellationToken cancellationToken)
    {
        var host = await Segment.AddHostAsync(name, number, cancellationToken);

        // What kube-proxy's strictARP sets: the kernel answers ARP only for addresses of the interface that was asked.
        await host.RunAsync(
            """
            for each in all default eth0; do
              echo 1 > /proc/sys/net/ipv4/conf/$each/arp_ignore
              echo 2 > /proc/sys/net/ipv4/conf/$each/arp_announce
              echo 0 > /proc/sys/net/ipv4/conf/$each/rp_filter
            done
            """,
            cancellationToken);
        _session.Start($"echo-{name}", host.Command(echo, $"{WorkloadPort}", name));
        var node = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["kubernetes.io/hostname"] = name, ["kubernetes.io/os"] = "linux" },
            },
        };
        await ControlPlane.Api.CreateAsync("/api/v1/nodes", node, cancellationToken);
        await ControlPlane.Api.MergeAsync(
            $"/api/v1/nodes/{name}/status",
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["addresses"] = new JsonArray(
                        new JsonObject { ["type"] = "InternalIP", ["address"] = host.IPv4.ToString() },
                        new JsonObject { ["type"] = "Hostname", ["address"] = name }),
                    ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True", ["reason"] = "WrittenByTheLab" }),
                },
            },
            cancellationToken);
        _nodes.Add(new LightNode(_session, host, ControlPlane.KubeconfigFor(SpeakerUser)));
    }

    /// <summary>One endpoint of a Service, on a node.</summary>
    public sealed record Endpoint(string Node, bool Ready = true, bool? Serving = null, bool Terminating = false);
}
