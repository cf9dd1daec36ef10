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
    private readonly Command _command;
    private TimeSpan _startedAt;

    private ManagerReplica(ApiServerFixture server, string name, Command command, FaultProxy proxy)
    {
        _server = server;
        _name = name;
        _command = command;
        Proxy = proxy;
    }

    public FaultProxy Proxy { get; }

    public LabProcess Process { get; private set; } = null!;

    /// <summary>Requests of the process that runs now.</summary>
    public IEnumerable<ProxiedRequest> Requests => Proxy.Requests.Where(request => request.At >= _startedAt);

    /// <summary>When the API server first agreed that this process leads; null = it has not.</summary>
    public TimeSpan? LedAt => Requests.FirstOrDefault(request => request is { IsLease: true, IsWrite: true, Succeeded: true })?.At;

    public bool StandsBy => Requests.Any(request => request is { IsLease: true, Method: "GET", Succeeded: true });

    /// <param name="server">The API server.</param>
    /// <param name="name">Names its log.</param>
    /// <param name="times">Of the lease.</param>
    /// <param name="clockWrongBy">How far its wall clock is ahead.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<ManagerReplica> StartAsync(
        ApiServerFixture server, string name, LeaseTimes times, TimeSpan clockWrongBy, CancellationToken cancellationToken)
    {
        var proxy = await FaultProxy.StartAsync(server.Plane);
        var command = new Command(
            Repository.Binary,
            [
                "manager", $"--kubeconfig={proxy.Kubeconfig(server.Plane.KubeconfigFor(LightLab.ManagerUser))}", "--webhook-port=0",
                "--metrics-address=0", "--health-address=0",
                $"--lease-duration={times.Duration.TotalMilliseconds:0}ms", $"--renew-deadline={times.RenewDeadline.TotalMilliseconds:0}ms",
                $"--retry-period={times.RetryPeriod.TotalMilliseconds:0}ms",
            ]);
        var replica = new ManagerReplica(server, name, await command.WithClockWrongByAsync(clockWrongBy, cancellationToken), proxy);
        replica.Start();
        return replica;
    }

    public void Start()
    {
        _startedAt = FaultProxy.Now;
        Process = _server.StartProcess($"manager-{_name}", _command);
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
