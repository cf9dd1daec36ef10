namespace PorterLB.Lab.Processes;

/// <summary>Runs a program with no more rights than its container would give it.</summary>
internal static class Restriction
{
    private const int NonRoot = 65532;

    /// <summary>Root, with one capability and no other.</summary>
    public static Command Restricted(this Command command, string capability) =>
        command.Behind("setpriv", "--bounding-set", $"-all,+{capability}", "--inh-caps", "-all", "--no-new-privs", "--");

    /// <summary>An ordinary user, without any capability.</summary>
    public static Command Unprivileged(this Command command) =>
        command.Behind("setpriv", $"--reuid={NonRoot}", $"--regid={NonRoot}", "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs", "--");
}
