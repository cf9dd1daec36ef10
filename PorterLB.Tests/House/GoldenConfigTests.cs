using PorterLB.Operator.Manifests;

namespace PorterLB.Tests.House;

/// <summary>What stands in <c>config/</c> is what the C# types say: nobody has to remember to generate it.</summary>
public sealed class GoldenConfigTests
{
    [Fact]
    public void Config_is_as_generate_would_write_it() =>
        Assert.Empty(OperatorManifests.Config().Differences(Path.Combine(Repository.Root, "config")));

    [Fact]
    public void The_API_reference_is_as_generate_would_write_it() =>
        Assert.Empty(OperatorManifests.Reference("api.md").Differences(Path.Combine(Repository.Root, "docs", "reference")));

    [Fact]
    public void The_default_kustomization_is_flat_so_that_an_old_kubectl_builds_it()
    {
        var folder = Path.Combine(Repository.Root, "config", "default");
        var lines = File.ReadAllLines(Path.Combine(folder, "kustomization.yaml"));
        var resources = lines.Where(line => line.StartsWith("- ", StringComparison.Ordinal)).Select(line => line[2..]).ToList();

        Assert.DoesNotContain(lines, line => line.StartsWith("patches", StringComparison.Ordinal) || line.StartsWith("labels", StringComparison.Ordinal));
        Assert.NotEmpty(resources);
        Assert.All(resources, resource => Assert.True(File.Exists(Path.Combine(folder, resource)), $"{resource} is no file in {folder}"));
    }
}
