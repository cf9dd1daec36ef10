using System.Net;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab;

/// <summary>
/// A node of the light lab: no kubelet and no kube-proxy, but a host on which the speaker runs as it would in its Pod, and a workload
/// that answers on every address it is given.
/// </summary>
public sealed class LightNode
{
    internal const int MetricsPort = 7472;
    private const int HealthPort = 7473;

    private readonly LabSession _session;
    private readonly string _kubeconfig;
    private readonly HashSet<IPAddress> _served = [];

    internal LightNode(LabSession session, Host host, string kubeconfig)
    {
        _session = session;
        _kubeconfig = kubeconfig;
        Host = host;
    }

    public Host Host { get; }

    public string Name => Host.Name;

    /// <summary>The speaker that was started last.</summary>
    public LabProcess Speaker
    {
        get => field ?? throw new LabException($"No speaker was started on {Name}.");
        private set;
    }

    /// <summary>
    /// Starts a speaker with exactly the rights that its container has: root without any capability but NET_RAW.
    /// </summary>
    public LabProcess StartSpeaker(params string[] arguments)
    {
        var state = Directory.CreateDirectory(Path.Combine(_session.Folder, "state", Name)).FullName;
        var command = new Command(
            Repository.Binary, ["speaker", $"--kubeconfig={_kubeconfig}", $"--node-name={Name}", $"--state-folder={state}", .. arguments]);
        return Speaker = _session.Start($"speaker-{Name}", Host.Namespace.Inside(command.Restricted("net_raw")));
    }

    /// <summary>The speaker goes, with API server and store, before everything else on the machine, as if the node had a processor of its own.</summary>
    public Task PreferAsync(CancellationToken cancellationToken = default) =>
        Command.Shell($"renice -n {ControlPlane.Preferred} -p $(ls /proc/{Speaker.Id}/task)").TryRunAsync(cancellationToken);

    /// <summary>Waits until its readiness check passes.</summary>
    public Task WaitUntilReadyAsync(TimeSpan patience, CancellationToken cancellationToken = default) =>
        ControlPlane.WaitUntilAsync(
            $"the speaker on {Name} to be ready",
            async () => await Host.GetAsync(HealthPort, "/readyz", cancellationToken) is not null,
            patience,
            cancellationToken,
            Speaker);

    /// <summary>
    /// Lets this node's workload answer on an address, as kube-proxy would: the address goes onto the loopback interface, where the
    /// kernel does not answer ARP or NDP for it (arp_ignore is 1; NDP looks at the interface asked).
    /// </summary>
    public async Task ServeAsync(IPAddress address, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (_served.Add(address))
        {
            await Host.RunAsync($"ip addr add {address} dev lo{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? " nodad" : "")}", cancellationToken);
        }
    }
}
