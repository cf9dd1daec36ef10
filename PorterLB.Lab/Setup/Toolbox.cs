using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Setup;

/// <summary>
/// Brings what is missing: plain tools are installed; packages that would start a daemon when installed are only unpacked into the
/// cache, so that nothing on the machine is started, enabled or left behind.
/// </summary>
public sealed class Toolbox(Action<string> say)
{
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);
    private bool _listsAreFresh;

    /// <summary>Installs those of the tools that are missing, and says which and why.</summary>
    public async Task InstallAsync(IEnumerable<Tool> tools, CancellationToken cancellationToken = default)
    {
        var missing = tools.Where(tool => !tool.IsPresent).DistinctBy(tool => tool.Package).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        RequireApt(string.Join(", ", missing.Select(tool => tool.Package)));
        foreach (var tool in missing)
        {
            say($"Installing {tool.Package}: it {tool.Purpose}.");
        }

        await OneAtATime.WaitAsync(cancellationToken);
        try
        {
            var names = missing.Select(tool => tool.Package).ToArray();
            await WithFreshListsAsync(
                () => Apt(["-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", .. names]).TryRunAsync(cancellationToken),
                $"Installing {string.Join(", ", names)}",
                cancellationToken);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    /// <summary>The folder with the unpacked package, whose <c>usr</c> is in it. Nothing of it is installed.</summary>
    public Task<string> UnpackAsync(string package, string purpose, CancellationToken cancellationToken = default) =>
        CacheFolder.MakeOnceAsync(
            $"packages/{package}",
            async folder =>
            {
                RequireApt(package);
                say($"Unpacking {package} into the cache, not installing it: it {purpose}.");
                await OneAtATime.WaitAsync(cancellationToken);
                try
                {
                    await WithFreshListsAsync(
                        () => (Apt(["-o", "APT::Sandbox::User=root", "download", package]) with { WorkingDirectory = folder }).TryRunAsync(cancellationToken),
                        $"Downloading {package}",
                        cancellationToken);
                }
                finally
                {
                    OneAtATime.Release();
                }

                var archive = Directory.GetFiles(folder, "*.deb").Single();
                await new Command("dpkg", "-x", archive, folder).RunAsync(cancellationToken);
                File.Delete(archive);
            },
            say,
            cancellationToken);

    private static void RequireApt(string packages)
    {
        if (Tool.Find("apt-get") is null)
        {
            throw new LabException($"Missing: {packages} (Debian's names), and this machine has no apt-get; install them with its own package manager.");
        }

        if (!Environment.IsPrivilegedProcess && Tool.Find("sudo") is null)
        {
            throw new LabException($"Missing: {packages}; installing them takes root: run this as root, or install them yourself.");
        }
    }

    private static Command Apt(string[] arguments)
    {
        var apt = new Command("apt-get", [.. arguments]);
        return (Environment.IsPrivilegedProcess || arguments.Contains("download", StringComparer.Ordinal)
            ? apt.Behind("env", "DEBIAN_FRONTEND=noninteractive")
            : apt.Behind("sudo", "-n", "DEBIAN_FRONTEND=noninteractive")) with
        { Input = "" };
    }

    /// <summary>Tries with the package lists as they are, and once more with fresh ones: most machines need no update.</summary>
    private async Task WithFreshListsAsync(Func<Task<CommandResult>> attempt, string what, CancellationToken cancellationToken)
    {
        var result = await attempt();
        if (!result.Succeeded && !_listsAreFresh)
        {
            say("Updating the package lists (apt-get update).");
            await Apt(["update"]).TryRunAsync(cancellationToken);
            _listsAreFresh = true;
            result = await attempt();
        }

        if (!result.Succeeded)
        {
            var reason = result.Text.Split('\n').LastOrDefault(line => line.StartsWith("E:", StringComparison.Ordinal)) ?? result.Text;
            throw new LabException($"{what} failed: {reason} Check the package sources in /etc/apt and the network.");
        }
    }
}
