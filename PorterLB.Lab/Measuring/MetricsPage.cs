using System.Globalization;

namespace PorterLB.Lab.Measuring;

/// <summary>A page in Prometheus' text format.</summary>
internal sealed class MetricsPage(string text)
{
    /// <summary>The sum of all series of a metric whose labels contain each of the texts.</summary>
    public double Sum(string name, params string[] labels) => text.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{')
        .Where(line => labels.All(label => line.Contains(label, StringComparison.Ordinal)))
        .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.Float, CultureInfo.InvariantCulture));
}
