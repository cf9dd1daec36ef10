using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

internal sealed class Reflector<TEntity>(
    IKubernetesClient client,
    EntityType<TEntity> type,
    ListOptions scope,
    IReflectorTarget<TEntity> target,
    TimeProvider time,
    Random random,
    ILogger logger)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    public Task RunAsync(CancellationToken cancellationToken) => throw new NotSupportedException($"{client}{type}{scope}{target}{time}{random}{logger}");
}
