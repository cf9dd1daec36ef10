using System.IO.Compression;
using System.Xml.Linq;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.House;

/// <summary>The reconciler is a library of its own: what <c>dotnet pack</c> makes of it is whole.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-package-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_package_has_library_documentation_readme_license_and_no_dependency_on_load_balancing()
    {
        await new Command("dotnet", "pack", "PorterLB.Reconciler", "-c", "Release", "--no-build", "--nologo", "-o", _folder)
        {
            WorkingDirectory = Repository.Root,
        }.RunAsync(Cancel);
        using var package = await ZipFile.OpenReadAsync(Directory.EnumerateFiles(_folder, "PorterLB.Reconciler.*.nupkg").Single(), Cancel);
        var files = package.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains("lib/net10.0/PorterLB.Reconciler.dll", files);
        Assert.Contains("lib/net10.0/PorterLB.Reconciler.xml", files);
        Assert.Contains("README.md", files);
        Assert.Single(Directory.EnumerateFiles(_folder, "*.snupkg"));

        await using var stream = await package.GetEntry("PorterLB.Reconciler.nuspec")!.OpenAsync(Cancel);
        var metadata = (await XDocument.LoadAsync(stream, LoadOptions.None, Cancel)).Root!.Elements().Single();
        string? Said(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
        Assert.Equal("Apache-2.0", Said("license"));
        Assert.Equal("README.md", Said("readme"));
        Assert.False(string.IsNullOrEmpty(Said("description")));
        Assert.Equal(
            ["KubernetesClient.Aot", "prometheus-net"],
            metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string)element.Attribute("id")!).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["Microsoft.AspNetCore.App"],
            metadata.Descendants().Where(element => element.Name.LocalName == "frameworkReference").Select(element => (string)element.Attribute("name")!));
    }
}
