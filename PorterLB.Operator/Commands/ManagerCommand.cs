using System.CommandLine;
using PorterLB.Operator.Access;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Admission;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Operator.Services;
using PorterLB.Operator.Speaking;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb manager</c>: gives addresses to Services and elects each address's node.</summary>
internal static class ManagerCommand
{
    private static readonly CommonOptions Common = new($":{Names.ManagerMetricsPort}", $":{Names.ManagerHealthPort}");
    private static readonly Option<int> WebhookPort = Flags.Port("--webhook-port", "WEBHOOK_PORT", Names.WebhookPort, "Where admission webhooks are served; 0 = nowhere.");
    private static readonly Option<string> CertDir = Flags.Text("--cert-dir", "CERT_DIR", "", "A folder with tls.crt and tls.key; empty = certificates are made.");
    private static readonly Option<bool> LeaderElect = Flags.Switch("--leader-elect", "LEADER_ELECT", @default: true, "Whether replicas elect one that acts.");
    private static readonly Option<TimeSpan> LeaseDuration = Flags.Time("--lease-duration", "LEASE_DURATION", TimeSpan.FromSeconds(15), "After this long without renewal another replica leads.");
    private static readonly Option<TimeSpan> RenewDeadline = Flags.Time("--renew-deadline", "RENEW_DEADLINE", TimeSpan.FromSeconds(10), "The leader stops when it cannot renew for this long.");
    private static readonly Option<TimeSpan> RetryPeriod = Flags.Time("--retry-period", "RETRY_PERIOD", TimeSpan.FromSeconds(2), "Between two attempts to renew or to lead.");
    private static readonly Option<bool> DefaultLoadBalancer = Flags.Switch("--default-load-balancer", "DEFAULT_LOAD_BALANCER", @default: false, "Serve Services with neither class nor annotation.");
    private static readonly Option<string> LoadBalancerClass = Flags.Text("--load-balancer-class", "LOAD_BALANCER_CLASS", ManagerSettings.DefaultClass, "The spec.loadBalancerClass that is ours.");
    internal static readonly Option<bool> IgnoreExcludeLabel = Flags.Switch(
        "--ignore-exclude-label", "IGNORE_EXCLUDE_LABEL", @default: false, $"Use nodes with the label {Annotations.ExcludeLabel}, too. Set it on manager and speakers alike.");

