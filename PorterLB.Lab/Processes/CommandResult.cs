namespace PorterLB.Lab.Processes;

/// <summary>What a finished command left behind.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>Both streams, trimmed: what a person would have seen.</summary>
    public string Text => (Output + Error).Trim();
}
