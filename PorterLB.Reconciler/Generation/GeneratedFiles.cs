using System.Text;

namespace PorterLB.Reconciler.Generation;

/// <summary>One generated file.</summary>
/// <param name="Path">Its path below the output folder, with slashes.</param>
/// <param name="Content">Its content, without the mark in the first line.</param>
public sealed record GeneratedFile(string Path, string Content);

/// <summary>
/// A set of generated files in a folder. Each says in its first line that it is generated; only files that say so are ever
/// overwritten or deleted.
/// </summary>
/// <param name="mark">What the first line says, without the comment sign.</param>
/// <param name="files">The files.</param>
public sealed class GeneratedFiles(string mark, IReadOnlyCollection<GeneratedFile> files)
{
    /// <summary>The whole text of a file, mark included.</summary>
    /// <param name="file">The file.</param>
    public string TextOf(GeneratedFile file) => $"{FirstLine(file.Path)}\n{file.Content}";

    /// <summary>What differs between the folder and the files: one sentence for each, none when all is as it should be.</summary>
    /// <param name="folder">The folder.</param>
    public IReadOnlyList<string> Differences(string folder) =>
    [
        .. from file in files
           let path = Path.Combine(folder, file.Path)
           let present = File.Exists(path) ? File.ReadAllText(path, Encoding.UTF8) : null
           where present != TextOf(file)
           select present is null ? $"{path} is missing" : $"{path} is out of date",
        .. Stale(folder).Select(path => $"{path} is generated no more"),
    ];

    /// <summary>Writes what differs and deletes what is generated no more. Returns how many files were touched.</summary>
    /// <param name="folder">The folder; made when missing.</param>
    /// <exception cref="IOException">A file that does not bear the mark stands where one would be written.</exception>
    public int Write(string folder)
    {
        var touched = 0;
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file.Path);
            var text = TextOf(file);
            if (File.Exists(path))
            {
                var present = File.ReadAllText(path, Encoding.UTF8);
                if (present == text)
                    continue;
                if (!IsMarked(path))
                    throw new IOException($"{path} is not a generated file: its first line would be '{FirstLine(path)}'. Move it away, or choose another output folder.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
            touched++;
        }

        foreach (var path in Stale(folder).ToList())
        {
            File.Delete(path);
            touched++;
        }

        return touched;
    }

    private IEnumerable<string> Stale(string folder)
    {
        if (!Directory.Exists(folder))
            return [];
        var wanted = files.Select(file => Path.GetFullPath(Path.Combine(folder, file.Path))).ToHashSet(StringComparer.Ordinal);
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => !wanted.Contains(Path.GetFullPath(path)) && IsMarked(path))
            .Order(StringComparer.Ordinal);
    }

    private bool IsMarked(string path) => File.ReadLines(path, Encoding.UTF8).FirstOrDefault() == FirstLine(path);

    private string FirstLine(string path) =>
        path.EndsWith(".md", StringComparison.Ordinal) ? $"<!-- {mark} -->" : $"# {mark}";
}
