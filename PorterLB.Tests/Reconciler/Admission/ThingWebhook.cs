using System.Text.Json.Serialization;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Admission;

/// <summary>A kind that load balancing never heard of.</summary>
internal sealed class Thing : CustomKubernetesEntity<ThingSpec>
{
    public static readonly EntityType<Thing> Type = new(new("Thing", "v1", "example.com"), EntityScope.Namespaced, ThingJsonContext.Default.Thing);
}

internal sealed record ThingSpec
{
    public int Size { get; set; }

    public Duration After { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Thing))]
internal sealed partial class ThingJsonContext : JsonSerializerContext;

internal sealed class ThingWebhook : ValidationWebhook<Thing>
{
    public override ValidationResult Create(Thing entity, bool dryRun) => entity.Spec.Size switch
    {
        < 0 => Result([new("spec.size", "must not be negative"), new("spec", "is odd")], ["and it is Monday"]),
        1 => Fail("one is too few"),
        2 => Fail("teapots only", 418),
        3 => throw new InvalidOperationException("bug"),
        _ => Success(dryRun ? "only a rehearsal" : "for real"),
    };

    public override ValidationResult Update(Thing oldEntity, Thing newEntity, bool dryRun) =>
        newEntity.Spec.Size < oldEntity.Spec.Size ? Fail($"it shrinks from {oldEntity.Spec.Size} to {newEntity.Spec.Size}") : Success();

    public override async Task<ValidationResult> DeleteAsync(Thing entity, bool dryRun, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return Fail($"{entity.Metadata.Name} is needed");
    }
}
