using PorterLB.Operator;
using PorterLB.Operator.Entities;
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

    [Theory]
    [InlineData("0.0.0.0", "0.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/8")]
    [InlineData("127.0.0.1", "127.0.0.0/8")]
    [InlineData("169.253.255.255-169.254.0.0", "169.254.0.0/16")]
    [InlineData("224.0.0.114", "224.0.0.0/4")]
    [InlineData("239.255.255.255-240.0.0.1", "224.0.0.0/4")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("::", "::")]
    [InlineData("::/0", "::")]
    [InlineData("::1", "::1")]
    [InlineData("::1:ffff:0:0-::2:0:0:0", "")]
    [InlineData("::fffe:ffff:ffff-::1:0:0:0", "::ffff:0:0/96")]
    [InlineData("fe80::1", "fe80::/10")]
    [InlineData("febf::/16", "fe80::/10")]
    [InlineData("ff02::1", "ff00::/8")]
    [InlineData("fec0::/64", "")]
    [InlineData("192.0.2.0/24", "")]
    public void Addresses_that_cannot_be_a_Services_are_refused_and_their_neighbours_are_not(string address, string reached)
    {
        var found = Judge("Eip", $"{{address: \"{address}\"}}").Where(said => said.Contains("reaches into", StringComparison.Ordinal)).ToArray();
        Assert.Equal(reached.Length > 0, found.Length > 0);
        Assert.All(found, said => Assert.Contains($"'{address}' reaches into {reached}, which", said, StringComparison.Ordinal));
    }

    [Fact]
    public void The_longest_lists_that_the_schema_takes_are_judged_to_their_last_entry()
    {
        var check = new ManifestCheck(new Ownership(ManagerSettings.DefaultClass, IsDefault: false));
        string Eip(int number) =>
            $"apiVersion: network.kubesphere.io/v1alpha2\nkind: Eip\nmetadata: {{name: lan-{number}}}\nspec: {{addresses: [{string.Join(", ", Enumerable.Range(0, 256).Select(i => $"10.{number}.{i}.0-10.{number}.{i}.99"))}], "
            + $"excludes: [{string.Join(", ", Enumerable.Range(0, 256).Select(i => $"10.{number}.{i}.7"))}]}}";
        for (var number = 0; number < 8; number++)
        {
            Assert.Empty(check.Judge(ManifestDocument.Read("f", new StringReader(Eip(number))).Single(), deleting: false));
        }

        var twice = check.Judge(ManifestDocument.Read("f", new StringReader(Eip(3).Replace("lan-3", "lan-9", StringComparison.Ordinal))).Single(), deleting: false);
        Assert.Equal(256, twice.Count(finding => finding.Rule == Rules.EipOverlapsOther));
    }

    private const string TwoOnOneAddress =
        """
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata: {name: lan}
        spec: {address: 10.0.0.0/28}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: a, annotations: {lb.kubesphere.io/v1alpha1: porterlb, eip.openelb.kubesphere.io/v1alpha1: 10.0.0.5}}
        spec: {type: LoadBalancer, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: b, annotations: {lb.kubesphere.io/v1alpha1: porterlb, eip.openelb.kubesphere.io/v1alpha1: 10.0.0.5}}
        spec: {type: LoadBalancer, ports: [{port: 80}]}
        """;

    [Fact]
    public void Two_Services_of_a_folder_that_ask_for_one_address_are_told_as_they_would_be_when_they_are_applied()
    {
        var check = new ManifestCheck(new Ownership(ManagerSettings.DefaultClass, IsDefault: false));
        Assert.Equal(
            "Service 'default/b' asks for 10.0.0.5, which is shared with Service 'default/a', which also listens on TCP 80. Use different ports, or another address.",
            $"{Assert.Single(check.Check(ManifestDocument.Read("f", new StringReader(TwoOnOneAddress)))).Finding}");
    }

    [Fact]
    public void A_Service_that_leaves_us_by_its_type_or_by_another_word_where_everybody_is_served_is_not_told_so()
    {
        var service = new ServiceView
        {
            Metadata = new() { Name = "a", NamespaceProperty = "default", Annotations = new Dictionary<string, string> { [Annotations.LoadBalancer] = "porterlb" } },
            Spec = new() { Type = "ClusterIP" },
        };
        string[] Told(bool isNew, bool isDefault) =>
            [.. Judgement.OfService(isNew ? null : service, service, new Ownership(ManagerSettings.DefaultClass, isDefault), new Surroundings()).Select(finding => finding.Rule.Name)];
        Assert.Equal(["service-type"], Told(isNew: true, isDefault: false));
        Assert.Empty(Told(isNew: false, isDefault: false));
        service.Spec.Type = "LoadBalancer";
        service.Metadata.Annotations[Annotations.LoadBalancer] = "none";
        Assert.Equal(["service-spelling"], Told(isNew: false, isDefault: false));
        Assert.Empty(Told(isNew: false, isDefault: true));
    }

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
