using PorterLB.Operator.Validation;

namespace PorterLB.Tests.Operator.Validation;

public sealed class ManifestDocumentTests
{
    [Fact]
    public void Documents_lists_and_JSON_are_read_with_the_line_of_each_field()
    {
        var documents = Read("""
            # a comment
            apiVersion: v1
            kind: Service
            metadata:
              name: web
            ---
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: network.kubesphere.io/v1alpha2
              kind: Eip
              metadata: {name: lan}
              spec:
                addresses:
                - 10.0.0.1
                - 10.0.0.2
            - {"apiVersion": "network.kubesphere.io/v1alpha2", "kind": "Eip", "metadata": {"name": "json"}}
            """);
        Assert.Equal(["web", "lan", "json"], documents.Select(document => document.Name));
        Assert.Equal(2, documents[0].Line);
        Assert.Equal(17, documents[1].LineOf("spec.addresses[1]"));
        Assert.Equal(15, documents[1].LineOf("spec.addresses[7]"));
        Assert.Equal(14, documents[1].LineOf("spec.interface"));
        Assert.Equal(18, documents[2].LineOf("metadata.name"));
    }

    [Fact]
    public void Scalars_are_what_kubectl_makes_of_them()
    {
        var json = Read("{a: yes, b: \"yes\", c: 7, d: 10.0.0.1, e: ~, f: 1.5, g: 0x7, base: &b {x: 1}, h: {<<: *b, y: 2}}")[0].Json;
        Assert.Equal("""{"a":true,"b":"yes","c":7,"d":"10.0.0.1","e":null,"f":1.5,"g":"0x7","base":{"x":1},"h":{"x":1,"y":2}}""", json.ToJsonString());
    }

    [Theory]
    [InlineData("a: b: c", "f:1: error: this is no YAML: ")]
    [InlineData("a: 1\nb: [", "f:")]
    [InlineData("just text", "f:1: error: this is no Kubernetes object.")]
    public void What_is_no_manifest_is_told_with_its_line(string text, string said) =>
        Assert.StartsWith(said, Assert.Throws<FormatException>(() => Read(text)).Message, StringComparison.Ordinal);

    private static IReadOnlyList<ManifestDocument> Read(string text) => ManifestDocument.Read("f", new StringReader(text));
}
