namespace PorterLB.Lab.Setup;

/// <summary>
/// Where what was made or fetched once is kept: $PORTERLB_CACHE, else $XDG_CACHE_HOME/porterlb, else ~/.cache/porterlb.
/// Everything in it can be deleted at any time; the next run makes it again.
/// </summary>
public static class CacheFolder
{
    private const string CompletionMarker = ".complete";

    public static string Path { get; } = Find();

    public static string In(string name) => System.IO.Path.Combine(Path, name);

    public static bool IsComplete(string name) => File.Exists(System.IO.Path.Combine(In(name), CompletionMarker));

    /// <summary>
    /// Makes a folder of the cache once: in a folder beside it, which takes the name only when it is whole. Whoever comes second
    /// waits for the first; what an interrupted one left is thrown away.
    /// </summary>
    /// <param name="name">The folder in the cache.</param>
    /// <param name="make">Fills the folder that it is given.</param>
    /// <param name="say">Takes one line of progress.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<string> MakeOnceAsync(
        string name, Func<string, Task> make, Action<string> say, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentNullException.ThrowIfNull(say);
        if (IsComplete(name))
        {
            return In(name);
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(In(name))!);
        using var turn = await WaitForTurnAsync(name, say, cancellationToken);
        if (IsComplete(name))
        {
            return In(name);
        }

        var building = In(name + ".unfinished");
        DeleteTree(building);
        Directory.CreateDirectory(building);
        try
        {
            await make(building);
            await File.WriteAllTextAsync(System.IO.Path.Combine(building, CompletionMarker), "", cancellationToken);
            DeleteTree(In(name));
            Directory.Move(building, In(name));
        }
        catch
        {
            DeleteTree(building);
            throw;
        }

        return In(name);
    }

    internal static void DeleteTree(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<FileStream> WaitForTurnAsync(string name, Action<string> say, CancellationToken cancellationToken)
    {
        for (var told = false; ; told = true)
        {
            try
            {
                return new FileStream(In(name + ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (e is not DirectoryNotFoundException)
            {
                if (!told)
                {
                    say($"Another process is making {name}; waiting for it.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }
        }
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("PORTERLB_CACHE") is { Length: > 0 } own)
        {
            return System.IO.Path.GetFullPath(own);
        }

        var caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg
            ? xdg
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return System.IO.Path.Combine(caches, "porterlb");
    }
}
