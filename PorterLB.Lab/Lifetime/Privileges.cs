using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Lifetime;

/// <summary>What a lab must be allowed to do on this machine.</summary>
public static class Privileges
{
    /// <summary>One sentence on what is lacking, or null when a lab can run here.</summary>
    public static string? Lacking { get; } = FindLacking();

    /// <exception cref="LabException">A lab cannot run here.</exception>
    public static void Require()
    {
        if (Lacking is { } lacking)
        {
            throw new LabException(lacking);
        }
    }

    private static string? FindLacking()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "The lab is made of Linux network namespaces: run it on Linux, for example in a virtual machine.";
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return "The lab makes network namespaces, which takes root: run it as root, or through sudo.";
        }

        // A container may be root and still not be allowed to.
        using var attempt = new Command("unshare", "--net", "true").Start();
        attempt.WaitForExit();
        return attempt.ExitCode == 0
            ? null
            : "This kernel, or the container this runs in, refuses network namespaces (unshare --net fails): " +
              "run the lab on a machine or in a virtual machine whose root may make them.";
    }
}
