using System.CommandLine;
using PorterLB.Operator.Access;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Speaking;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Metrics;
using PorterLB.Speaker;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb speaker</c>: answers ARP and NDP for the addresses that this node owns.</summary>
internal static class SpeakerCommand
{
    private const int DefaultHelloPort = 7474;

    private static readonly CommonOptions Common = new($":{Names.SpeakerMetricsPort}", $"127.0.0.1:{Names.SpeakerHealthPort}");
    private static readonly Option<string> NodeName = Flags.Text("--node-name", "NODE_NAME", "", "The name of the Node that this runs on.");
    private static readonly Option<int> HelloPort = Flags.Port("--hello-port", "HELLO_PORT", DefaultHelloPort, "UDP port of the hellos, the same on all nodes.");
    private static readonly Option<string> StateFolder = Flags.Text("--state-folder", "STATE_FOLDER", Names.StateFolder, "Where rights and hello keys survive a restart, if the folder exists; best in memory.");
    private static readonly Option<bool> IgnoreExcludeLabel = Flags.Switch(
        "--ignore-exclude-label", "IGNORE_EXCLUDE_LABEL", @default: false, $"Use nodes with the label {Annotations.ExcludeLabel}, too. Set it on manager and speakers alike.");

    public static Command Create()
    {
        var command = new Command("speaker", "Answer ARP and NDP for the addresses that this node owns.") { NodeName, HelloPort, StateFolder, IgnoreExcludeLabel };
        foreach (var option in Common.All)
        {
            command.Add(option);
        }

        command.SetAction((result, cancellationToken) =>
            Running.GuardAsync("porterlb speaker", result.InvocationConfiguration.Error, () => RunAsync(result, cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var node = result.GetValue(NodeName);
        if (string.IsNullOrWhiteSpace(node))
        {
            throw new ArgumentException("NODE_NAME is missing: say with --node-name or NODE_NAME on which Node this runs (in a Pod: from fieldRef spec.nodeName).");
        }

        var settings = new SpeakerSettings(
            node,
            result.GetRequiredValue(Common.Namespace),
            (ushort)result.GetValue(HelloPort),
            Directory.Exists(result.GetValue(StateFolder)) ? result.GetValue(StateFolder) : null,
            result.GetValue(IgnoreExcludeLabel));
        using var connection = KubernetesConnection.Create(result.GetValue(Common.Kubeconfig), $"porterlb-speaker/{Running.Version}");
        using var loggers = LoggerFactory.Create(logging => Common.ConfigureLogging(logging, result));
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        var services = builder.Services;
        services.AddSingleton(loggers);

        // The composition root: the one place that chooses clock and randomness.
#pragma warning disable RS0030
        var time = TimeProvider.System;
        services.AddSingleton(new Random());
#pragma warning restore RS0030
        services.AddSingleton(time);

        // Before the API server is asked for anything: it may be away, and the addresses are not to wait for it.
        await using var speaker = new NodeSpeaker(settings, loggers, time);
        speaker.Resume();
        var features = speaker.Running is not null
            ? new ServerFeatures(KubernetesVersion.Unknown)
            : await Running.DiscoverAsync("porterlb speaker", result.InvocationConfiguration.Error, connection, time, cancellationToken);
        services.AddSingleton(features);
        services.AddSingleton(speaker);
        services.AddSingleton(connection);
        services.AddSingleton(settings);
        services.AddSingleton<RightsFeed>();
        services.AddSingleton<SpeakerStatusWriter>();
        services.AddSingleton<SpeakerLease>();
        services.AddSingleton<DataPlaneCheck>();
        services.AddKubernetesOperator(options => options
                .WithName(Names.Speaker)
                .WithOwnNamespace(settings.Namespace)
                .WithLeaderElection(Reconciler.Leadership.LeaderElectionType.None)
                .WithAutoAttachFinalizers(false))
            .AddInformer(ServiceView.Type, options => options.SilenceCheck = () => features.ServiceSilenceCheck)
            .AddInformer(NodeView.Type)
            .AddInformer(EndpointsView.SliceV1, EndpointsView.Configure)
            .AddInformer(V1Alpha2Eip.Type)
            .AddInformer(V1Alpha2LayerTwoConfig.Type)
            .AddInformer(SecretView.Type, options =>
            {
                options.Namespace = settings.Namespace;
                options.FieldSelector = $"metadata.name={Names.HelloKeys}";
            })
            .AddRunnable<ServerFollower>()
            .AddRunnable<SpareMemory>()
            .AddRunnable<SpeakerRunner>()
            .AddReadyCheck("speaker", provider => provider.GetRequiredService<NodeSpeaker>().Running is null
                ? Reconciler.Health.HealthCheckResult.Unhealthy("it has not started yet")
                : Reconciler.Health.HealthCheckResult.Healthy)
            .AddHealth(result.GetRequiredValue(Common.HealthAddress))
            .AddMetrics(result.GetRequiredValue(Common.MetricsAddress));
        using var host = builder.Build();
        host.Services.GetRequiredService<OperatorMetrics>().Adapt(LayerTwoSpeaker.MeterName);
        await host.RunAsync(cancellationToken);
        return 0;
    }
}
