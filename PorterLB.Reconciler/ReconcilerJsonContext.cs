using System.Text.Json.Serialization;
using PorterLB.Reconciler.Events;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Reconciler;

/// <summary>JSON of the kinds that the framework itself reads and writes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(EventRecord))]
internal sealed partial class ReconcilerJsonContext : JsonSerializerContext;
