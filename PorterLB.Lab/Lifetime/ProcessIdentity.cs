namespace PorterLB.Lab.Lifetime;

/// <summary>A process told apart from a later one with the same number, by when it started.</summary>
/// <param name="Id">Process number.</param>
/// <param name="StartTicks">Start in clock ticks since boot: field 22 of <c>/proc/PID/stat</c>.</param>
internal sealed record ProcessIdentity(int Id, long StartTicks)
{
    public static ProcessIdentity Current => Of(Environment.ProcessId)!;

    public bool IsAlive => Of(Id) == this;

    public static ProcessIdentity? Of(int id)
    {
        try
        {
            // The name, field 2, is in parentheses and may hold anything, spaces and parentheses too: count from behind it.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : new ProcessIdentity(id, long.Parse(fields[22 - 3]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
