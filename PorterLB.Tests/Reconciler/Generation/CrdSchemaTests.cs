using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Generation;

namespace PorterLB.Tests.Reconciler.Generation;

public sealed class CrdSchemaTests
{
    [Theory]
    [InlineData(nameof(Everything.Text), """{"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^x", "default": "x"}""")]
    [InlineData(nameof(Everything.Renamed), """{"type": "string"}""")]
    [InlineData(nameof(Everything.Flag), """{"type": "boolean", "default": true}""")]
    [InlineData(nameof(Everything.Small), """{"type": "integer", "format": "int32", "minimum": 1, "maximum": 10, "exclusiveMaximum": true}""")]
    [InlineData(nameof(Everything.Large), """{"type": "integer", "format": "int64", "multipleOf": 5}""")]
    [InlineData(nameof(Everything.Ratio), """{"type": "number", "format": "double", "minimum": 0.5}""")]
    [InlineData(nameof(Everything.When), """{"type": "string", "format": "date-time"}""")]
    [InlineData(nameof(Everything.Choice), """{"type": "string", "enum": ["First", "second"]}""")]
    [InlineData(nameof(Everything.HowLong), """{"type": "string", "pattern": "^[0-9][0-9a-zA-Z. ]*$", "maxLength": 32}""")]
    [InlineData(nameof(Everything.Names), """{"type": "array", "items": {"type": "string", "pattern": "^n"}, "maxItems": 3, "x-kubernetes-list-type": "set"}""")]
    [InlineData(nameof(Everything.Map), """{"type": "object", "additionalProperties": {"type": "string", "maxLength": 4}, "maxProperties": 2}""")]
    [InlineData(nameof(Everything.Port), """{"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}""")]
    [InlineData(nameof(Everything.Anything), """{"type": "object", "x-kubernetes-preserve-unknown-fields": true}""")]
    [InlineData(nameof(Everything.Nested), """{"description": "Inner.", "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "default": {}}""")]
    [InlineData(nameof(Everything.Items), """{"type": "array", "items": {"description": "Of the type.", "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]}""")]
    public void Each_kind_of_property_has_its_schema(string property, string schema)
    {
        var properties = (JsonObject)CrdSchema.Of(typeof(Everything))["properties"]!;
        var name = property == nameof(Everything.Renamed) ? "other-name" : JsonNamingPolicy.CamelCase.ConvertName(property);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(schema), properties[name]), properties[name]!.ToJsonString());
    }

    [Fact]
    public void What_JSON_leaves_out_the_schema_leaves_out() =>
        Assert.DoesNotContain("hidden", ((JsonObject)CrdSchema.Of(typeof(Everything))["properties"]!).Select(property => property.Key));

    [Fact]
    public void Required_fields_and_alternatives_are_told()
    {
        var schema = CrdSchema.Of(typeof(Everything));
        Assert.Equal("""["text"]""", schema["required"]!.ToJsonString());
        Assert.Equal("""[{"required":["flag"]},{"required":["small"]}]""", schema["anyOf"]!.ToJsonString());
    }

    [Fact]
    public void A_type_that_holds_itself_is_refused_with_its_place()
    {
        var refusal = Assert.Throws<NotSupportedException>(() => CrdSchema.Of(typeof(Endless)));
        Assert.Contains("Endless.Next", refusal.Message.Replace('+', '.'));
    }

    [Fact]
    public void A_type_without_a_schema_is_refused_with_its_place()
    {
        var refusal = Assert.Throws<NotSupportedException>(() => CrdSchema.Of(typeof(Strange)));
        Assert.Contains("System.Uri", refusal.Message);
        Assert.Contains("Strange.Where", refusal.Message.Replace('+', '.'));
    }

    [Fact]
    public void Rules_are_found_wherever_they_stand()
    {
        var rules = CrdSchema.RulesOf(typeof(Ruled)).ToDictionary(found => found.Pointer, found => found.Rules.Select(rule => rule!["rule"]!.GetValue<string>()).ToArray());
        Assert.Equal(["self.list.size() > 0"], rules[""]);
        Assert.Equal(["self > 1", "self < 9"], rules["/properties/number"]);
        Assert.Equal(["self.a != ''"], rules["/properties/list/items"]);
        Assert.Equal(["has(self.a)", "self.a != ''"], rules["/properties/one"]);
        Assert.Equal(["self.a != ''"], rules["/properties/byName/additionalProperties"]);
    }

    [AnyRequired("flag", "small")]
    private sealed record Everything
    {
        [Required, Length(1, 9), Pattern("^x"), DefaultValue("x")]
        public string Text { get; set; } = "";

        [JsonPropertyName("other-name")]
        public string? Renamed { get; set; }

        [DefaultValue(true)]
        public bool Flag { get; set; }

        [RangeMinimum(1), RangeMaximum(10, exclusiveMaximum: true)]
        public int? Small { get; set; }

        [MultipleOf(5)]
        public long Large { get; set; }

        [RangeMinimum(0.5)]
        public double Ratio { get; set; }

        public DateTimeOffset? When { get; set; }

        public Choice Choice { get; set; }

        public Duration HowLong { get; set; }

        [Pattern("^n"), Items(-1, 3), UniqueItems]
        public IReadOnlyList<string> Names { get; set; } = [];

        [Length(-1, 4), PropertyLimits(-1, 2)]
        public Dictionary<string, string> Map { get; set; } = [];

        public IntOrString? Port { get; set; }

        public JsonElement Anything { get; set; }

        [Description("Inner."), DefaultValue("{}", Json = true)]
        public Inner Nested { get; set; } = new();

        [XListType(XListType.Map), XListMapKeys("a")]
        public List<Inner> Items { get; set; } = [];

        [JsonIgnore]
        public string Hidden { get; set; } = "";
    }

    [Description("Of the type.")]
    private sealed record Inner
    {
        [Required]
        public string A { get; set; } = "";
    }

    private enum Choice
    {
        First,

        [JsonStringEnumMemberName("second")]
        Second,
    }

    private sealed record Endless
    {
        public Endless? Next { get; set; }
    }

    private sealed record Strange(Uri Where);

    [ValidationRule("self.list.size() > 0")]
    private sealed record Ruled
    {
        [ValidationRule("self > 1"), ValidationRule("self < 9")]
        public int Number { get; set; }

        public List<RuledItem> List { get; set; } = [];

        [ValidationRule("has(self.a)")]
        public RuledItem? One { get; set; }

        public Dictionary<string, RuledItem> ByName { get; set; } = [];
    }

    [ValidationRule("self.a != ''")]
    private sealed record RuledItem(string A);
}
