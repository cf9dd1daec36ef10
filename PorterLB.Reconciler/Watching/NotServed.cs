using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

/// <summary>Says why a server does not have a kind, and what to do.</summary>
internal static class NotServed
{
    public static async Task<string> DescribeAsync(IKubernetesClient client, EntityMetadata kind, CancellationToken cancellationToken)
    {
        // A group of Kubernetes itself has no CustomResourceDefinition that anybody could apply.
        var isCustom = kind.Group is { Length: > 0 } group && group.Contains('.', StringComparison.Ordinal)
            && !group.EndsWith(".k8s.io", StringComparison.Ordinal);
        var missing = $"the API server has no {kind.PluralName} in {kind.GroupWithVersion}";
        if (!isCustom)
        {
            return missing;
        }

        IReadOnlyList<string> others = [];
        try
        {
            others = await client.VersionsOfAsync(kind, cancellationToken);
        }
        catch (Exception exception) when (ServerTrouble.Is(exception))
        {
            // Which versions there are is only a help.
        }

        return others.Count == 0
            ? $"{missing}; is its CustomResourceDefinition applied?"
            : $"{missing}, only in {string.Join(", ", others)}: the CustomResourceDefinition is of another release; apply that of this one";
    }
}
