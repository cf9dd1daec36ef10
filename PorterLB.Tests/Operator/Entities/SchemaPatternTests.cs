using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Generation;

namespace PorterLB.Tests.Operator.Entities;

/// <summary>The schema's patterns refuse what is nothing of the kind, and never what the rules take.</summary>
public sealed class SchemaPatternTests
{
    private static readonly string AddressPattern = (string)CrdSchema.Of(typeof(V1Alpha2EipSpec))["properties"]!["address"]!["pattern"]!;
    private static readonly string DurationPattern = (string)CrdSchema.Of(typeof(Duration))["pattern"]!;

    private static readonly Gen<string> Address = Gen.OneOf(Gen.Byte.Array[4], Gen.Byte.Array[16]).Select(bytes => $"{new IPAddress(bytes)}");

    [Fact]
    public void Whatever_the_rules_read_as_addresses_passes()
    {
        var texts = Gen.OneOf(
            Address,
            Gen.Select(Address, Gen.Int[0, 130], (address, prefix) => $"{address}/{prefix}"),
            Gen.Select(Address, Gen.OneOf(Gen.Const("-"), Gen.Const(" - "), Gen.Const(" -\t")), Address, (first, dash, last) => $" {first}{dash}{last} "),
            Gen.String[Gen.Char["0123456789abcdef.:/-% "], 0, 20]);
        texts.Sample(text => !AddressRange.TryParse(text, out _, out _) || Passes(AddressPattern, text));
    }

    [Fact]
    public void Whatever_reads_as_a_duration_passes() =>
        Gen.OneOf(
            Gen.Int[0, int.MaxValue].Select(milliseconds => $"{Duration.FromMilliseconds(milliseconds)}"),
            Gen.String[Gen.Char["0123456789.msh "], 0, 12])
        .Sample(text => !Duration.TryParse(text, out _) || Passes(DurationPattern, text));

    [Theory]
    [InlineData("ten dot something")]
    [InlineData("lan")]
    [InlineData("192.168.0")]
    [InlineData("http://192.168.0.1")]
    public void What_is_no_address_at_all_is_refused(string text) => Assert.False(Passes(AddressPattern, text));

    [Theory]
    [InlineData("")]
    [InlineData("192.168.0.300")]
    [InlineData("192.168.010.1")]
    [InlineData("192.168.0.0/33")]
    [InlineData("192.168.0.0/255.255.255.0")]
    [InlineData("192.168.0.91-104")]
    [InlineData("192.168.0.0/28-192.168.0.15")]
    [InlineData("fe80::1%eth0")]
    [InlineData("192.168.0.1,192.168.0.2")]
    [InlineData("192.168.0.1 , 192.168.0.7-192.168.0.9")]
    [InlineData("::ffff:192.168.0.91")]
    public void A_near_miss_is_left_to_the_webhook_whose_words_say_what_to_write(string text) => Assert.True(Passes(AddressPattern, text));

    [Theory]
    [InlineData("fast", false)]
    [InlineData("-1s", false)]
    [InlineData("", false)]
    [InlineData("400", true)]
    [InlineData("1 minute", true)]
    public void A_duration_begins_as_a_number(string text, bool passes) => Assert.Equal(passes, Passes(DurationPattern, text));

    /// <summary>A server judges a default before it fills in what stands in it, and refuses the whole definition when a rule finds no field.</summary>
    [Theory]
    [InlineData(typeof(V1Alpha2EipSpec))]
    [InlineData(typeof(V1Alpha2LayerTwoConfigSpec))]
    public void A_CEL_rule_reads_only_fields_that_are_required_or_that_it_has_asked_for(Type type)
    {
        foreach (var (pointer, rules) in CrdSchema.RulesOf(type))
        {
            var schema = pointer.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode)CrdSchema.Of(type), (node, part) => node[part]!);
            var required = schema["required"]?.AsArray().Select(field => (string)field!).ToList() ?? [];
            foreach (var rule in rules.Select(rule => (string)rule!["rule"]!))
            {
                var read = Regex.Matches(rule, @"\bself\.(?<field>\w+)\b(?!\()", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(match => match.Groups["field"].Value);
                Assert.All(read.Except(required), field => Assert.Contains($"has(self.{field})", rule, StringComparison.Ordinal));
            }
        }
    }

    private static bool Passes(string pattern, string text) => Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
}
