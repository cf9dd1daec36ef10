using System.Globalization;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Measuring;

/// <summary>A page in Prometheus' text format.</summary>
internal sealed class MetricsPage(string text)
{
    /// <summary>What the manager shows now.</summary>
    /// <exception cref="LabException">It shows nothing.</exception>
    public static async Task<MetricsPage> OfManagerAsync(LightLab lab, CancellationToken cancellationToken) =>
        new(await lab.ManagerHost().GetAsync(LightLab.ManagerMetricsPort, "/metrics", cancellationToken)
            ?? throw new LabException("The manager shows no metrics."));

    /// <summary>The sum of all series of a metric whose labels contain each of the texts.</summary>
    public double Sum(string name, params string[] labels) => text.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{')
        .Where(line => labels.All(label => line.Contains(label, StringComparison.Ordinal)))
        .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.Float, CultureInfo.InvariantCulture));
}
