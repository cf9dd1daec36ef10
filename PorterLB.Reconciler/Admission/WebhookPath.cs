using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Admission;

/// <summary>Where a webhook is served.</summary>
public static class WebhookPath
{
    /// <summary>
    /// The path of an entity's validation, <c>/validate-&lt;group-with-dashes&gt;-&lt;version&gt;-&lt;kind&gt;</c>, as controller-runtime has it.
    /// </summary>
    /// <param name="entity">The entity's names.</param>
    public static string Validate(EntityMetadata entity) =>
        $"/validate-{entity.Group?.Replace('.', '-')}-{entity.Version}-{entity.SingularName}";
}
