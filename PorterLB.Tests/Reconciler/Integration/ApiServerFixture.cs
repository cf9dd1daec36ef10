using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>A real kube-apiserver on etcd, in a network namespace of its own, shared by the tests of a collection.</summary>
public sealed class ApiServerFixture : IAsyncLifetime
{
    private LabSession? _session;
    private ControlPlane? _plane;

    /// <summary>The API server and its processes. Skips the test, with the reason, on a machine where it cannot run.</summary>
    internal ControlPlane Plane
    {
        get
        {
            Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
            return _plane!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (Privileges.Lacking is not null)
        {
            return;
        }

        Action<string> say = line => TestContext.Current.SendDiagnosticMessage(line);
        var cancel = TestContext.Current.CancellationToken;
        _session = LabSession.Open("tests of the reconciler", say);
        var segment = await Segment.CreateAsync(_session, cancel);
        var host = await segment.AddHostAsync("cp", 1, cancel);
        var binaries = await KubernetesBinaries.ForApiServerAsync(say, cancel);
        _plane = await ControlPlane.StartAsync(_session, host, binaries, new ControlPlaneOptions { Users = ["nobody", LightLab.ManagerUser] }, cancel);
    }

    /// <summary>Starts a program that ends with the API server.</summary>
    internal LabProcess StartProcess(string name, Command command) => _session!.Start(name, command);

    public ValueTask DisposeAsync()
    {
        _session?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A program beside the API server, as a Pod on the host's network would be; it ends with the fixture.</summary>
    internal LabProcess Start(string name, Command command) => _session!.Start(name, Plane.Host.Namespace.Inside(command));

    internal KubernetesConnection Connect(string? kubeconfig = null)
    {
        var plane = Plane;
        return KubernetesConnection.Create(
            kubeconfig ?? plane.AdminKubeconfig,
            "porterlb-tests/1.0",
            async (context, cancellationToken) => await plane.Host.Namespace.ConnectAsync(
                new System.Net.IPEndPoint(System.Net.IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port), cancellationToken));
    }
}

[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ApiServerDefinition : ICollectionFixture<ApiServerFixture>
{
    public const string Name = "a real API server";
}
