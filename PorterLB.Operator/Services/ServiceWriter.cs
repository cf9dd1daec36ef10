using System.Collections.Immutable;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Operator.Services;

/// <summary>Sends what <see cref="ServiceChange"/> writes, and remembers what came of it.</summary>
internal sealed class ServiceWriter(ServerFeatures features, LeaderClient client, ElectionBook book)
{
    /// <summary>Finalizer, addresses and election, in one request.</summary>
    public async Task WriteAsync(ServiceView service, ServicePlan plan, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var written = await ApplyAsync(service, ServiceChange.Apply(service, plan, features.IpMode), ServiceChange.FieldManager, cancellationToken);
        memory.Elected(written, plan.Ingress);
    }

    /// <summary>All conditions that are ours; one that is missing is taken off.</summary>
    public async Task<ServiceView> WriteAsync(ServiceView service, ImmutableArray<Condition> conditions, ServiceMemory memory, CancellationToken cancellationToken)
    {
        var written = await ApplyAsync(service, ServiceChange.Apply(service, conditions), ServiceChange.ConditionFieldManager, cancellationToken);
        memory.Wrote(written);
        return written;
    }

    /// <summary>A merge patch that takes something off.</summary>
    public async Task TakeOffAsync(ServiceView service, ReadOnlyMemory<byte> body, ServiceMemory memory, CancellationToken cancellationToken)
    {
        try
        {
            var written = await client.PatchAsync(
                ServiceView.Type,
                EntityKey.Of(service),
                PatchKind.Merge,
                body,
                subresource: "status",
                fieldManager: ServiceChange.FieldManager,
                cancellationToken: cancellationToken);
            memory.Wrote(written);
            book.Saw(written.Metadata.ResourceVersion);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            // Gone meanwhile: that was all that was wanted.
        }
    }

    private async Task<ServiceView> ApplyAsync(ServiceView service, ReadOnlyMemory<byte> body, string fieldManager, CancellationToken cancellationToken)
    {
        var written = await client.PatchAsync(
            ServiceView.Type,
            EntityKey.Of(service),
            PatchKind.Apply,
            body,
            subresource: "status",
            fieldManager: fieldManager,
            force: true,
            cancellationToken: cancellationToken);
        book.Saw(written.Metadata.ResourceVersion);
        return written;
    }
}
