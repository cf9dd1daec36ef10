using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Entities;

public sealed class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["zone"] = "a", ["disk"] = "" };

    [Fact]
    public void An_empty_selector_chooses_everything()
    {
        Assert.True(new LabelSelector().Matches(Labels));
        Assert.True(new LabelSelector().Matches(null));
    }

    [Theory]
    [InlineData("zone", "a", true)]
    [InlineData("zone", "b", false)]
    [InlineData("rack", "a", false)]
    public void A_label_must_have_the_very_value(string key, string value, bool chosen) =>
        Assert.Equal(chosen, new LabelSelector { MatchLabels = new Dictionary<string, string> { [key] = value } }.Matches(Labels));

    [Theory]
    [InlineData(LabelSelectorOperator.In, "zone", "a", true)]
    [InlineData(LabelSelectorOperator.In, "zone", "b", false)]
    [InlineData(LabelSelectorOperator.In, "rack", "a", false)]
    [InlineData(LabelSelectorOperator.NotIn, "zone", "a", false)]
    [InlineData(LabelSelectorOperator.NotIn, "zone", "b", true)]
    [InlineData(LabelSelectorOperator.NotIn, "rack", "a", true)]
    [InlineData(LabelSelectorOperator.Exists, "disk", null, true)]
    [InlineData(LabelSelectorOperator.Exists, "rack", null, false)]
    [InlineData(LabelSelectorOperator.DoesNotExist, "disk", null, false)]
    [InlineData(LabelSelectorOperator.DoesNotExist, "rack", null, true)]
    public void Operators_mean_what_they_mean_in_Kubernetes(LabelSelectorOperator @operator, string key, string? value, bool chosen)
    {
        var requirement = new LabelSelectorRequirement { Key = key, Operator = @operator, Values = value is null ? null : [value] };
        Assert.Equal(chosen, new LabelSelector { MatchExpressions = [requirement] }.Matches(Labels));
    }

    [Fact]
    public void All_requirements_must_hold() =>
        Assert.False(new LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["zone"] = "a" },
            MatchExpressions = [new() { Key = "disk", Operator = LabelSelectorOperator.DoesNotExist }],
        }.Matches(Labels));
}
