using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Generation;

/// <summary>The access of a component, from the RBAC attributes of a class: ServiceAccount, ClusterRole, Role and their bindings.</summary>
[RequiresUnreferencedCode(ManifestGeneration.Reason)]
public static class RbacRules
{
    /// <summary>The objects, in the order in which they are applied.</summary>
    /// <param name="component">A class with <see cref="RbacComponentAttribute"/>.</param>
    /// <param name="namespace">The operator's namespace.</param>
    /// <param name="labels">Labels of each object.</param>
    public static IEnumerable<JsonObject> Of(Type component, string @namespace, JsonObject labels)
    {
        var name = component.GetCustomAttribute<RbacComponentAttribute>()?.Name
            ?? throw new InvalidOperationException($"{component} has RBAC attributes but no [RbacComponent] with a name.");
        JsonObject Metadata(bool namespaced)
        {
            var metadata = new JsonObject { ["name"] = name };
            if (namespaced)
                metadata["namespace"] = @namespace;
            metadata["labels"] = labels.DeepClone();
            return metadata;
        }

        yield return new() { ["apiVersion"] = "v1", ["kind"] = "ServiceAccount", ["metadata"] = Metadata(namespaced: true) };
        foreach (var scope in new[] { EntityScope.Cluster, EntityScope.Namespaced })
        {
            var rules = Rules(component, scope);
            if (rules.Count == 0)
                continue;
            var namespaced = scope == EntityScope.Namespaced;
            var kind = namespaced ? "Role" : "ClusterRole";
            yield return new()
            {
                ["apiVersion"] = "rbac.authorization.k8s.io/v1",
                ["kind"] = kind,
                ["metadata"] = Metadata(namespaced),
                ["rules"] = rules,
            };
            yield return new()
            {
                ["apiVersion"] = "rbac.authorization.k8s.io/v1",
                ["kind"] = $"{kind}Binding",
                ["metadata"] = Metadata(namespaced),
                ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = name },
                ["subjects"] = new JsonArray(new JsonObject { ["kind"] = "ServiceAccount", ["name"] = name, ["namespace"] = @namespace }),
            };
        }
    }

    // Resources with equal verbs share a rule, and everything is sorted: a change of one attribute is a change of one line.
    private static JsonArray Rules(Type component, EntityScope scope) =>
    [
        .. from access in Accesses(component)
           where access.Scope == scope && access.Verbs != RbacVerb.None
           group access by (Group: access.Group, Names: string.Join(',', access.Names)) into place
           from rule in from resource in place
                        group resource.Verbs by resource.Resource into verbs
                        group verbs.Key by verbs.Aggregate(RbacVerb.None, (all, one) => all | one)
           let resources = rule.Order(StringComparer.Ordinal).ToArray()
           orderby place.Key.Group, resources[0], place.Key.Names
           select Rule(place.Key.Group, resources, place.First().Names, rule.Key),
    ];

    private static JsonObject Rule(string group, string[] resources, string[] names, RbacVerb verbs)
    {
        var rule = new JsonObject();
        if (resources[0].StartsWith('/'))
        {
            rule["nonResourceURLs"] = Strings(resources);
        }
        else
        {
            rule["apiGroups"] = new JsonArray(group);
            rule["resources"] = Strings(resources);
            if (names.Length > 0)
                rule["resourceNames"] = Strings(names);
        }

        rule["verbs"] = verbs.HasFlag(RbacVerb.All)
            ? new JsonArray("*")
            : Strings(
                from verb in Enum.GetValues<RbacVerb>()
                where verb is not (RbacVerb.None or RbacVerb.All or RbacVerb.AllExplicit) && verbs.HasFlag(verb)
                select verb.ToString().ToLowerInvariant());
        return rule;
    }

    private static IEnumerable<Access> Accesses(Type component) =>
        component.GetCustomAttributes<EntityRbacAttribute>()
            .SelectMany(attribute => attribute.Entities, (attribute, entity) =>
            {
                var metadata = CustomResourceDefinition.MetadataOf(entity);
                var resource = attribute.Subresource is null ? metadata.PluralName : $"{metadata.PluralName}/{attribute.Subresource}";
                return new Access(metadata.Group ?? "", resource, [], attribute.Verbs, EntityScope.Cluster);
            })
            .Concat(
                from attribute in component.GetCustomAttributes<GenericRbacAttribute>()
                from access in attribute.Urls.Select(url => new Access("", url, [], attribute.Verbs, EntityScope.Cluster)).Concat(
                    from @group in attribute.Groups
                    from resource in attribute.Resources
                    select new Access(@group, resource, attribute.ResourceNames, attribute.Verbs, attribute.Scope))
                select access);

    private static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];

    private sealed record Access(string Group, string Resource, string[] Names, RbacVerb Verbs, EntityScope Scope);
}
