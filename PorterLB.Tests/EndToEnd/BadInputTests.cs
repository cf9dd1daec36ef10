using PorterLB.Lab;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What users get wrong: told in one clear sentence, and nothing that is announced is disturbed.</summary>
[Trait("Category", "EndToEnd")]
public sealed class BadInputTests(LayerTwoLab layerTwo, ITestOutputHelper output) : IClassFixture<LayerTwoLab>
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private LightLab Lab => layerTwo.Lab;

    [Fact]
    public async Task An_Eip_that_does_not_parse_says_so_in_its_condition_where_webhooks_are_off()
    {
        SkipWithoutLab();

        // With webhooks it is refused at kubectl apply, in the same words: ValidationTests.
        Assert.True((await Lab.ApplyAsync(EipManifest("broken", "192.168.0.300"), Cancel)).Succeeded);
        await PorterLB.Lab.Cluster.ControlPlane.WaitUntilAsync(
            "the condition of Eip broken to say what is wrong",
            async () => (await Lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips/broken", Cancel))?["status"]?["conditions"]?.ToJsonString()
                .Contains("192.168.0.300", StringComparison.Ordinal) == true,
            TimeSpan.FromSeconds(60),
            Cancel);
        await Lab.ControlPlane.Kubectl("delete", "eip", "broken", "--timeout=10s").RunAsync(Cancel);
        await NothingWasDisturbedAsync();
    }

    [Fact]
    public async Task A_Service_that_asks_for_an_address_in_no_Eip_is_told_by_an_Event()
    {
        SkipWithoutLab();
        await Lab.CreateServiceAsync("elsewhere", Annotations(("eip.openelb.kubesphere.io/v1alpha1", "198.51.100.7")), cancellationToken: Cancel);
        var told = await WarningAsync("elsewhere");
        Assert.Contains("198.51.100.7", told, StringComparison.Ordinal);
        await NothingWasDisturbedAsync();
    }

    [Fact]
    public async Task An_address_of_a_subnet_that_no_interface_has_is_told_by_an_Event_and_not_announced()
    {
        SkipWithoutLab();
        Assert.True((await Lab.ApplyAsync(EipManifest("far", "203.0.113.0/28"), Cancel)).Succeeded);
        await Lab.CreateServiceAsync("far", Annotations(("eip.openelb.kubesphere.io/v1alpha2", "far")), cancellationToken: Cancel);
        var told = await WarningAsync("far");
        Assert.Contains("203.0.113.", told, StringComparison.Ordinal);
        await NothingWasDisturbedAsync();
    }

    [Theory]
    [InlineData("manager")]
    [InlineData("speaker", "--node-name=n1")]
    public async Task A_kubeconfig_that_is_not_there_ends_the_program_with_one_sentence(string program, params string[] more)
    {
        SkipWithoutLab();
        var ended = await new Command(Repository.Binary, [program, "--kubeconfig=/nonexistent/kubeconfig", .. more]).TryRunAsync(Cancel);
        output.WriteLine(ended.Text);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("/nonexistent/kubeconfig", ended.Text, StringComparison.Ordinal);
        Assert.Single(ended.Text.Split('\n'));
    }

    [Fact]
    public async Task A_port_in_use_ends_the_program_with_one_sentence()
    {
        SkipWithoutLab();
        var second = new Command(Repository.Binary, "manager", $"--kubeconfig={Lab.ControlPlane.AdminKubeconfig}", "--webhook-port=0");
        var ended = await Lab.ManagerHost().Namespace.Inside(second).TryRunAsync(Cancel);
        output.WriteLine(ended.Text);
        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("is in use", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Text, StringComparison.Ordinal);
        await NothingWasDisturbedAsync();
    }

    [Fact]
    public async Task A_speaker_that_is_not_told_its_node_ends_with_one_sentence()
    {
        SkipWithoutLab();
        var ended = await new Command(Repository.Binary, "speaker", $"--kubeconfig={Lab.ControlPlane.AdminKubeconfig}").With("NODE_NAME", "").TryRunAsync(Cancel);
        output.WriteLine(ended.Text);
        Assert.Equal(2, ended.ExitCode);
        Assert.Contains("NODE_NAME is missing", Assert.Single(ended.Text.Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_ends_a_lab_with_one_sentence_that_names_the_settings()
    {
        SkipWithoutLab();
        var cache = Directory.CreateTempSubdirectory("plb-full-").FullName;
        await new Command("mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "full", cache).RunAsync(Cancel);
        try
        {
            var lab = Path.Combine(Repository.Root, "PorterLB.Lab/bin/Release/net10.0/porterlb-lab");
            var ended = await new Command(lab, "up", "--light", "--foreground", "--name=full").With("PORTERLB_CACHE", Path.Combine(cache, "porterlb")).With("KUBEBUILDER_ASSETS", "").TryRunAsync(Cancel);
            output.WriteLine(ended.Text);
            Assert.Equal(1, ended.ExitCode);
            var said = ended.Error.Trim().Split('\n')[^1];
            Assert.StartsWith("The disk is full (", said, StringComparison.Ordinal);
            Assert.EndsWith("Free some space, or set TMPDIR and PORTERLB_CACHE to folders on a larger disk.", said, StringComparison.Ordinal);
        }
        finally
        {
            await new Command("umount", cache).RunAsync(Cancel);
            Directory.Delete(cache);
        }
    }

    [Fact]
    public async Task A_machine_without_a_kubectl_that_runs_is_brought_one()
    {
        SkipWithoutLab();
        var (path, folder) = (Environment.GetEnvironmentVariable("PATH"), Directory.CreateTempSubdirectory("plb-path-").FullName);
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "kubectl"), "#!/bin/sh\necho broken >&2\nexit 1\n", Cancel);
            await new Command("chmod", "+x", Path.Combine(folder, "kubectl")).RunAsync(Cancel);
            Environment.SetEnvironmentVariable("PATH", $"{folder}:{path}");
            var binaries = await PorterLB.Lab.Kubernetes.KubernetesBinaries.ForNodesAsync(output.WriteLine, Cancel);
            Assert.Contains("clientVersion", await new Command(binaries.Kubectl, "version", "--client", "-o", "json").RunAsync(Cancel), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string EipManifest(string name, string address) =>
        $"""
        apiVersion: network.kubesphere.io/v1alpha2
        kind: Eip
        metadata:
          name: {name}
        spec:
          address: {address}
        """;

    private static Dictionary<string, string> Annotations(params (string Key, string Value)[] more) =>
        more.Append((Key: "lb.kubesphere.io/v1alpha1", Value: "porterlb")).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);

    private static void SkipWithoutLab() => Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");

    private async Task<string> WarningAsync(string service)
    {
        string? message = null;
        await PorterLB.Lab.Cluster.ControlPlane.WaitUntilAsync(
            $"a Warning about Service {service}",
            async () =>
            {
                var events = await Lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/events", Cancel);
                message = (string?)events!["items"]!.AsArray()
                    .FirstOrDefault(item => (string?)item!["type"] == "Warning" && (string?)item["involvedObject"]?["name"] == service)?["message"];
                return message is not null;
            },
            TimeSpan.FromSeconds(60),
            Cancel);
        output.WriteLine(message!);
        return message!;
    }

    private async Task NothingWasDisturbedAsync()
    {
        foreach (var address in layerTwo.Addresses)
        {
            await layerTwo.Faults.OwnerAsync(address, Cancel);
        }
    }
}
