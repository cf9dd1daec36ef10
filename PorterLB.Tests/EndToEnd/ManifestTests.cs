using PorterLB.Lab;
using PorterLB.Lab.Kubernetes;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

[Trait("Category", "EndToEnd")]
public sealed class ManifestTests(ITestOutputHelper output)
{
    private static readonly string[] ForEveryKubectl = ["default", "crd", "rbac", "webhook", "manager", "speaker", "samples", "uninstall"];
    private static readonly string[] ForNewerOnes = ["overlays/cert-manager", "overlays/kubernetes-1.25", "overlays/kubernetes-1.30"];
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_applied_twice_changes_nothing_and_the_samples_pass_the_schemas()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 1 }, output.WriteLine, Cancel);
        string Config(string folder) => Path.Combine(House.Repository.Root, "config", folder);

        await lab.ControlPlane.Kubectl("apply", "-k", Config("crd")).RunAsync(Cancel);
        await lab.ControlPlane.Kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all").RunAsync(Cancel);

        // Before the webhooks are there: nobody serves them in this lab, and they refuse what they cannot check.
        await lab.ControlPlane.Kubectl("apply", "--dry-run=server", "-k", Config("samples")).RunAsync(Cancel);
        await lab.ControlPlane.Kubectl("apply", "-k", Config("default")).RunAsync(Cancel);
        foreach (var kubectl in new[] { await KubernetesBinaries.OldKubectlAsync(output.WriteLine, Cancel), await NewKubectlAsync() }.OfType<string>())
        {
            var again = await lab.ControlPlane.KubectlOf(kubectl, "apply", "-k", Config("default")).TryRunAsync(Cancel);
            output.WriteLine($"{kubectl}: {again.Error}");
            Assert.All(again.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.EndsWith(" unchanged", line));
            Assert.Empty(again.Error);
            Assert.Empty(await lab.ControlPlane.KubectlOf(kubectl, "diff", "-k", Config("default")).RunAsync(Cancel));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_folder_builds_without_a_warning_with_the_kubectls_that_it_is_for(bool today)
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var kubectl = today ? await NewKubectlAsync() : await KubernetesBinaries.OldKubectlAsync(output.WriteLine, Cancel);
        Assert.SkipWhen(kubectl is null, "There is no kubectl of today on the PATH, and Debian's could not be fetched.");
        foreach (var folder in today ? [.. ForEveryKubectl, .. ForNewerOnes] : ForEveryKubectl)
        {
            var built = await new Command(kubectl!, "kustomize", Path.Combine(House.Repository.Root, "config", folder)).TryRunAsync(Cancel);
            Assert.Equal((folder, true, ""), (folder, built.Succeeded, built.Error));
            Assert.StartsWith("apiVersion: ", built.Output);
        }
    }

    [Theory]
    [InlineData("default", 2)]
    [InlineData("uninstall", 1)]
    public async Task The_image_is_set_by_a_kustomization_of_ones_own(string what, int images)
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var folder = Path.Combine(House.Repository.Root, "artifacts", $"kustomization-{what}");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "kustomization.yaml"), $"bases: [../../config/{what}]\nimages: [{{name: porterlb, newName: registry.example/porterlb, newTag: 0.1.0}}]\n");
        var kubectl = await KubernetesBinaries.OldKubectlAsync(output.WriteLine, Cancel);
        var built = await new Command(kubectl, "kustomize", folder).RunAsync(Cancel);
        Assert.Equal(Enumerable.Repeat("image: registry.example/porterlb:0.1.0", images), built.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("image:", StringComparison.Ordinal)));
    }

    /// <summary>Null = there is none, and none can be fetched within a minute.</summary>
    private async Task<string?> NewKubectlAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            return await KubernetesBinaries.NewKubectlAsync(output.WriteLine, limit.Token);
        }
        catch (Exception exception) when (exception is LabException or IOException || (exception is OperationCanceledException && !Cancel.IsCancellationRequested))
        {
            output.WriteLine($"No kubectl of today: {exception.Message}");
            return null;
        }
    }
}
