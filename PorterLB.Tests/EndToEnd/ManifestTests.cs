using PorterLB.Lab;
using PorterLB.Lab.Lifetime;

namespace PorterLB.Tests.EndToEnd;

[Trait("Category", "EndToEnd")]
public sealed class ManifestTests(ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_applied_twice_changes_nothing_and_the_samples_pass_the_schemas()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 1 }, output.WriteLine, Cancel);
        var config = Path.Combine(House.Repository.Root, "config");

        await lab.ControlPlane.Kubectl("apply", "-k", Path.Combine(config, "crd")).RunAsync(Cancel);
        await lab.ControlPlane.Kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all").RunAsync(Cancel);

        // Before the webhooks are there: nobody serves them in this lab, and they refuse what they cannot check.
        await lab.ControlPlane.Kubectl("apply", "--dry-run=server", "-k", Path.Combine(config, "samples")).RunAsync(Cancel);

        await lab.ControlPlane.Kubectl("apply", "-k", Path.Combine(config, "default")).RunAsync(Cancel);
        var again = await lab.ControlPlane.Kubectl("apply", "-k", Path.Combine(config, "default")).RunAsync(Cancel);
        Assert.All(again.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.EndsWith(" unchanged", line));
        Assert.Empty(await lab.ControlPlane.Kubectl("diff", "-k", Path.Combine(config, "default")).RunAsync(Cancel));
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
        var binaries = await PorterLB.Lab.Kubernetes.KubernetesBinaries.ForApiServerAsync(output.WriteLine, Cancel);
        var built = await new PorterLB.Lab.Processes.Command(binaries.Kubectl, "kustomize", folder).RunAsync(Cancel);
        Assert.Equal(Enumerable.Repeat("image: registry.example/porterlb:0.1.0", images), built.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("image:", StringComparison.Ordinal)));
    }
}
