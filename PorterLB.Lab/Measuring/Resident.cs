using System.Globalization;

namespace PorterLB.Lab.Measuring;

/// <summary>How much memory a process has in RAM.</summary>
internal static class Resident
{
    public static double MegabytesOf(int processId) =>
        File.ReadLines($"/proc/{processId}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).Single();
}
