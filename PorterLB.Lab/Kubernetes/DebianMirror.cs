using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Kubernetes;

/// <summary>Fetches packages of other Debian releases with package lists of its own: the machine's own sources are left alone.</summary>
internal static class DebianMirror
{
    /// <summary>The source package, not unpacked, into the folder.</summary>
    public static Task FetchSourceAsync(string release, string package, string folder, CancellationToken cancellationToken) =>
        FetchAsync("deb-src", release, ["source", "--download-only", package], folder, cancellationToken);

    /// <summary>The package, not unpacked, into the folder.</summary>
    public static Task FetchAsync(string release, string package, string folder, CancellationToken cancellationToken) =>
        FetchAsync("deb", release, ["download", $"{package}/{release}"], folder, cancellationToken);

    private static async Task FetchAsync(string type, string release, string[] command, string folder, CancellationToken cancellationToken)
    {
        var apt = Path.Combine(folder, "apt");
        Directory.CreateDirectory(Path.Combine(apt, "lists/partial"));
        Directory.CreateDirectory(Path.Combine(apt, "cache/archives/partial"));
        var list = Path.Combine(apt, "sources.list");
        var lines = Lines(type, release).Distinct(StringComparer.Ordinal).ToList();
        if (lines.Count == 0)
        {
            throw new LabException($"/etc/apt names no Debian mirror, so '{string.Join(' ', command)}' of {release} cannot be done; run this on Debian 12 (bookworm), or put kube-apiserver, etcd and kubectl into a folder and set KUBEBUILDER_ASSETS to it.");
        }

        await File.WriteAllLinesAsync(list, lines, cancellationToken);
        Command AptGet(params string[] arguments) => new Command("apt-get",
        [
            "-o", $"Dir::Etc::SourceList={list}", "-o", "Dir::Etc::SourceParts=/dev/null", "-o", $"Dir::State::Lists={apt}/lists",
            "-o", $"Dir::Cache={apt}/cache", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "-o", "Acquire::Languages=none", .. arguments,
        ]) with
        { WorkingDirectory = folder };
        await AptGet("update").RunAsync(cancellationToken);
        await AptGet(command).RunAsync(cancellationToken);
    }

    /// <summary>Lines for the mirrors that the machine itself uses, in either format of its sources.</summary>
    private static IEnumerable<string> Lines(string type, string release)
    {
        var files = new List<string> { "/etc/apt/sources.list" };
        if (Directory.Exists("/etc/apt/sources.list.d"))
        {
            files.AddRange(Directory.GetFiles("/etc/apt/sources.list.d").Where(file => file.EndsWith(".list", StringComparison.Ordinal) || file.EndsWith(".sources", StringComparison.Ordinal)));
        }

        foreach (var line in files.Where(File.Exists).SelectMany(File.ReadAllLines))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var uri = words switch
            {
                ["URIs:", var first, ..] => first,
                ["deb", ..] => words.FirstOrDefault(word => word.Contains("://", StringComparison.Ordinal)),
                _ => null,
            };
            if (uri is null || !uri.Contains("debian", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            const string key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]";
            if (uri.Contains("security", StringComparison.Ordinal))
            {
                yield return $"{type} {key} {uri} {release}-security main";
            }
            else
            {
                yield return $"{type} {key} {uri} {release} main";
            }
        }
    }
}
