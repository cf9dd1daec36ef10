using System.Globalization;
using PorterLB.Lab.Network;

namespace PorterLB.Lab.Measuring;

/// <summary>A page in Prometheus' text format.</summary>
internal sealed class MetricsPage(string text)
{
    /// <summary>What the manager shows now.</summary>
    /// <exception cref="LabException">It shows nothing.</exception>
    public static Task<MetricsPage> OfManagerAsync(LightLab lab, CancellationToken cancellationToken) =>
        OfAsync(lab.ManagerHost(), LightLab.ManagerMetricsPort, cancellationToken);

    /// <summary>What a node's speaker shows now.</summary>
    /// <exception cref="LabException">It shows nothing.</exception>
    public static Task<MetricsPage> OfSpeakerAsync(LightNode node, CancellationToken cancellationToken) =>
        OfAsync(node.Host, LightNode.MetricsPort, cancellationToken);

    private static async Task<MetricsPage> OfAsync(Host host, int port, CancellationToken cancellationToken) =>
        new(await host.GetAsync(port, "/metrics", cancellationToken) ?? throw new LabException($"Nobody shows metrics on port {port} of {host.Name}."));

    /// <summary>The sum of all series of a metric whose labels contain each of the texts.</summary>
    public double Sum(string name, params string[] labels) => text.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '{')
        .Where(line => labels.All(label => line.Contains(label, StringComparison.Ordinal)))
        .Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), NumberStyles.Float, CultureInfo.InvariantCulture));
}
