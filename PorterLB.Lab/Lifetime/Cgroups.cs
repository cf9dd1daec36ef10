namespace PorterLB.Lab.Lifetime;

/// <summary>The control group hierarchies of this machine: one per controller (version 1), or a single one (version 2).</summary>
internal static class Cgroups
{
    private const string Root = "/sys/fs/cgroup";

    public static bool IsUnified => File.Exists($"{Root}/cgroup.controllers");

    public static IReadOnlyList<string> Hierarchies { get; } =
        !Directory.Exists(Root) ? []
        : IsUnified ? [Root]
        : [.. Directory.GetDirectories(Root).Where(folder => File.Exists($"{folder}/cgroup.procs") && new DirectoryInfo(folder).LinkTarget is null)];

    /// <summary>
    /// Makes a folder in every hierarchy, usable by processes. The outermost gets the processor's time of ten processes, not of one:
    /// it is a whole cluster, whose parts would otherwise stand still together beside any other work of the machine.
    /// </summary>
    /// <param name="path">Relative, such as "plb-0/n1".</param>
    public static void Create(string path)
    {
        foreach (var hierarchy in Hierarchies)
        {
            var outermost = Path.Combine(hierarchy, path.Split('/')[0]);
            Directory.CreateDirectory(outermost);
            foreach (var (file, share) in (ReadOnlySpan<(string, string)>)[("cpu.shares", "10240"), ("cpu.weight", "1000")])
            {
                if (File.Exists($"{outermost}/{file}"))
                {
                    File.WriteAllText($"{outermost}/{file}", share);
                }
            }

            var folder = hierarchy;
            foreach (var part in path.Split('/'))
            {
                var parent = folder;
                folder = Path.Combine(folder, part);
                Directory.CreateDirectory(folder);

                // A fresh cpuset (version 1) has no processors and no memory, and takes no process before it is given some.
                foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"])
                {
                    if (File.Exists($"{parent}/{file}") && File.Exists($"{folder}/{file}") && !IsUnified)
                    {
                        File.WriteAllText($"{folder}/{file}", File.ReadAllText($"{parent}/{file}").Trim());
                    }
                }
            }
        }
    }

    public static IEnumerable<string> ProcessFiles(string path) =>
        Hierarchies.Select(hierarchy => Path.Combine(hierarchy, path, "cgroup.procs"));

    public static IEnumerable<int> ProcessesUnder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return
            [
                .. Directory.GetFiles(folder, "cgroup.procs", SearchOption.AllDirectories)
                    .SelectMany(file => File.ReadAllLines(file))
                    .Select(int.Parse)
                    .Distinct(),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A group vanished while it was read; the caller looks again.
            return [];
        }
    }

    /// <summary>Innermost first: a group with children cannot be removed.</summary>
    public static void RemoveTree(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (var child in Directory.GetDirectories(folder))
        {
            RemoveTree(child);
        }

        for (var tries = 0; tries < 20; tries++)
        {
            try
            {
                // rmdir: the files in it are not real and go with it.
                if (RemoveDirectory(folder) == 0)
                {
                    return;
                }
            }
            catch (IOException)
            {
            }

            Thread.Sleep(50);
        }
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "rmdir", SetLastError = true)]
    private static extern int RemoveDirectory([System.Runtime.InteropServices.MarshalAs(System.Runtime.InteropServices.UnmanagedType.LPUTF8Str)] string path);
}
