using PorterLB.Lab;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

/// <summary>One of each kind of fault; all of them, with the API server down as well, and on larger clusters: <c>make bench WHAT=faults</c>.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class LayerTwoFaultTests(LayerTwoLab layerTwo, ITestOutputHelper output) : IClassFixture<LayerTwoLab>
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static readonly FaultScenario[] Scenarios = [.. FaultScenarios.All.Where(scenario => scenario.InEveryTest)];

    public static TheoryData<string> Names => [.. Scenarios.Select(scenario => scenario.Name)];

    private LightLab Lab => layerTwo.Lab;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Addresses_are_answered_whatever_happens(string name)
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var outcome = await new FaultRunner(Lab, [layerTwo.V4, .. layerTwo.Addresses.Where(address => !address.Equals(layerTwo.V4))])
            .PlayAsync(Scenarios.First(scenario => scenario.Name == name), Cancel);
        output.WriteLine($"{outcome}");
        Assert.True(outcome.Broken.Count == 0, $"{outcome}\n{string.Join('\n', outcome.Broken)}\n{string.Join('\n', Lab.Nodes.Select(node => $"{node.Name}:\n{node.Speaker.LastLines(12)}"))}");
    }
}
