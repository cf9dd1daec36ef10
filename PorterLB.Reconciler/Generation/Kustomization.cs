using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PorterLB.Reconciler.Generation;

/// <summary>Kustomizations.</summary>
public static class Kustomization
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A folder's files as one; understood by every kustomize, the one in kubectl 1.14 included.</summary>
    /// <param name="resources">The files.</param>
    public static JsonObject Of(IEnumerable<string> resources) => new()
    {
        ["apiVersion"] = "kustomize.config.k8s.io/v1beta1",
        ["kind"] = "Kustomization",
        ["resources"] = new JsonArray([.. resources.Select(resource => (JsonNode)resource)]),
    };

    /// <summary>A component: patches that another kustomization may take or leave (kustomize 3.7, kubectl 1.21 and later).</summary>
    /// <param name="patches">JSON patches: the kind and name that each changes, and its operations.</param>
    public static JsonObject Component(IEnumerable<(string Kind, string Name, JsonArray Operations)> patches) => new()
    {
        ["apiVersion"] = "kustomize.config.k8s.io/v1alpha1",
        ["kind"] = "Component",
        ["patches"] = new JsonArray(
        [
            .. patches.Select(patch => new JsonObject
            {
                ["target"] = new JsonObject { ["kind"] = patch.Kind, ["name"] = patch.Name },
                // JSON is YAML: the operations as text, one a line.
                ["patch"] = string.Concat(patch.Operations.Select(operation => "- " + operation!.ToJsonString(Relaxed) + "\n")),
            }),
        ]),
    };
}
