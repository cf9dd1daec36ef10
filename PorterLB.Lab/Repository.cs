namespace PorterLB.Lab;

/// <summary>The checkout that the lab was built from: what it installs and runs comes from there.</summary>
public static class Repository
{
    public static string Root { get; } = Find();

    /// <summary>$PORTERLB_BINARY, else bin/porterlb: what <c>make build</c> makes.</summary>
    public static string Binary
    {
        get
        {
            var file = Environment.GetEnvironmentVariable("PORTERLB_BINARY") is { Length: > 0 } named ? named : Path.Combine(Root, "bin/porterlb");
            return File.Exists(file) ? file : throw new LabException($"{file} is not there; make it with: make build");
        }
    }

    public static string Config(string folder) => Path.Combine(Root, "config", folder);

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "PorterLB.sln")))
            {
                return folder;
            }
        }

        return Directory.GetCurrentDirectory();
    }
}
