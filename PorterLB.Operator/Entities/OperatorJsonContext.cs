using System.Text.Json.Serialization;

namespace PorterLB.Operator.Entities;

/// <summary>JSON of everything that goes to and comes from the API server, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(V1Alpha2Eip))]
[JsonSerializable(typeof(V1Alpha2LayerTwoConfig))]
[JsonSerializable(typeof(V1Alpha2Speaker))]
[JsonSerializable(typeof(ServiceView))]
[JsonSerializable(typeof(NodeView))]
[JsonSerializable(typeof(EndpointsView))]
[JsonSerializable(typeof(NamespaceView))]
[JsonSerializable(typeof(LeaseView))]
[JsonSerializable(typeof(SecretView))]
[JsonSerializable(typeof(Overview.AnyView))]
internal sealed partial class OperatorJsonContext : JsonSerializerContext;
