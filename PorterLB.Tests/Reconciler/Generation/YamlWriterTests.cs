using System.Text.Json.Nodes;
using CsCheck;
using PorterLB.Reconciler.Generation;
using YamlDotNet.RepresentationModel;

namespace PorterLB.Tests.Reconciler.Generation;

public sealed class YamlWriterTests
{
    [Theory]
    [InlineData("porterlb:dev", "porterlb:dev")]
    [InlineData(".status.usage", ".status.usage")]
    [InlineData("node's", "node's")]
    [InlineData("true", "'true'")]
    [InlineData("No", "'No'")]
    [InlineData("", "''")]
    [InlineData("100ms", "'100ms'")]
    [InlineData("a: b", "'a: b'")]
    [InlineData("a #b", "'a #b'")]
    [InlineData("*", "'*'")]
    [InlineData("it's: so", "'it''s: so'")]
    [InlineData("ends:", "'ends:'")]
    [InlineData("ends ", "'ends '")]
    [InlineData("tab\there", "\"tab\\there\"")]
    public void A_string_is_bare_only_where_nobody_could_read_it_otherwise(string value, string written) =>
        Assert.Equal($"key: {written}\n", YamlWriter.Write(new() { ["key"] = value }));

    [Fact]
    public void Lists_stand_under_their_key_and_the_first_key_of_an_item_beside_its_dash()
    {
        var document = new JsonObject
        {
            ["rules"] = new JsonArray(
                new JsonObject { ["verbs"] = new JsonArray("get", "list"), ["names"] = new JsonArray() },
                new JsonObject { ["when"] = new JsonObject { ["ready"] = true, ["after"] = 3 } }),
            ["text"] = "first\nsecond\n",
            ["empty"] = new JsonObject(),
            ["none"] = null,
        };
        Assert.Equal(
            """
            rules:
            - verbs:
              - get
              - list
              names: []
            - when:
                ready: true
                after: 3
            text: |
              first
              second
            empty: {}
            none: null

            """,
            YamlWriter.Write(document));
    }

    [Fact]
    public void Whatever_is_written_is_read_as_the_same_by_an_independent_parser()
    {
        var text = Gen.OneOf(Gen.String, Gen.String[Gen.Char["abAB01 :#-'\"\n\t{}[],&*!|>%@`.~?=\\é\u2028"], 0, 12]);
        var leaf = Gen.OneOf(
            text.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Bool.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Long.Select(value => (JsonNode?)JsonValue.Create(value)));
        var list = leaf.List[0, 4].Select(items => (JsonNode?)new JsonArray([.. items]));
        var inner = Gen.Dictionary(text, Gen.OneOf(leaf, list))[0, 4].Select(ToObject);
        var items = inner.Select(value => (JsonNode?)value).List[0, 3].Select(values => (JsonNode?)new JsonArray([.. values]));
        Gen.Dictionary(text, Gen.OneOf(leaf, list, items, inner.Select(value => (JsonNode?)value)))[1, 5].Select(ToObject)
            .Sample(document => JsonNode.DeepEquals(document, Read(YamlWriter.Write(document))), iter: 2_000);
    }

    private static JsonObject ToObject(Dictionary<string, JsonNode?> fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));

    private static JsonNode? Read(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents[0].RootNode);
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, ToJson(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(ToJson)]),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: "true" or "false" or "null" } scalar => JsonNode.Parse(scalar.Value),
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } scalar when long.TryParse(scalar.Value, out var number) => JsonValue.Create(number),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException(),
    };
}
