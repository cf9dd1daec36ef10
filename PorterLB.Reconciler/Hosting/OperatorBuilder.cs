using System.Diagnostics.CodeAnalysis;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Health;

namespace PorterLB.Reconciler.Hosting;

internal sealed class OperatorBuilder(IServiceCollection services, OperatorSettings settings) : IOperatorBuilder
{
    public IServiceCollection Services => services;

    public OperatorSettings Settings => settings;

    public IOperatorBuilder AddInformer<TEntity>(EntityType<TEntity> type, Action<InformerOptions<TEntity>>? configure = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => this;

    public IOperatorBuilder AddController<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => this;

    public IOperatorBuilder AddFinalizer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(
        string identifier)
        where TImplementation : class, IEntityFinalizer<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta> => this;

    public IOperatorBuilder AddLeaderStartup<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStartup>()
        where TStartup : class, ILeaderStartup => this;

    public IOperatorBuilder AddRunnable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable => this;

    public IOperatorBuilder AddRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run) => this;

    public IOperatorBuilder AddLeaderRunnable<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable => this;

    public IOperatorBuilder AddLeaderRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run) => this;

    public IOperatorBuilder AddServer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TServer>()
        where TServer : class, IHostedService => this;

    public IOperatorBuilder AddHealth(string address) => this;

    public IOperatorBuilder AddMetrics(string address) => this;

    public IOperatorBuilder AddHealthCheck(string name, Func<IServiceProvider, HealthCheckResult> check) => this;

    public IOperatorBuilder AddReadyCheck(string name, Func<IServiceProvider, HealthCheckResult> check) => this;
}
