using System.Collections.Frozen;
using System.Collections.Immutable;
using FluentValidation;

namespace PorterLB.Operator.Validation;

/// <summary>The catalogue of all rules, each with an example. In the order of the reference page.</summary>
internal static partial class Rules
{
    private static readonly Lazy<FrozenDictionary<string, Rule>> Names = new(() => All.ToFrozenDictionary(rule => rule.Name, StringComparer.Ordinal));

    public static ImmutableArray<(string Kind, ImmutableArray<Rule> Rules)> ByKind =>
        [("Eip", OfEip), ("LayerTwoConfig", OfLayerTwoConfig), ("Service", OfService)];

    public static IEnumerable<Rule> All => ByKind.SelectMany(kind => kind.Rules);

    public static Rule ByName(string name) => Names.Value[name];

    private static Rule Error(string name, string holds, params ImmutableArray<Example> examples) => new(name, Severity.Error, holds) { Examples = examples };

    private static Rule Warning(string name, string holds, params ImmutableArray<Example> examples) => new(name, Severity.Warning, holds) { Examples = examples };

    private static Example Given(string given, string manifest) => new(manifest) { Given = given };

    private static Example Deleting(string given, string manifest) => new(manifest) { Given = given, IsDelete = true };

    private static string Documents(params IEnumerable<string> documents) => string.Join("\n---\n", documents);

    private static string Eip(string spec, string name = "lan", string? annotation = null, string status = "") =>
        $"""
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata:
          name: {name}{Braced("\n  annotations", annotation)}{Braced("\nspec", spec)}{Braced("\nstatus", status)}
        """;

    private static string Config(string spec, string name = "fast") =>
        $"""
        apiVersion: network.kubesphere.io/v1alpha2
        kind: LayerTwoConfig
        metadata:
          name: {name}{Braced("\nspec", spec)}
        """;

    private static string Service(string annotations = "", string spec = "", string name = "web", string status = "") =>
        $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {name}
          namespace: default{Braced("\n  annotations", $"lb.kubesphere.io/v1alpha1: porterlb{Further(annotations)}")}{Braced("\nspec", $"type: LoadBalancer, ports: [{Braced("", "port: 80")}], selector: {Braced("", $"app: {name}")}{Further(spec)}")}{Braced("\nstatus", status)}
        """;

    // A map on one line: braces are the interpolation's in the texts above.
    private static string Braced(string name, string? map) => string.IsNullOrEmpty(map) ? "" : $"{name}{(name.Length == 0 ? "" : ": ")}{{{map}}}";

    private static string Further(string fields) => fields.Length == 0 ? "" : $", {fields}";

    private static string Has(string address) => $"loadBalancer: {{ingress: [{{ip: {address}}}]}}";

    private const string Node =
        """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a, labels: {kubernetes.io/hostname: node-a}}
        status: {addresses: [{type: InternalIP, address: 192.168.0.11}]}
        """;

    private const string Speaker =
        """
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Speaker
        metadata: {name: node-a}
        status: {interfaces: [{name: eth0, up: true, subnets: [192.168.0.0/24]}, {name: lo, up: true, skipped: loopback}]}
        """;
}
