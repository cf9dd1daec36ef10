using System.Text.Json;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Hosting;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>
/// A whole operator on the framework, and nothing of load balancing in it: a ConfigMap labelled <c>greet: name</c> gets a greeting, and
/// is mourned in another one before it goes.
/// </summary>
internal static class GreetingOperator
{
    public const string Finalizer = "greeting.example.com/farewell";

    public static IOperatorBuilder AddGreetingOperator(this IServiceCollection services, string @namespace, LeaseTimes times) => services
        .AddKubernetesOperator(settings => settings
            .WithName("greeter")
            .WithNamespace(@namespace)
            .WithLeaderElection(LeaderElectionType.Single)
            .WithLeaderElectionTimings(times.Duration, times.RenewDeadline, times.RetryPeriod))
        .AddInformer(ConfigMap.EntityType, options => options.LabelSelector = "greet")
        .AddController<Greeter, ConfigMap>(options => options.Name = "greeter")
        .AddFinalizer<Farewell, ConfigMap>(Finalizer)
        .AddHealth("127.0.0.1:0")
        .AddMetrics(":0");
}

internal sealed class Greeter(LeaderClient client, EventPublisher say) : IEntityController<ConfigMap>
{
    public async Task<ReconciliationResult<ConfigMap>> ReconcileAsync(ConfigMap entity, CancellationToken cancellationToken)
    {
        var greeting = $"Hello, {entity.Metadata.Labels["greet"]}!";
        if (entity.Data?.GetValueOrDefault("greeting") != greeting)
        {
            entity = await client.PatchAsync(
                ConfigMap.EntityType,
                EntityKey.Of(entity),
                PatchKind.Merge,
                JsonSerializer.SerializeToUtf8Bytes(
                    new ConfigMap { Metadata = new V1ObjectMeta { ResourceVersion = entity.Metadata.ResourceVersion }, Data = new() { ["greeting"] = greeting } },
                    TestJsonContext.Default.ConfigMap),
                cancellationToken: cancellationToken);
            await say(entity, "Greeted", greeting, cancellationToken: cancellationToken);
        }

        return ReconciliationResult<ConfigMap>.Success(entity);
    }

    public Task<ReconciliationResult<ConfigMap>> DeletedAsync(ConfigMap entity, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<ConfigMap>.Success(entity));
}

internal sealed class Farewell(LeaderClient client) : IEntityFinalizer<ConfigMap>
{
    public async Task<ReconciliationResult<ConfigMap>> FinalizeAsync(ConfigMap entity, CancellationToken cancellationToken)
    {
        await client.CreateAsync(
            ConfigMap.EntityType,
            new ConfigMap { Metadata = new V1ObjectMeta { Name = $"{entity.Metadata.Name}-is-gone", NamespaceProperty = entity.Metadata.NamespaceProperty } },
            cancellationToken: cancellationToken);
        return ReconciliationResult<ConfigMap>.Success(entity);
    }
}
