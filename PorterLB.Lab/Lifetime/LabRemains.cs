using System.Diagnostics;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Lifetime;

/// <summary>Takes away everything that a lab can leave on a machine. Synchronous: it must work while a process is being ended.</summary>
internal static class LabRemains
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void Remove(LabRecord record)
    {
        var spaces = Directory.Exists(NetworkNamespace.Folder) ? Directory.GetFiles(NetworkNamespace.Folder, record.Prefix + "*") : [];
        KillAll(record, spaces);
        foreach (var space in spaces)
        {
            Run("ip", "netns", "delete", Path.GetFileName(space));
        }

        foreach (var hierarchy in Cgroups.Hierarchies)
        {
            Cgroups.RemoveTree(Path.Combine(hierarchy, record.Cgroup));
        }

        RemoveFolder(record.Folder);
    }

    private static void KillAll(LabRecord record, string[] spaces)
    {
        var identities = spaces.Select(IdentityOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < Patience)
        {
            // Again until nobody is left: what is being killed may still start others.
            var processes = InNamespaces(identities)
                .Concat(Cgroups.Hierarchies.SelectMany(hierarchy => Cgroups.ProcessesUnder(Path.Combine(hierarchy, record.Cgroup))))
                .Where(id => id != Environment.ProcessId)
                .ToHashSet();
            if (processes.Count == 0)
            {
                return;
            }

            foreach (var id in processes)
            {
                Signals.Send(id, UnixSignal.Kill);
            }

            Thread.Sleep(20);
        }
    }

    private static IEnumerable<int> InNamespaces(HashSet<string> identities)
    {
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && LinkTarget($"{folder}/ns/net") is { } identity && identities.Contains(identity))
            {
                yield return id;
            }
        }
    }

    /// <summary>"net:[4026532281]", as /proc names it; null when the file is no namespace (any more).</summary>
    private static string? IdentityOf(string space)
    {
        try
        {
            return new NetworkNamespace(Path.GetFileName(space)).Enter(() => LinkTarget("/proc/thread-self/ns/net"));
        }
        catch (LabException)
        {
            return null;
        }
    }

    private static string? LinkTarget(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void RemoveFolder(string folder)
    {
        // What was killed a moment ago may still hold a mount or write a last line.
        for (var tries = 0; Directory.Exists(folder) && tries < 20; tries++)
        {
            Run("rm", "-rf", "--one-file-system", folder);
            if (Directory.Exists(folder))
            {
                Thread.Sleep(100);
            }
        }
    }

    private static void Run(string file, params string[] arguments)
    {
        using var process = new Command(file, [.. arguments]).Start();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
    }
}
