using PorterLB.Reconciler.Generation;

namespace PorterLB.Tests.Reconciler.Generation;

public sealed class GeneratedFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-generated-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Written_once_nothing_differs_and_nothing_is_written_again()
    {
        var files = new GeneratedFiles("Made.", [new("a/one.yaml", "x: 1\n"), new("two.yaml", "y: 2\n")]);

        Assert.Equal(2, files.Differences(_folder).Count);
        Assert.Equal(2, files.Write(_folder));
        Assert.Empty(files.Differences(_folder));
        Assert.Equal(0, files.Write(_folder));
        Assert.Equal("# Made.\nx: 1\n", File.ReadAllText(Path.Combine(_folder, "a/one.yaml")));
    }

    [Fact]
    public void What_is_generated_no_more_goes_and_what_people_wrote_stays()
    {
        new GeneratedFiles("Made.", [new("old.yaml", "x: 1\n")]).Write(_folder);
        File.WriteAllText(Path.Combine(_folder, "ours.yaml"), "z: 3\n");
        var files = new GeneratedFiles("Made.", [new("new.yaml", "x: 1\n")]);

        Assert.Contains(files.Differences(_folder), difference => difference.EndsWith("old.yaml is generated no more", StringComparison.Ordinal));
        files.Write(_folder);
        Assert.Equal(["new.yaml", "ours.yaml"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_file_that_somebody_wrote_is_never_overwritten()
    {
        var path = Path.Combine(_folder, "one.yaml");
        File.WriteAllText(path, "mine: true\n");

        var refusal = Assert.Throws<IOException>(() => new GeneratedFiles("Made.", [new("one.yaml", "x: 1\n")]).Write(_folder));
        Assert.Contains(path, refusal.Message);
        Assert.Equal("mine: true\n", File.ReadAllText(path));
    }
}
