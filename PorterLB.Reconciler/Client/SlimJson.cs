using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using k8s.Models;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// Reads objects without <c>metadata.managedFields</c>: nobody asks for them, they are a third of an object, and the server refuses to
/// be sent old ones. Strings that many objects have are the same instance.
/// </summary>
internal static class SlimJson
{
    private static readonly ConditionalWeakTable<JsonTypeInfo, JsonTypeInfo> Made = [];

    public static JsonTypeInfo<TEntity> Of<TEntity>(JsonTypeInfo<TEntity> json) => (JsonTypeInfo<TEntity>)Made.GetValue(json, Make);

    private static JsonTypeInfo Make(JsonTypeInfo json)
    {
        var options = new JsonSerializerOptions(json.Options);
        options.Converters.Add(new PooledStrings());
        options.TypeInfoResolver = json.Options.TypeInfoResolver!.WithAddedModifier(DropManagedFields);
        return options.GetTypeInfo(json.Type);
    }

    private static void DropManagedFields(JsonTypeInfo json)
    {
        if (json.Type != typeof(V1ObjectMeta))
        {
            return;
        }

        for (var i = json.Properties.Count - 1; i >= 0; i--)
        {
            if (json.Properties[i].Name == "managedFields")
            {
                json.Properties.RemoveAt(i);
            }
        }
    }
}
