using System.Diagnostics.CodeAnalysis;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Health;
using PorterLB.Reconciler.Leadership;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Hosting;

internal sealed class OperatorBuilder : IOperatorBuilder
{
    private readonly OperatorRegistry _registry = new();

    public OperatorBuilder(IServiceCollection services, OperatorSettings settings)
    {
        Services = services;
        services.AddSingleton(settings);
        services.AddSingleton(_registry);
        services.TryAddSingleton<OperatorMetrics>();
        services.TryAddSingleton<IKubernetesClient>(provider => new KubernetesClient(
            provider.GetRequiredService<KubernetesConnection>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<OperatorMetrics>(),
            provider));
        services.AddSingleton(provider => new EventRecorder(
            provider.GetRequiredService<IKubernetesClient>(),
            settings.Name,
            host: null,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<OperatorMetrics>(),
            provider.GetRequiredService<ILogger<EventRecorder>>()));
        services.AddSingleton<EventPublisher>(provider => provider.GetRequiredService<EventRecorder>().PublishAsync);
        AddLeadership(settings);
        services.AddSingleton(provider =>
        {
            var (client, leadership) = (provider.GetRequiredService<IKubernetesClient>(), provider.GetRequiredService<ILeadership>());
            return new LeaderClient(client is KubernetesClient own ? own.GuardedBy(() => leadership.MayWrite) : client, leadership, provider.GetRequiredService<TimeProvider>());
        });
        services.AddSingleton<HealthChecks>();
        services.AddSingleton<OperatorHost>();
        services.AddHostedService(provider => provider.GetRequiredService<OperatorHost>());
        AddReadyCheck("caches", CachesSynced);
    }

    public IServiceCollection Services { get; }

