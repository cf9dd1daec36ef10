using PorterLB.Lab.Cluster;
using PorterLB.Lab.Images;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab;

/// <summary>What a full lab is made of.</summary>
public sealed record FullLabOptions
{
    /// <summary>1..80.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Off: Kubernetes 1.20 as it comes, single stack.</summary>
    public bool FeatureGates { get; init; } = true;

    /// <summary>What runs the lab, as other labs on the machine are told.</summary>
    public string Kind { get; init; } = "full lab";
}

/// <summary>A whole Kubernetes cluster, kubelets and all, and a client that is no node of it, on one segment.</summary>
public sealed class FullLab : IAsyncDisposable
{
    private readonly LabSession _session;
    private readonly List<FullNode> _nodes = [];

    private FullLab(LabSession session, Segment segment, ControlPlane plane, Host client)
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

    public IReadOnlyList<FullNode> Nodes => _nodes;

    public string Folder => _session.Folder;

    public string LogFolder => Path.Combine(_session.Folder, "logs");

    public static async Task<FullLab> StartAsync(FullLabOptions options, Action<string> say, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Privileges.Require();
        await new Toolbox(say).InstallAsync(Tool.Network, cancellationToken);
        var software = await FullNode.NodeSoftware.FindAsync(say, cancellationToken);
        var binaries = await KubernetesBinaries.ForNodesAsync(say, cancellationToken);
        var session = LabSession.Open(options.Kind, say);
        try
        {
            var segment = await Segment.CreateAsync(session, cancellationToken);
            var planeHost = await segment.AddHostAsync("cp", 1, cancellationToken);
            var client = await segment.AddHostAsync("cl", 200, cancellationToken);
            var plane = await ControlPlane.StartAsync(
                session, planeHost, binaries, new ControlPlaneOptions { FeatureGates = options.FeatureGates, Controllers = true }, cancellationToken);
            var lab = new FullLab(session, segment, plane, client);
            for (var i = 1; i <= options.Nodes; i++)
            {
                lab._nodes.Add(new FullNode(session, await segment.AddHostAsync($"n{i}", 10 + i, cancellationToken), software));
            }

            await lab.RoutePodsAsync(cancellationToken);
            var images = await LabImages.WriteWorkloadsAsync(session.Folder, Path.Combine(binaries.Folder, "pause"), say, cancellationToken);
            await Task.WhenAll(lab._nodes.Select(node => node.StartAsync(plane, images, cancellationToken)));
            await ControlPlane.WaitUntilAsync(
                $"{options.Nodes} nodes to be Ready", () => lab.AllReadyAsync(cancellationToken), TimeSpan.FromSeconds(120), cancellationToken, lab._nodes[0].Kubelet);
            return lab;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Installs PorterLB from its own image, as its documentation says, and waits until it runs everywhere.</summary>
    public async Task InstallAsync(CancellationToken cancellationToken = default)
    {
        var image = Path.Combine(Folder, "porterlb.tar");
        await LabImages.WriteProductAsync(image, cancellationToken);
        await ImportAsync(image, cancellationToken);
        await ControlPlane.Kubectl("apply", "-k", Repository.Config("default")).RunAsync(cancellationToken);
        foreach (var workload in (string[])["deployment/porterlb-manager", "daemonset/porterlb-speaker"])
        {
            await ControlPlane.Kubectl("--namespace", LightLab.SystemNamespace, "rollout", "status", "--timeout=120s", workload).RunAsync(cancellationToken);
        }
    }

    /// <summary>Loads an image archive into every node.</summary>
    public Task ImportAsync(string archive, CancellationToken cancellationToken = default) =>
        Task.WhenAll(_nodes.Select(node => node.ImportAsync(archive, cancellationToken)));

    public async ValueTask DisposeAsync()
    {
        ControlPlane.Api.Dispose();
        await Task.Run(_session.Dispose);
    }

    private async Task<bool> AllReadyAsync(CancellationToken cancellationToken)
    {
        var nodes = await ControlPlane.Api.GetAsync("/api/v1/nodes", cancellationToken);
        return nodes!["items"]!.AsArray().Count(node => node!["status"]?["conditions"]?.AsArray()
            .Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true) == _nodes.Count;
    }

    /// <summary>
    /// Each node's Pods are reached through it. The default route of a node leads nowhere useful, but without any route to 10.96.0.1
    /// the kernel refuses before kube-proxy's rules can rewrite it.
    /// </summary>
    private async Task RoutePodsAsync(CancellationToken cancellationToken)
    {
        foreach (var host in _nodes.Select(node => node.Host).Append(ControlPlane.Host))
        {
            var routes = _nodes.Where(node => node.Host != host).Select(node =>
                $"ip route add {node.PodSubnetV4} via {node.Host.IPv4}; ip -6 route add {node.PodSubnetV6} via {node.Host.IPv6}\n");
            var fallback = host == ControlPlane.Host
                ? ""
                : $"ip route add default via {ControlPlane.Host.IPv4}; ip -6 route add default via {ControlPlane.Host.IPv6}";
            await host.RunAsync(string.Concat(routes) + fallback, cancellationToken);
        }
    }
}
