using PorterLB.Operator;
using PorterLB.Operator.Services;
using PorterLB.Operator.Validation;

namespace PorterLB.Tests.Operator.Validation;

public sealed class RulesTests
{
    public static TheoryData<string, int> Examples =>
        [.. Rules.All.SelectMany(rule => rule.Examples.Select((_, i) => new TheoryDataRow<string, int>(rule.Name, i)))];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Each_example_breaks_the_rule_that_it_is_an_example_of(string name, int number)
    {
        var rule = Rules.ByName(name);
        var example = rule.Examples[number];
        var check = new ManifestCheck(new Ownership(ManagerSettings.DefaultClass, IsDefault: false), whole: true);
        foreach (var given in ManifestDocument.Read("given", new StringReader(example.Given)))
        {
            check.Give(given);
        }

        var found = check.Judge(ManifestDocument.Read("example", new StringReader(example.Manifest)).Single(), example.IsDelete);
        Assert.Contains(found, finding => finding.Rule.Name == name);
        Assert.All(found, finding => Assert.Matches("[.?]$", finding.Message));
    }

    [Fact]
    public void Rules_have_names_of_their_own_and_at_least_thirty_examples()
    {
        Assert.Distinct(Rules.All.Select(rule => rule.Name));
        Assert.True(Rules.All.Sum(rule => rule.Examples.Length) >= 30);
        Assert.All(Rules.All, rule => Assert.NotEmpty(rule.Examples));
    }

    [Theory]
    [InlineData("adress: 192.168.0.1", "spec.adress: there is no such field. Did you mean address?")]
    [InlineData("address: 7", "spec.address: 7 is no text. Write it in quotes.")]
    [InlineData("address: 10.0.0.1, disable: \"yes\"", "spec.disable: 'yes' is neither true nor false. Write one of them, without quotes.")]
    [InlineData("address: 10.0.0.1, priority: high", "spec.priority: 'high' is no whole number. Write one, without quotes.")]
    [InlineData("address: 10.0.0.1, namespaces: shop", "spec.namespaces: 'shop' is no list. Write ['shop'], or each entry after a dash.")]
    [InlineData("address: 10.0.0.1, namespaceSelector: {a: true}", "spec.namespaceSelector.a: true is no text. Write it in quotes.")]
    [InlineData("address: 10.0.0.1, serviceSelector: {matchExpressions: [{key: a, operator: in}]}", "spec.serviceSelector.matchExpressions[0].operator: 'in' is not known here. Write one of In, NotIn, Exists, DoesNotExist.")]
    public void A_field_that_does_not_exist_or_has_another_type_is_told_before_the_rules(string spec, string said) =>
        Assert.Equal([said], Judge("Eip", $"{{{spec}}}"));

    [Fact]
    public void All_that_is_wrong_comes_at_once() =>
        Assert.Equal(3, Judge("Eip", "{address: 10.0.0.300, protocol: bgp, interface: lo}").Length);

    [Theory]
    [InlineData("BgpPeer", "kind: 'BgpPeer' is OpenELB's")]
    [InlineData("Speaker", "kind: 'Speaker' is written by the speakers")]
    [InlineData("EIP", "kind: 'EIP' is no kind of network.kubesphere.io. Write Eip or LayerTwoConfig.")]
    public void A_kind_that_is_not_served_is_told(string kind, string said) =>
        Assert.StartsWith(said, Assert.Single(Judge(kind, "{}")), StringComparison.Ordinal);

    private static string[] Judge(string kind, string spec)
    {
        var document = ManifestDocument.Read("f", new StringReader($"apiVersion: network.kubesphere.io/v1alpha2\nkind: {kind}\nmetadata: {{name: lan}}\nspec: {spec}")).Single();
        return [.. new ManifestCheck(new Ownership(ManagerSettings.DefaultClass, IsDefault: false)).Judge(document, deleting: false).Select(finding => $"{finding}")];
    }
}
