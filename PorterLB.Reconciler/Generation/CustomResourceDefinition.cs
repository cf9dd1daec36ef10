using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Nodes;
using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Generation;

/// <summary>CustomResourceDefinitions from entity types.</summary>
[RequiresUnreferencedCode(ManifestGeneration.Reason)]
public static class CustomResourceDefinition
{
    /// <summary>The names of an entity type, from its <see cref="KubernetesEntityAttribute"/>.</summary>
    /// <param name="entity">The type.</param>
    /// <exception cref="InvalidOperationException">The type has no such attribute.</exception>
    public static EntityMetadata MetadataOf(Type entity)
    {
        var names = entity.GetCustomAttribute<KubernetesEntityAttribute>()
            ?? throw new InvalidOperationException($"{entity} is no entity: it has no [KubernetesEntity].");
        return new(
            names.Kind ?? entity.Name,
            names.ApiVersion ?? "v1",
            names.Group,
            string.IsNullOrEmpty(names.PluralName) ? null : names.PluralName);
    }

    /// <summary>The definition of one kind. A version whose type is <see cref="ObsoleteAttribute">obsolete</see> is served with its message as a warning.</summary>
    /// <param name="versions">Its types, one for each version.</param>
    /// <param name="labels">Labels of the definition.</param>
    public static JsonObject Of(IReadOnlyList<Type> versions, JsonObject labels)
    {
        var entity = Storage(versions);
        var metadata = MetadataOf(entity);
        var names = new JsonObject
        {
            ["kind"] = metadata.Kind,
            ["listKind"] = metadata.ListKind,
            ["plural"] = metadata.PluralName,
            ["singular"] = metadata.SingularName,
        };
        if (entity.GetCustomAttribute<KubernetesEntityShortNamesAttribute>() is { } shortNames)
            names["shortNames"] = Strings(shortNames.ShortNames);
        if (entity.GetCustomAttribute<KubernetesEntityCategoriesAttribute>() is { } categories)
            names["categories"] = Strings(categories.Categories);
        return new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{metadata.PluralName}.{metadata.Group}",
                ["labels"] = labels.DeepClone(),
            },
            ["spec"] = new JsonObject
            {
                ["group"] = metadata.Group,
                ["scope"] = (entity.GetCustomAttribute<EntityScopeAttribute>()?.Scope ?? EntityScope.Namespaced).ToString(),
                ["names"] = names,
                ["versions"] = new JsonArray([.. versions.Select(version => Version(version, stored: version == entity))]),
            },
        };
    }

    /// <summary>
    /// The CEL rules of one kind as a JSON patch of its definition; empty when it has none. Servers before 1.25 refuse a definition
    /// with rules in it, so they are added by those who have a newer one.
    /// </summary>
    /// <param name="versions">Its types, one for each version, in the order given to <see cref="Of"/>.</param>
    public static JsonArray RulesPatch(IReadOnlyList<Type> versions) =>
    [
        .. from version in versions.Select((type, index) => (Type: type, Index: index))
           from found in CrdSchema.RulesOf(version.Type)
           select new JsonObject
           {
               ["op"] = "add",
               ["path"] = $"/spec/versions/{version.Index}/schema/openAPIV3Schema{found.Pointer}/x-kubernetes-validations",
               ["value"] = found.Rules,
           },
    ];

    private static JsonObject Version(Type entity, bool stored)
    {
        var status = entity.GetProperty("Status");
        var subresources = new JsonObject();
        if (status is not null)
            subresources["status"] = new JsonObject();
        if (entity.GetCustomAttribute<ScaleSubresourceAttribute>() is { } scale)
        {
            var paths = new JsonObject { ["specReplicasPath"] = scale.SpecReplicasPath, ["statusReplicasPath"] = scale.StatusReplicasPath };
            if (scale.LabelSelectorPath is { } selector)
                paths["labelSelectorPath"] = selector;
            subresources["scale"] = paths;
        }

        var version = new JsonObject { ["name"] = MetadataOf(entity).Version, ["served"] = true, ["storage"] = stored };
        if (entity.GetCustomAttribute<ObsoleteAttribute>() is { } obsolete)
        {
            version["deprecated"] = true;
            if (obsolete.Message is { } warning)
                version["deprecationWarning"] = warning;
        }

        if (subresources.Count > 0)
            version["subresources"] = subresources;
        var columns = Columns(entity);
        if (columns.Count > 0)
            version["additionalPrinterColumns"] = columns;
        version["schema"] = new JsonObject { ["openAPIV3Schema"] = Schema(entity) };
        return version;
    }

    private static JsonObject Schema(Type entity)
    {
        var schema = CrdSchema.Of(entity);
        var properties = (JsonObject)schema["properties"]!;
        properties["apiVersion"]!["description"] = "The version of the schema that this object is written in.";
        properties["kind"]!["description"] = "The kind of the object.";

        // A spec that must hold something must itself be there.
        if (properties["spec"] is JsonObject spec && (spec.ContainsKey("required") || spec.ContainsKey("anyOf")))
            schema["required"] = new JsonArray("spec");
        return schema;
    }

    private static JsonArray Columns(Type entity)
    {
        var columns = new JsonArray();
        foreach (var column in entity.GetCustomAttributes<GenericAdditionalPrinterColumnAttribute>())
            columns.Add((JsonNode)Column(column.Name, column.Type, column.JsonPath, column.Description, column.Format, column.Priority));
        AddColumns(columns, entity, "");
        return columns;
    }

    private static void AddColumns(JsonArray columns, Type type, string path)
    {
        foreach (var property in CrdSchema.Properties(type))
        {
            var here = $"{path}.{CrdSchema.NameOf(property)}";
            if (property.GetCustomAttribute<AdditionalPrinterColumnAttribute>() is { } column)
            {
                var schema = CrdSchema.Of(property);
                columns.Add((JsonNode)Column(
                    column.Name ?? CrdSchema.NameOf(property),
                    schema["format"]?.GetValue<string>() == "date-time" ? "date" : schema["type"]!.GetValue<string>(),
                    here,
                    property.GetCustomAttribute<DescriptionAttribute>()?.Description,
                    null,
                    column.Priority));
            }
            else if (property.PropertyType is { IsClass: true } nested
                && nested != typeof(string)
                && nested != typeof(V1ObjectMeta)
                && nested.Namespace?.StartsWith("System", StringComparison.Ordinal) != true)
            {
                AddColumns(columns, nested, here);
            }
        }
    }

    private static JsonObject Column(string name, string type, string path, string? description, string? format, PrinterColumnPriority priority)
    {
        var column = new JsonObject { ["name"] = name, ["type"] = type, ["jsonPath"] = path };
        if (description is not null)
            column["description"] = description;
        if (format is not null)
            column["format"] = format;
        if (priority != PrinterColumnPriority.StandardView)
            column["priority"] = (int)priority;
        return column;
    }

    private static Type Storage(IReadOnlyList<Type> versions) => versions switch
    {
        [var only] => only,
        _ => versions.Single(version => version.GetCustomAttribute<StorageVersionAttribute>() is not null),
    };

    private static JsonArray Strings(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];
}
