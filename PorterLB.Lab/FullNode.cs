using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Images;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab;

/// <summary>
/// A node of the full lab: the real kubelet, containerd, runc, CNI and kube-proxy on a host of the segment. It has its own view of
/// /run, /var/lib and /var/log: what these programs write there at fixed places (Pod logs, shim sockets, CNI results) stays in the
/// lab's folder, apart from other nodes and from the machine, and every mount goes with the node's last process.
/// </summary>
public sealed class FullNode
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly LabSession _session;
    private readonly NodeSoftware _software;
    private readonly string _folder;
    private LabProcess? _keeper;

    internal FullNode(LabSession session, Host host, NodeSoftware software)
    {
        _session = session;
        _software = software;
        _folder = Path.Combine(session.Folder, host.Name);
        Host = host;
    }

    public Host Host { get; }

    public string Name => Host.Name;

    /// <summary>Addresses of the Pods here, by family.</summary>
    public string PodSubnetV4 => $"10.244.{Host.Number}.0/24";

    public string PodSubnetV6 => $"fd00:10:244:{Host.Number}::/64";

    private string Socket => Path.Combine(_folder, "c.sock");

    private string Cgroup => $"{_session.Cgroup}/{Name}";

    /// <summary>The node's kubelet, once started.</summary>
    internal LabProcess? Kubelet { get; private set; }

    /// <summary>Loads an image archive into the node's container runtime.</summary>
    public Task ImportAsync(string archive, CancellationToken cancellationToken = default) =>
        Inside(new Command(_software.Ctr, "--address", Socket, "--namespace", "k8s.io", "images", "import", "--no-unpack=false", archive)).RunAsync(cancellationToken);

    internal async Task StartAsync(ControlPlane plane, IReadOnlyList<string> images, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "cni"));
        Cgroups.Create(Cgroup);
        await StartKeeperAsync(cancellationToken);
        WriteNetworkConfiguration(plane.DualStack);
        await StartContainerdAsync(cancellationToken);
        foreach (var image in images)
        {
            await ImportAsync(image, cancellationToken);
        }

        WriteKubeletConfiguration();
        Kubelet = Start("kubelet", new Command(Path.Combine(plane.Binaries.Folder, "kubelet"),
        [
            $"--kubeconfig={plane.AdminKubeconfig}", $"--config={_folder}/kubelet.yaml", $"--hostname-override={Name}", $"--root-dir={_folder}/kubelet",
            $"--cert-dir={_folder}/pki", "--container-runtime=remote", $"--container-runtime-endpoint=unix://{Socket}",
            $"--node-ip={Host.IPv4}{(plane.DualStack ? $",{Host.IPv6}" : "")}", .. plane.GateFlags(),
        ]));
        Start("kube-proxy", new Command(Path.Combine(plane.Binaries.Folder, "kube-proxy"),
        [
            $"--kubeconfig={plane.AdminKubeconfig}", $"--hostname-override={Name}", "--proxy-mode=iptables", $"--cluster-cidr={plane.PodAddresses}",
            // These belong to the whole machine, not to a network namespace: 0 leaves them alone.
            "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0", .. plane.GateFlags(),
        ]));
    }

    private Command Inside(Command command) =>
        command.With("PATH", _software.Path).Behind("nsenter", $"--net={Host.Namespace.File}", $"--mount=/proc/{_keeper!.Id}/ns/mnt", "--");

    private LabProcess Start(string name, Command command) => _session.Start($"{name}-{Name}", Inside(command), Name);

    private async Task StartKeeperAsync(CancellationToken cancellationToken)
    {
        var ready = Path.Combine(_folder, "ready");
        _keeper = _session.Start($"mounts-{Name}", Command.Shell(
            $"""
            for each in run var/lib var/log; do
              mkdir -p {_folder}/$each/upper {_folder}/$each/work
              mount -t overlay overlay -o lowerdir=/$each,upperdir={_folder}/$each/upper,workdir={_folder}/$each/work /$each
            done
            mount --make-rshared /
            touch {ready}
            exec sleep infinity
            """).Behind("nsenter", $"--net={Host.Namespace.File}", "--", "unshare", "--mount", "--propagation", "private", "--"), Name);
        await ControlPlane.WaitUntilAsync($"the mounts of {Name}", () => Task.FromResult(File.Exists(ready)), Patience, cancellationToken, _keeper);
    }

    private async Task StartContainerdAsync(CancellationToken cancellationToken)
    {
        // restrict_oom_score_adj: in a container or virtual machine root may lack CAP_SYS_RESOURCE; without this, runc then ends with
        // "can't get final child's PID".
        File.WriteAllText(Path.Combine(_folder, "containerd.toml"),
            $"""
            version = 2
            root = "{_folder}/containerd"
            state = "{_folder}/state"
            [grpc]
              address = "{Socket}"
            [plugins."io.containerd.grpc.v1.cri"]
              restrict_oom_score_adj = true
              netns_mounts_under_state_dir = true
              sandbox_image = "{LabImages.Pause}"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "{_software.NetworkPlugins}"
                conf_dir = "{_folder}/cni"

            """);
        var containerd = Start("containerd", new Command(_software.Containerd, "--config", Path.Combine(_folder, "containerd.toml")));
        await ControlPlane.WaitUntilAsync(
            $"containerd on {Name}",
            async () => File.Exists(Socket) && (await Inside(new Command(_software.Ctr, "--address", Socket, "version")).TryRunAsync(cancellationToken)).Succeeded,
            Patience,
            cancellationToken,
            containerd);
    }

    private void WriteNetworkConfiguration(bool dualStack)
    {
        JsonArray Range(string subnet) => new(new JsonObject { ["subnet"] = subnet });
        var ranges = new JsonArray(Range(PodSubnetV4));
        var routes = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" });
        if (dualStack)
        {
            ranges.Add((JsonNode)Range(PodSubnetV6));
            routes.Add((JsonNode)new JsonObject { ["dst"] = "::/0" });
        }

        var configuration = new JsonObject
        {
            ["cniVersion"] = "0.4.0",
            ["name"] = "lab",
            ["plugins"] = new JsonArray(new JsonObject
            {
                ["type"] = "bridge",
                ["bridge"] = "cni0",
                ["isGateway"] = true,
                ["hairpinMode"] = true,
                ["ipam"] = new JsonObject { ["type"] = "host-local", ["dataDir"] = $"{_folder}/ipam", ["ranges"] = ranges, ["routes"] = routes },
            }),
        };
        File.WriteAllText(Path.Combine(_folder, "cni/10-lab.conflist"), configuration.ToJsonString());
    }

    private void WriteKubeletConfiguration() =>
        File.WriteAllText(Path.Combine(_folder, "kubelet.yaml"), new JsonObject
        {
            ["apiVersion"] = "kubelet.config.k8s.io/v1beta1",
            ["kind"] = "KubeletConfiguration",
            ["cgroupDriver"] = "cgroupfs",
            ["cgroupRoot"] = "/" + Cgroup,
            ["enforceNodeAllocatable"] = new JsonArray(),
            ["failSwapOn"] = false,
            ["authentication"] = new JsonObject { ["anonymous"] = new JsonObject { ["enabled"] = true }, ["webhook"] = new JsonObject { ["enabled"] = false } },
            ["authorization"] = new JsonObject { ["mode"] = "AlwaysAllow" },
            ["evictionHard"] = new JsonObject { ["memory.available"] = "10Mi" },
            ["imageGCHighThresholdPercent"] = 100,
        }.ToJsonString());

    /// <summary>What a node runs besides Kubernetes itself.</summary>
    internal sealed record NodeSoftware(string Containerd, string Ctr, string NetworkPlugins, string Path)
    {
        public static async Task<NodeSoftware> FindAsync(Action<string> say, CancellationToken cancellationToken)
        {
            var toolbox = new Toolbox(say);
            await toolbox.InstallAsync(Tool.Nodes, cancellationToken);
            var containerd = await toolbox.UnpackAsync("containerd", "runs the nodes' containers", cancellationToken);
            var runc = await toolbox.UnpackAsync("runc", "starts the nodes' containers", cancellationToken);
            var plugins = await toolbox.UnpackAsync("containernetworking-plugins", "plugs Pods into the nodes' network", cancellationToken);
            return new NodeSoftware(
                $"{containerd}/usr/bin/containerd",
                $"{containerd}/usr/bin/ctr",
                $"{plugins}/usr/lib/cni",
                $"{containerd}/usr/bin:{runc}/usr/bin:{runc}/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        }
    }
}
