using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The commands for people, on a cluster in which something is going on.</summary>
[Trait("Category", "EndToEnd")]
public sealed class CommandsTests(LayerTwoLab layerTwo, ITestOutputHelper output) : IClassFixture<LayerTwoLab>
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private LightLab Lab => layerTwo.Lab;

    [Fact]
    public async Task Status_tells_who_answers_for_which_address_and_what_waits()
    {
        SkipWithoutLab();
        await ToldAsync();
        var owner = await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel);
        var status = await RunAsync("status");
        Assert.True(status.Succeeded, status.Text);
        Assert.Matches($@"(?m)^{layerTwo.V4} +default/web +lan +{owner.Name} +eth0 +{MacOf(owner)} +\d+[smh]$", status.Output);
        Assert.Matches(@"(?m)^lan +\S+ +2 +44 +yes$", status.Output);
        Assert.Matches(@"(?m)^n1 +alive ", status.Output);
        Assert.Contains("\nNothing waits, and every address is answered for.\n", status.Output, StringComparison.Ordinal);
        Assert.True((await RunAsync("status", "--check")).Succeeded);

        var json = JsonNode.Parse((await RunAsync("status", "-o", "json", "-n", "default")).Output)!;
        Assert.Equal(owner.Name, (string?)json["addresses"]![0]!["announcers"]![0]!["node"]);
        Assert.Empty(JsonNode.Parse((await RunAsync("status", "-o", "json", "-n", "kube-system")).Output)!["addresses"]!.AsArray());
    }

    [Fact]
    public async Task Explain_names_the_step_that_fails_and_what_to_do()
    {
        SkipWithoutLab();
        await ToldAsync();
        var good = await RunAsync("explain", "web");
        Assert.True(good.Succeeded, good.Text);
        Assert.All(good.Output.TrimEnd().Split('\n'), line => Assert.StartsWith("ok  ", line, StringComparison.Ordinal));
        Assert.Equal(WithoutAges(good.Output), WithoutAges((await RunAsync("explain", $"{layerTwo.V4}")).Output));

        await Lab.CreateServiceAsync("unmarked", cancellationToken: Cancel);
        Assert.StartsWith("!   Service 'default/unmarked' does not ask for PorterLB", (await RunAsync("explain", "default/unmarked")).Output, StringComparison.Ordinal);

        await Lab.CreateServiceAsync("nowhere", Ours(("eip.openelb.kubesphere.io/v1alpha1", "198.51.100.7")), cancellationToken: Cancel);
        var waiting = await RunAsync("explain", "nowhere");
        Assert.Equal(1, waiting.ExitCode);
        Assert.Contains("!   Service 'default/nowhere' asks for 198.51.100.7, which is in no Eip. Ask for an address of 'lan' (", waiting.Output, StringComparison.Ordinal);
        Assert.False((await RunAsync("status", "--check")).Succeeded);
        await Lab.ControlPlane.Kubectl("delete", "service", "nowhere", "unmarked", "--timeout=10s").RunAsync(Cancel);

        var unknown = await RunAsync("explain", "shop/none");
        Assert.Equal("porterlb explain: There is no Service 'shop/none'. Name it as NAMESPACE/NAME, or say its namespace with -n.", unknown.Error.TrimEnd());
        Assert.Contains($"{Lab.Segment.IPv4(119)} is in Eip 'lan', and free.", (await RunAsync("explain", $"{Lab.Segment.IPv4(119)}")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Move_hands_an_address_over_and_refuses_a_node_that_cannot()
    {
        SkipWithoutLab();
        await layerTwo.Faults.SettleAsync(Cancel);
        var owner = await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel);
        var other = Lab.Nodes.First(node => node != owner);
        var nobody = await RunAsync("move", "web", "n9");
        Assert.Equal("porterlb move: There is no Node 'n9'. The speakers run on n1, n2, n3.", nobody.Error.TrimEnd());

        await Lab.ControlPlane.Kubectl("label", "node", other.Name, "node.kubernetes.io/exclude-from-external-load-balancers=").RunAsync(Cancel);
        var excluded = await RunAsync("move", "web", other.Name);
        await Lab.ControlPlane.Kubectl("label", "node", other.Name, "node.kubernetes.io/exclude-from-external-load-balancers-").RunAsync(Cancel);
        Assert.StartsWith($"porterlb move: Node '{other.Name}' cannot answer for ", excluded.Error, StringComparison.Ordinal);
        Assert.Contains("These can: ", excluded.Error, StringComparison.Ordinal);

        var moved = await RunAsync("move", "web", other.Name);
        output.WriteLine(moved.Text);
        Assert.True(moved.Succeeded, moved.Text);
        Assert.Equal(other, await layerTwo.Faults.OwnerAsync(layerTwo.V4, Cancel));
        Assert.Contains("answers already", (await RunAsync("move", "web", other.Name)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_binary_is_a_plugin_of_kubectl_under_its_other_name()
    {
        SkipWithoutLab();
        var folder = Directory.CreateTempSubdirectory("plb-plugin-").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder, "kubectl-porterlb"), Repository.Binary);
            var status = await Lab.ControlPlane.Kubectl("porterlb", "status").With("PATH", $"{folder}:{Environment.GetEnvironmentVariable("PATH")}").TryRunAsync(Cancel);
            Assert.True(status.Succeeded, status.Text);
            Assert.Contains("default/web", status.Output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A speaker writes what it does into its object once a second.
    private Task ToldAsync() =>
        ControlPlane.WaitUntilAsync("the speakers' objects to tell who answers", async () => (await RunAsync("explain", "web")).Succeeded, TimeSpan.FromSeconds(60), Cancel);

    private static string WithoutAges(string output) => string.Join('\n', output.Split('\n').Select(line => line.Split(", for ")[0]));

    private static string MacOf(LightNode node) => $"{node.Host.Mac}".ToLowerInvariant();

    private static void SkipWithoutLab() => Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");

    private static Dictionary<string, string> Ours(params (string Key, string Value)[] more) =>
        more.Append((Key: "lb.kubesphere.io/v1alpha1", Value: "porterlb")).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);

    private async Task<CommandResult> RunAsync(params string[] arguments)
    {
        var result = await Lab.ControlPlane.Host.Command(Repository.Binary, [.. arguments, $"--kubeconfig={Lab.ControlPlane.AdminKubeconfig}"]).TryRunAsync(Cancel);
        output.WriteLine($"porterlb {string.Join(' ', arguments)}\n{result.Text}");
        return result;
    }
}