    public static Command Create()
    {
        var command = new Command("manager", "Give addresses to Services of type LoadBalancer and elect the node of each.")
        {
            WebhookPort, CertDir, LeaderElect, LeaseDuration, RenewDeadline, RetryPeriod, DefaultLoadBalancer, LoadBalancerClass, IgnoreExcludeLabel,
        };
        foreach (var option in Common.All)
        {
            command.Add(option);
        }

        command.SetAction((result, cancellationToken) =>
            Running.GuardAsync("porterlb manager", result.InvocationConfiguration.Error, () => RunAsync(result, cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellationToken)
    {
        var @namespace = result.GetRequiredValue(Common.Namespace);
        using var connection = KubernetesConnection.Create(result.GetValue(Common.Kubeconfig), $"porterlb-manager/{Running.Version}");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        Common.ConfigureLogging(builder.Logging, result);
        var services = builder.Services;

        // The composition root: the one place that chooses clock and randomness.
#pragma warning disable RS0030
        var time = TimeProvider.System;
        services.AddSingleton(new Random());
#pragma warning restore RS0030
        services.AddSingleton(time);
        var features = await Running.DiscoverAsync("porterlb manager", result.InvocationConfiguration.Error, connection, time, cancellationToken);
        services.AddSingleton(connection);
        services.AddSingleton(features);
        services.AddSingleton(new ManagerSettings(
            result.GetRequiredValue(LoadBalancerClass), result.GetValue(DefaultLoadBalancer), result.GetValue(IgnoreExcludeLabel)));
        Compose(services.AddKubernetesOperator(settings => settings
                .WithName(Names.Manager)
                .WithOwnNamespace(@namespace)
                .WithLeaderElection(result.GetValue(LeaderElect) ? LeaderElectionType.Single : LeaderElectionType.None)
                .WithLeaderElectionTimings(result.GetValue(LeaseDuration), result.GetValue(RenewDeadline), result.GetValue(RetryPeriod))
                .WithAutoAttachFinalizers(false)),
            features,
            @namespace,
            new Ownership(result.GetRequiredValue(LoadBalancerClass), result.GetValue(DefaultLoadBalancer)))
            .AddAdmissionServer(new()
            {
                Port = result.GetValue(WebhookPort),
                CertificateFolder = result.GetValue(CertDir) is { Length: > 0 } folder ? folder : null,
                Namespace = @namespace,
                ServiceName = Names.Webhook,
                SecretName = Names.Webhook,
                ConfigurationName = Names.WebhookConfiguration,
                FieldManager = Names.Webhook,
            })
            .AddHealth(result.GetRequiredValue(Common.HealthAddress))
            .AddMetrics(result.GetRequiredValue(Common.MetricsAddress));

        using var host = builder.Build();
        host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("PorterLB").ManagerStarts(Running.Version, connection.Server, $"{features.Version}");
        await host.RunAsync(cancellationToken);
        return 0;
    }

    private static IOperatorBuilder Compose(IOperatorBuilder builder, ServerFeatures features, string @namespace, Ownership ownership)
    {
        var services = builder.Services;
        services.AddSingleton(ownership);
        services.AddSingleton<SpeakerLives>();
        services.AddSingleton<Announcements>();
        services.AddSingleton<ElectionBook>();
        services.AddSingleton<ClusterState>();
        services.AddSingleton<PoolBook>();
        services.AddSingleton<PoolMetrics>();
        services.AddSingleton<NodeJoins>();
        services.AddSingleton<ServiceElections>();
        services.AddSingleton<ServiceMemories>();
        services.AddSingleton<ServiceWriter>();
        services.AddSingleton<ServiceConditions>();
        services.AddSingleton<ServiceRelease>();
        services.AddSingleton<ServiceController>();
        services.AddSingleton<EipController>();
        services.AddSingleton<LayerTwoController>();
        services.AddSingleton(provider =>
        {
            var announcements = provider.GetRequiredService<Announcements>();
            return new Allocator(provider.GetRequiredService<TimeProvider>(), announcements.IsAnnounced)
            {
                UsageChanged = pools => Usage(provider, pools),
            };
        });

        var triggers = new ServiceTriggers(ownership);
        services.AddSingleton(triggers);
        return builder
            .AddInformer(ServiceView.Type, options =>
            {
                options.SilenceCheck = () => features.ServiceSilenceCheck;
                ServiceTriggers.Index(options, ownership);
            })
            .AddInformer(NodeView.Type)
            .AddInformer(NamespaceView.Type)
            .AddInformer(EndpointsView.SliceV1, EndpointsView.Configure)
            .AddInformer(V1Alpha2Eip.Type)
            .AddInformer(V1Alpha2LayerTwoConfig.Type)
            .AddInformer(V1Alpha2Speaker.Type)
            .AddInformer(LeaseView.Type, options => options.Namespace = @namespace)
            .AddInformer(SecretView.Type, options =>
            {
                options.Namespace = @namespace;
                options.FieldSelector = $"metadata.name={Names.HelloKeys}";
            })
            .AddLeaderStartup<Startup>()
            .AddController<ServiceController, ServiceView>(options =>
            {
                options.Name = "service";
                options.SharesCachedObjects = true;

                // The same Service is never looked at twice at once; different ones need not wait for each other's request.
                options.MaxConcurrentReconciles = 16;
                options.Watches<NodeView>(delta => triggers.Of(delta));
                options.Watches<NamespaceView>(delta => triggers.Of(delta));
                options.Watches<EndpointsView>(delta => triggers.Of(delta));
                options.Watches<V1Alpha2Eip>(delta => triggers.Of(delta));
                options.Watches<V1Alpha2LayerTwoConfig>(delta => triggers.Of(delta));
                options.Watches<V1Alpha2Speaker>(delta => triggers.Of(delta));
            })
            .AddController<EipController, V1Alpha2Eip>(options =>
            {
                options.Name = "eip";
                options.SharesCachedObjects = true;
                options.Watches<NodeView>(delta => delta.Old is not null && delta.New is not null && delta.Old.IsSameFor(delta.New) ? [] : triggers.Eips());
                options.Watches<V1Alpha2Speaker>(delta => HostAddresses.AreSame(delta.Old, delta.New) ? [] : triggers.Eips());
            })
            .AddController<LayerTwoController, V1Alpha2LayerTwoConfig>(options =>
            {
                options.Name = "layertwoconfig";
                options.SharesCachedObjects = true;
                options.Watches<NodeView>(delta => delta.Old is not null && delta.New is not null && delta.Old.IsSameFor(delta.New) ? [] : triggers.Configs());
                options.Watches<V1Alpha2Eip>(_ => triggers.Configs());
                options.Watches<LeaseView>(delta => delta.Old is not null && delta.New is not null ? [] : triggers.Configs());
            })
            .AddValidationWebhook<EipWebhook, V1Alpha2Eip>(V1Alpha2Eip.Type)
            .AddValidationWebhook<LayerTwoConfigWebhook, V1Alpha2LayerTwoConfig>(V1Alpha2LayerTwoConfig.Type)
            .AddValidationWebhook<ServiceWebhook, ServiceView>(ServiceView.Type)
            .AddRunnable<ServerFollower>()
            .AddRunnable<LeaseFollower>()
            .AddRunnable<RestoredStore>()
            .AddRunnable<SpareMemory>()
            .AddLeaderRunnable<ClusterWatch>()
            .AddLeaderRunnable<HelloKeySecret>();
    }

    private static void Usage(IServiceProvider provider, IReadOnlyCollection<string> pools)
    {
        var eips = provider.GetRequiredService<IEntityCache<V1Alpha2Eip>>();
        var queue = provider.GetRequiredService<EntityQueue<V1Alpha2Eip>>();
        foreach (var eip in pools.Select(pool => eips.Get(new EntityKey(null, pool))).OfType<V1Alpha2Eip>())
        {
            _ = queue(eip, ReconciliationType.Modified, ReconciliationTriggerSource.Operator, TimeSpan.FromMilliseconds(50), 0, CancellationToken.None);
        }
    }
}
