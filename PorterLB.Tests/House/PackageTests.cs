using System.IO.Compression;
using System.Xml.Linq;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.House;

/// <summary>Reconciler and speaker are libraries of their own: what <c>dotnet pack</c> makes of them is whole.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-package-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("PorterLB.Reconciler", new[] { "KubernetesClient.Aot", "prometheus-net" }, new[] { "Microsoft.AspNetCore.App" })]
    [InlineData("PorterLB.Speaker", new[] { "Microsoft.Extensions.Logging.Abstractions", "PacketDotNet", "SharpPcap" }, new string[0])]
    public async Task The_package_has_library_documentation_readme_license_and_no_more_dependencies_than_it_needs(
        string project, string[] dependencies, string[] frameworks)
    {
        await new Command("dotnet", "pack", project, "-c", "Release", "--no-build", "--nologo", "-o", _folder)
        {
            WorkingDirectory = Repository.Root,
        }.RunAsync(Cancel);
        using var package = await ZipFile.OpenReadAsync(Directory.EnumerateFiles(_folder, $"{project}.*.nupkg").Single(), Cancel);
        var files = package.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains($"lib/net10.0/{project}.dll", files);
        Assert.Contains($"lib/net10.0/{project}.xml", files);
        Assert.Contains("README.md", files);
        Assert.Single(Directory.EnumerateFiles(_folder, "*.snupkg"));

        await using var stream = await package.GetEntry($"{project}.nuspec")!.OpenAsync(Cancel);
        var metadata = (await XDocument.LoadAsync(stream, LoadOptions.None, Cancel)).Root!.Elements().Single();
        string? Said(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
        Assert.Equal("Apache-2.0", Said("license"));
        Assert.Equal("README.md", Said("readme"));
        Assert.False(string.IsNullOrEmpty(Said("description")));
        Assert.Equal(
            dependencies,
            metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => (string)element.Attribute("id")!).Order(StringComparer.Ordinal));
        Assert.Equal(
            frameworks,
            metadata.Descendants().Where(element => element.Name.LocalName == "frameworkReference").Select(element => (string)element.Attribute("name")!));
    }
}
