using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Generation;

/// <summary>The ValidatingWebhookConfiguration of classes with <see cref="ValidationWebhookAttribute"/>.</summary>
[RequiresUnreferencedCode(ManifestGeneration.Reason)]
public static class WebhookManifests
{
    /// <summary>
    /// The configuration. It has no <c>caBundle</c>: that is patched in at run time under a field manager of its own, so that neither
    /// <c>kubectl apply</c> nor GitOps takes it away again.
    /// </summary>
    /// <param name="webhooks">The classes.</param>
    /// <param name="name">The configuration's name.</param>
    /// <param name="service">The Service in front of the admission server.</param>
    /// <param name="namespace">Its namespace.</param>
    /// <param name="labels">Labels of the configuration.</param>
    public static JsonObject Validating(IEnumerable<Type> webhooks, string name, string service, string @namespace, JsonObject labels) => new()
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = "ValidatingWebhookConfiguration",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels.DeepClone() },
        ["webhooks"] = new JsonArray(
        [
            .. from webhook in webhooks
               let attribute = webhook.GetCustomAttribute<ValidationWebhookAttribute>()!
               let entity = CustomResourceDefinition.MetadataOf(attribute.EntityType)
               orderby entity.Group, entity.PluralName
               from part in new[] { ("validate", "Fail", attribute.Operations), ("advise", "Ignore", attribute.OptionalOperations) }
               where part.Item3 != WebhookOperations.None
               select Webhook(part, attribute, entity, service, @namespace),
        ]),
    };

    private static JsonObject Webhook(
        (string Verb, string FailurePolicy, WebhookOperations Operations) part,
        ValidationWebhookAttribute attribute,
        EntityMetadata entity,
        string service,
        string @namespace) => new()
        {
            // Names need three parts; the core group has no domain of its own.
            ["name"] = $"{part.Verb}.{entity.SingularName}.{(string.IsNullOrEmpty(entity.Group) ? "core.k8s.io" : entity.Group)}",
            ["admissionReviewVersions"] = new JsonArray("v1"),
            ["clientConfig"] = new JsonObject
            {
                ["service"] = new JsonObject
                {
                    ["name"] = service,
                    ["namespace"] = @namespace,
                    ["path"] = WebhookPath.Validate(entity),
                    ["port"] = 443,
                },
            },
            ["failurePolicy"] = part.FailurePolicy,
            ["matchPolicy"] = "Equivalent",
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(entity.Group ?? ""),
                ["apiVersions"] = new JsonArray(entity.Version),
                ["operations"] = new JsonArray(
                [
                    .. from operation in Enum.GetValues<WebhookOperations>()
                       where operation != WebhookOperations.None && part.Operations.HasFlag(operation)
                       select (JsonNode)operation.ToString().ToUpperInvariant(),
                ]),
                ["resources"] = new JsonArray(entity.PluralName),
                ["scope"] = attribute.EntityType.GetCustomAttribute<EntityScopeAttribute>()?.Scope == EntityScope.Cluster ? "Cluster" : "Namespaced",
            }),
            ["sideEffects"] = "None",
            ["timeoutSeconds"] = attribute.TimeoutSeconds,
        };
}
