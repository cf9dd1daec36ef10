using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What a user gets wrong is told in a sentence that says what to do.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class BadInputTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_kubeconfig_that_points_nowhere_is_one_sentence_and_an_exit_code()
    {
        Assert.SkipUnless(File.Exists(Repository.Binary), $"{Repository.Binary} was not built: run 'make build'.");
        foreach (var command in (string[])["manager", "speaker"])
        {
            var result = await new Command(Repository.Binary, [command, "--kubeconfig=/nowhere/kubeconfig", .. (string[])(command == "speaker" ? ["--node-name=n1"] : [])]).TryRunAsync(Cancel);
            Assert.False(result.Succeeded);
            Assert.Contains("/nowhere/kubeconfig", result.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", result.Text, StringComparison.Ordinal);
            Assert.Single(result.Text.Trim().Split('\n'));
        }
    }

    [Fact]
    public async Task A_Service_that_asks_for_an_address_in_no_Eip_is_told_so_and_nothing_else_is_disturbed()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests" }, output.WriteLine, Cancel);
        await lab.StartPorterLBAsync(Cancel);
        await lab.CreatePoolAsync(cancellationToken: Cancel);
        var addresses = await lab.PublishAsync("web", Cancel);
        var faults = new OwnerFaults(lab, addresses);
        var owner = await faults.OwnerAsync(addresses[0], Cancel);

        await lab.CreateServiceAsync(
            "odd",
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["lb.kubesphere.io/v1alpha1"] = "porterlb",
                ["eip.openelb.kubesphere.io/v1alpha1"] = "198.51.100.7",
            },
            cancellationToken: Cancel);
        var events = "";
        await ControlPlane.WaitUntilAsync(
            "an Event about 198.51.100.7",
            async () =>
            {
                events = (await lab.ControlPlane.Kubectl("get", "events", "--field-selector=involvedObject.name=odd", "-o", "jsonpath={.items[*].message}").TryRunAsync(Cancel)).Text;
                return events.Contains("198.51.100.7", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(15),
            Cancel);
        output.WriteLine(events);
        Assert.Contains("in no Eip", events, StringComparison.Ordinal);
        Assert.Same(owner, await faults.OwnerAsync(addresses[0], Cancel));
    }
}
