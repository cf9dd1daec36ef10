using System.Globalization;

namespace PorterLB.Lab.Measuring;

/// <summary>How much CPU a process has used.</summary>
internal static class ProcessorTime
{
    /// <summary>User and system: fields 14 and 15 of proc(5), in hundredths of a second, behind a name that may hold spaces.</summary>
    public static double SecondsOf(int processId)
    {
        var text = File.ReadAllText($"/proc/{processId}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
    }
}
