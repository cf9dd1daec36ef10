using k8s;
using k8s.Models;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Finalizers;

/// <summary>The finalizers of a kind: puts them on, runs them, takes them off.</summary>
internal sealed class EntityFinalizers<TEntity>(
    IEnumerable<FinalizerRegistration<TEntity>> registrations,
    EntityType<TEntity> type,
    IKubernetesClient client,
    bool autoAttach,
    bool autoDetach = true)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly IReadOnlyList<FinalizerRegistration<TEntity>> _registrations = [.. registrations];

    public bool Any => _registrations.Count > 0;

    /// <summary>Puts on what is missing, if that is wanted; returns the object as stored.</summary>
    public async Task<TEntity> AttachAllAsync(TEntity entity, CancellationToken cancellationToken)
    {
        if (!autoAttach)
        {
            return entity;
        }

        foreach (var registration in _registrations)
        {
            entity = await client.AttachFinalizerAsync(type, entity, registration.Identifier, cancellationToken);
        }

        return entity;
    }

    public async Task<TEntity> AttachAsync(TEntity entity, Type implementation, CancellationToken cancellationToken)
    {
        var registration = _registrations.FirstOrDefault(candidate => candidate.Implementation == implementation)
            ?? throw new InvalidOperationException(
                $"{implementation.Name} is not registered for {type.Metadata.Kind}: call AddFinalizer<{implementation.Name}, {typeof(TEntity).Name}>(identifier).");
        return await client.AttachFinalizerAsync(type, entity, registration.Identifier, cancellationToken);
    }

    /// <summary>Runs those whose identifiers the object carries, in the order of registration, and takes each off when it succeeded.</summary>
    public async Task<ReconciliationResult<TEntity>> FinalizeAsync(IServiceProvider services, TEntity entity, CancellationToken cancellationToken)
    {
        foreach (var registration in _registrations)
        {
            if (entity.Metadata.Finalizers?.Contains(registration.Identifier) != true)
            {
                continue;
            }

            var result = await registration.Resolve(services).FinalizeAsync(entity, cancellationToken);
            if (!result.IsSuccess || result.RequeueAfter is not null)
            {
                return result;
            }

            if (!autoDetach)
            {
                continue;
            }

            // The clean-up is done: a stop in this moment must not leave the object hanging.
            entity = await client.DetachFinalizerAsync(type, entity, registration.Identifier, CancellationToken.None);
        }

        return ReconciliationResult<TEntity>.Success(entity);
    }
}
