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

/// <summary>
/// Puts an operator together. The composition root also registers a <c>KubernetesConnection</c>, a <see cref="TimeProvider"/> and a
/// <see cref="Random"/> as singletons: the framework reads no ambient clock and no ambient randomness.
/// </summary>
public interface IOperatorBuilder
{
    /// <summary>Where everything is registered.</summary>
    IServiceCollection Services { get; }

    /// <summary>
    /// Makes a kind known that is written or read without a cache: <see cref="EntityType{TEntity}"/> can then be injected, and the client
    /// takes its objects without one. What an informer watches is known already.
    /// </summary>
    IOperatorBuilder AddEntity<TEntity>(EntityType<TEntity> type)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>
    /// Watches a kind. <see cref="IEntityCache{TEntity}"/>, <see cref="Informer{TEntity}"/> and the <see cref="EntityType{TEntity}"/>
    /// can then be injected.
    /// </summary>
    IOperatorBuilder AddInformer<TEntity>(EntityType<TEntity> type, Action<InformerOptions<TEntity>>? configure = null)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Reconciles a kind, on the leader alone. The kind needs an informer.</summary>
    IOperatorBuilder AddController<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>
    /// Reconciles those objects of a kind that have certain labels. The whole process sees no others of that kind: one cache serves all,
    /// so two selectors of one kind are refused.
    /// </summary>
    IOperatorBuilder AddControllerWithLabelSelector<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation,
        TEntity,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TLabelSelector>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
        where TLabelSelector : class, IEntityLabelSelector<TEntity>;

    /// <summary>
    /// Reconciles those objects of a kind that the server selects by their fields. The whole process sees no others of that kind.
    /// </summary>
    IOperatorBuilder AddControllerWithFieldSelector<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation,
        TEntity,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TFieldSelector>(
        Action<ControllerOptions<TEntity>>? configure = null)
        where TImplementation : class, IEntityController<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
        where TFieldSelector : class, IEntityFieldSelector<TEntity>;

    /// <summary>Cleans up before objects of a kind go. The kind needs a controller.</summary>
    /// <param name="identifier">What stands in <c>metadata.finalizers</c>, as <c>example.com/cleanup</c>.</param>
    IOperatorBuilder AddFinalizer<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation, TEntity>(string identifier)
        where TImplementation : class, IEntityFinalizer<TEntity>
        where TEntity : class, IKubernetesObject<V1ObjectMeta>;

    /// <summary>Runs once on a new leader, before any reconciler. Several run in the order of registration.</summary>
    IOperatorBuilder AddLeaderStartup<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TStartup>()
        where TStartup : class, ILeaderStartup;

    /// <summary>Runs on every replica, once the caches are synced.</summary>
    IOperatorBuilder AddRunnable<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable;

    /// <summary>Runs on every replica, once the caches are synced.</summary>
    /// <param name="name">For logs.</param>
    /// <param name="run">Runs until cancelled.</param>
    IOperatorBuilder AddRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run);

    /// <summary>Runs on the leader alone, beside the reconcilers.</summary>
    IOperatorBuilder AddLeaderRunnable<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TRunnable>()
        where TRunnable : class, IRunnable;

    /// <summary>Runs on the leader alone, beside the reconcilers.</summary>
    /// <param name="name">For logs.</param>
    /// <param name="run">Runs until cancelled.</param>
    IOperatorBuilder AddLeaderRunnable(string name, Func<IServiceProvider, CancellationToken, Task> run);

    /// <summary>
    /// Serves on every replica, leader or not, as admission webhooks do: started after health and metrics, before the caches; stopped
    /// after the reconcilers.
    /// </summary>
    IOperatorBuilder AddServer<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TServer>()
        where TServer : class, IHostedService;

    /// <summary>Serves <c>/healthz</c> and <c>/readyz</c>.</summary>
    /// <param name="address">As <c>:8081</c> or <c>127.0.0.1:7473</c>; <c>0</c> = off.</param>
    IOperatorBuilder AddHealth(string address);

    /// <summary>Serves <c>/metrics</c>.</summary>
    /// <param name="address">As <c>:8080</c>; <c>0</c> = off.</param>
    IOperatorBuilder AddMetrics(string address);

    /// <summary>Adds a part of <c>/healthz</c>: while it fails, the process should be restarted.</summary>
    IOperatorBuilder AddHealthCheck(string name, Func<IServiceProvider, HealthCheckResult> check);

    /// <summary>Adds a part of <c>/readyz</c>: while it fails, the replica should get no requests.</summary>
    IOperatorBuilder AddReadyCheck(string name, Func<IServiceProvider, HealthCheckResult> check);
}
