using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Processes;
using PorterLB.Reconciler.Leadership;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>A process <c>porterlb manager</c> whose every request goes through a proxy of its own. All of them run on one host.</summary>
internal sealed class ManagerReplica : IAsyncDisposable
{
    private readonly ApiServerFixture _server;
    private readonly string _name;
    private readonly LeaseTimes _times;
    private TimeSpan _startedAt;

    private ManagerReplica(ApiServerFixture server, string name, LeaseTimes times, FaultProxy proxy)
    {
        _server = server;
        _name = name;
        _times = times;
        Proxy = proxy;
    }

    public FaultProxy Proxy { get; }

    public LabProcess Process { get; private set; } = null!;

    /// <summary>Requests of the process that runs now.</summary>
    public IEnumerable<ProxiedRequest> Requests => Proxy.Requests.Where(request => request.At >= _startedAt);

    /// <summary>When the API server first agreed that this process leads; null = it has not.</summary>
    public TimeSpan? LedAt => Requests.FirstOrDefault(request => request is { IsLease: true, IsWrite: true, Succeeded: true })?.At;

    public bool StandsBy => Requests.Any(request => request is { IsLease: true, Method: "GET", Succeeded: true });

    public static async Task<ManagerReplica> StartAsync(ApiServerFixture server, string name, LeaseTimes times)
    {
        var replica = new ManagerReplica(server, name, times, await FaultProxy.StartAsync(server.Plane));
        replica.Start();
        return replica;
    }

    public void Start()
    {
        _startedAt = FaultProxy.Now;
        Process = _server.StartProcess($"manager-{_name}", new Command(
            Repository.Binary,
            [
                "manager", $"--kubeconfig={Proxy.Kubeconfig(_server.Plane.KubeconfigFor(LightLab.ManagerUser))}", "--webhook-port=0",
                "--metrics-address=0", "--health-address=0",
                $"--lease-duration={_times.Duration.TotalMilliseconds:0}ms", $"--renew-deadline={_times.RenewDeadline.TotalMilliseconds:0}ms",
                $"--retry-period={_times.RetryPeriod.TotalMilliseconds:0}ms",
            ]));
    }

    /// <summary>What this process did to Services, Eips and configurations, as far as the API server took it.</summary>
    public IEnumerable<ProxiedRequest> Effects => Requests.Where(request => request is { IsWrite: true, Succeeded: true } && IsOurs(request));

    /// <summary>A write to what only the leader writes.</summary>
    public static bool IsOurs(ProxiedRequest request) =>
        request.IsWrite
        && (request.Path.Contains("/services/", StringComparison.Ordinal) || request.Path.Contains("network.kubesphere.io", StringComparison.Ordinal));

    public Task UntilAsync(string what, Func<bool> condition, CancellationToken cancellationToken) => ControlPlane.WaitUntilAsync(
        $"manager {_name} {what}", () => Task.FromResult(condition()), TimeSpan.FromSeconds(90), cancellationToken, Process);

    public async ValueTask DisposeAsync()
    {
        Process.Send(UnixSignal.Continue);
        if (!Process.HasExited)
        {
            await Process.KillAsync();
        }

        await Proxy.DisposeAsync();
    }
}