    public IOperatorBuilder AddEntity<TEntity>(EntityType<TEntity> type)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        Services.TryAddSingleton(type);
        return this;
    }

    public IOperatorBuilder AddInformer<TEntity>(EntityType<TEntity> type, Action<InformerOptions<TEntity>>? configure = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (!_registry.Informers.Add(typeof(TEntity)))
        {
            throw new OperatorException($"There are two informers of {typeof(TEntity).Name}: one cache serves all of a process.");
        }

        var options = new InformerOptions<TEntity>();
        configure?.Invoke(options);
        Services.Replace(ServiceDescriptor.Singleton(type));
        Services.AddSingleton(provider =>
        {
            if (type.Scope == EntityScope.Namespaced)
            {
                options.Namespace ??= provider.GetRequiredService<OperatorSettings>().Namespace;
            }

            return new Informer<TEntity>(
                provider.GetRequiredService<IKubernetesClient>(),
                type,
                options,
                provider.GetRequiredService<TimeProvider>(),
                Derive(provider),
                provider.GetRequiredService<ILogger<Informer<TEntity>>>(),
                provider.GetService<IEntityLabelSelector<TEntity>>(),
                provider.GetService<IEntityFieldSelector<TEntity>>());
        });
        Services.AddSingleton<IEntityCache<TEntity>>(provider => provider.GetRequiredService<Informer<TEntity>>());
        Services.AddSingleton<IInformer>(provider => provider.GetRequiredService<Informer<TEntity>>());
        return this;
    }

    public IOperatorBuilder AddController<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        RefuseUnusedSelector<TImplementation, LabelSelectorAttribute, IEntityLabelSelector<TEntity>>(nameof(AddControllerWithLabelSelector));
        RefuseUnusedSelector<TImplementation, FieldSelectorAttribute, IEntityFieldSelector<TEntity>>(nameof(AddControllerWithFieldSelector));
        var options = new ControllerOptions<TEntity>();
        configure?.Invoke(options);
        var name = options.Name ?? NameOf(typeof(TEntity));
        if (_registry.Controllers.Exists(other => other.Name == name))
        {
            throw new OperatorException($"There are two controllers named '{name}': set ControllerOptions.Name of one, so that metrics tell them apart.");
        }

        Services.TryAddScoped<TImplementation>();
        AddFinalizersOf<TEntity>();
        Services.AddKeyedSingleton(name, (provider, _) =>
        {
            var settings = provider.GetRequiredService<OperatorSettings>();
            options.MaxConcurrentReconciles ??= settings.ParallelReconciliation.MaxParallelReconciliations;
            options.Predicate ??= settings.ReconcileStrategy == ReconcileStrategy.ByGeneration
                ? new Predicate<Delta<TEntity>>(Predicates.GenerationChanged).Or(Predicates.DeletionBegan)
                : null;
            return new Controller<TEntity>(
                options,
                name,
                scope => scope.GetRequiredService<TImplementation>(),
                provider,
                provider.GetRequiredService<Informer<TEntity>>(),
                provider.GetRequiredService<EntityFinalizers<TEntity>>(),
                provider.GetRequiredService<TimeProvider>(),
                Derive(provider),
                provider.GetRequiredService<OperatorMetrics>(),
                provider.GetRequiredService<ILogger<Controller<TEntity>>>());
        });
        Services.AddSingleton(provider => provider.GetRequiredKeyedService<Controller<TEntity>>(name));
        Services.TryAddSingleton<EntityQueue<TEntity>>(provider => (entity, _, _, queueIn, _, cancellationToken) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var taken = false;
            foreach (var controller in provider.GetServices<Controller<TEntity>>())
            {
                taken |= controller.Enqueue(EntityKey.Of(entity), queueIn);
            }

            return Task.FromResult(taken);
        });
        _registry.Controllers.Add(new ControllerRegistration(
            name,
            [typeof(TEntity), .. options.Triggers.Select(trigger => trigger.EntityType)],
            provider => provider.GetRequiredKeyedService<Controller<TEntity>>(name)));
        return this;
    }

    public IOperatorBuilder AddControllerWithLabelSelector<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation,
        TEntity,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TLabelSelector>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
        where TLabelSelector : class, IEntityLabelSelector<TEntity>
    {
        AddSelector<IEntityLabelSelector<TEntity>, TLabelSelector>(typeof(TEntity));
        return AddController<TImplementation, TEntity>(configure);
    }

    public IOperatorBuilder AddControllerWithFieldSelector<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation,
        TEntity,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFieldSelector>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
        where TFieldSelector : class, IEntityFieldSelector<TEntity>
    {
        AddSelector<IEntityFieldSelector<TEntity>, TFieldSelector>(typeof(TEntity));
        return AddController<TImplementation, TEntity>(configure);
    }

    public IOperatorBuilder AddFinalizer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(
        string identifier)
        where TImplementation : class, IEntityFinalizer<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentException.ThrowIfNullOrEmpty(identifier);
        Services.TryAddScoped<TImplementation>();
        AddFinalizersOf<TEntity>();
        Services.AddSingleton(new FinalizerRegistration<TEntity>(
            identifier, typeof(TImplementation), provider => provider.GetRequiredService<TImplementation>()));
        Services.TryAddSingleton<EntityFinalizerAttacher<TImplementation, TEntity>>(provider => (entity, cancellationToken) =>
            provider.GetRequiredService<EntityFinalizers<TEntity>>().AttachAsync(entity, typeof(TImplementation), cancellationToken));
        return this;
    }

    public IOperatorBuilder AddLeaderStartup<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStartup>()
        where TStartup : class, ILeaderStartup
    {
        Services.TryAddSingleton<TStartup>();
        _registry.LeaderStartups.Add(provider => provider.GetRequiredService<TStartup>());
        return this;
    }

    public IOperatorBuilder AddRunnable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable =>
        AddRunnable<TRunnable>(leaderOnly: false);

    public IOperatorBuilder AddRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run)
    {
        _registry.Runnables.Add(new RunnableRegistration(name, LeaderOnly: false, run));
        return this;
    }

    public IOperatorBuilder AddLeaderRunnable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable =>
        AddRunnable<TRunnable>(leaderOnly: true);

    public IOperatorBuilder AddLeaderRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run)
    {
        _registry.Runnables.Add(new RunnableRegistration(name, LeaderOnly: true, run));
        return this;
    }

    public IOperatorBuilder AddServer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TServer>()
        where TServer : class, IHostedService
    {
        Services.TryAddSingleton<TServer>();
        _registry.Servers.Add(provider => provider.GetRequiredService<TServer>());
        return this;
    }

    public IOperatorBuilder AddHealth(string address)
    {
        _registry.HealthAddress = HttpAddress.Parse(address);
        return this;
    }

    public IOperatorBuilder AddMetrics(string address)
    {
        _registry.MetricsAddress = HttpAddress.Parse(address);
        return this;
    }

    public IOperatorBuilder AddHealthCheck(string name, Func<IServiceProvider, HealthCheckResult> check)
    {
        Services.AddSingleton(new HealthCheck(HealthPage.Healthy, name, check));
        return this;
    }

    public IOperatorBuilder AddReadyCheck(string name, Func<IServiceProvider, HealthCheckResult> check)
    {
        Services.AddSingleton(new HealthCheck(HealthPage.Ready, name, check));
        return this;
    }

    // A seeded Random is not thread-safe; each part that needs one gets its own.
    private static Random Derive(IServiceProvider provider)
    {
        var root = provider.GetRequiredService<Random>();
        lock (root)
        {
            return new Random(root.Next());
        }
    }

    private static HealthCheckResult CachesSynced(IServiceProvider provider)
    {
        var waiting = provider.GetServices<IInformer>().Where(informer => !informer.HasSynced).ToList();
        return waiting.Count == 0
            ? HealthCheckResult.Healthy
            : HealthCheckResult.Unhealthy(string.Join("; ", waiting.Select(informer => $"{informer.Name}: {informer.LastError ?? "not listed yet"}")));
    }

    private void AddSelector<TService, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSelector>(Type entity)
        where TService : class
        where TSelector : class, TService
    {
        if (Services.FirstOrDefault(service => service.ServiceType == typeof(TService)) is { } other && other.ImplementationType != typeof(TSelector))
        {
            throw new OperatorException(
                $"Objects of {entity.Name} are chosen by {typeof(TSelector).Name} and by {other.ImplementationType?.Name}: one cache serves all of a process, so there can be one choice.");
        }

        Services.TryAddSingleton<TService, TSelector>();
    }

    // KubeOps' generator reads the attribute and registers the selector. Here the registration names it; one that was forgotten is told.
    private void RefuseUnusedSelector<TImplementation, TAttribute, TService>(string method)
        where TAttribute : Attribute
    {
        if (Attribute.IsDefined(typeof(TImplementation), typeof(TAttribute)) && !Services.Any(service => service.ServiceType == typeof(TService)))
        {
            throw new OperatorException($"{typeof(TImplementation).Name} has a selector as an attribute: register it with {method}, which takes the selector's type.");
        }
    }

    private static string NameOf(Type entity) => entity.Name.ToLowerInvariant();

    private void AddLeadership(OperatorSettings settings)
    {
        if (settings.LeaderElectionType == LeaderElectionType.None)
        {
            Services.AddSingleton<ILeadership>(new AlwaysLeader(settings.Lease));
            return;
        }

        Services.AddSingleton(provider =>
        {
            var random = Derive(provider);
            return new LeaseElector(
                provider.GetRequiredService<IKubernetesClient>(),
                new EntityKey(settings.OwnNamespace, settings.Name),
                settings.Lease,
                LeaseElector.NewIdentity(Environment.MachineName, random),
                provider.GetRequiredService<TimeProvider>(),
                random,
                provider.GetRequiredService<OperatorMetrics>(),
                provider.GetRequiredService<ILogger<LeaseElector>>());
        });
        Services.AddSingleton<ILeadership>(provider => provider.GetRequiredService<LeaseElector>());
    }

    private void AddFinalizersOf<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        Services.TryAddSingleton(provider => new EntityFinalizers<TEntity>(
            provider.GetServices<FinalizerRegistration<TEntity>>(),
            provider.GetRequiredService<EntityType<TEntity>>(),
            provider.GetRequiredService<LeaderClient>(),
            provider.GetRequiredService<OperatorSettings>().AutoAttachFinalizers,
            provider.GetRequiredService<OperatorSettings>().AutoDetachFinalizers));

    private OperatorBuilder AddRunnable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>(bool leaderOnly)
        where TRunnable : class, IRunnable
    {
        Services.TryAddSingleton<TRunnable>();
        _registry.Runnables.Add(new RunnableRegistration(
            typeof(TRunnable).Name,
            leaderOnly,
            (provider, cancellationToken) => provider.GetRequiredService<TRunnable>().RunAsync(cancellationToken)));
        return this;
    }
}
