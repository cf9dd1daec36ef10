using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab.Images;

/// <summary>Finds what a program needs at run time besides itself.</summary>
internal static class SharedLibraries
{
    /// <summary>
    /// Every library that the program loads, the loader included, by the path it is looked for at; and the same for libraries that it
    /// opens by name while it runs, which <c>ldd</c> cannot see.
    /// </summary>
    /// <param name="program">An executable.</param>
    /// <param name="opened">File names such as <c>libpcap.so.0.8</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<IReadOnlyList<string>> OfAsync(string program, IEnumerable<string> opened, CancellationToken cancellationToken)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        found.UnionWith(await LinkedAsync(program, cancellationToken));
        var folders = found.Select(file => Path.GetDirectoryName(file)!).ToHashSet(StringComparer.Ordinal);
        foreach (var name in opened)
        {
            var library = folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
                ?? throw new LabException($"The image needs {name}, which is not in {string.Join(" or ", folders)}; install the package that has it.");
            found.Add(library);
            found.UnionWith(await LinkedAsync(library, cancellationToken));
        }

        return [.. found];
    }

    private static async Task<IEnumerable<string>> LinkedAsync(string file, CancellationToken cancellationToken)
    {
        // "	libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)", "	/lib64/ld-linux-x86-64.so.2 (0x…)", "	linux-vdso.so.1 (0x…)"
        var lines = (await new Command(Tool.Find("ldd") ?? "ldd", file).RunAsync(cancellationToken)).Split('\n');
        return lines.Select(line => line.Trim().Split(' '))
            .Select(words => words switch
            {
                [_, "=>", "not", ..] => throw new LabException($"{file} needs {words[0]}, which is not on this machine."),
                [_, "=>", var path, ..] => path,
                [var path, ..] => path,
                _ => "",
            })
            .Where(path => path.StartsWith('/'));
    }
}
