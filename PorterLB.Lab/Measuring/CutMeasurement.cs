using System.Net;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Probing;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>What a client sees when the cable of the node that answers is cut.</summary>
internal static class CutMeasurement
{
    private const int ManyServices = 500;

    /// <summary>Rarely enough that the questions are no load: what is noted are the claims.</summary>
    private static readonly TimeSpan Asking = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>False when a figure is outside of what is promised.</summary>
    public static async Task<bool> RunAsync(int count, IAnsiConsole console, CancellationToken cancellationToken)
    {
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "cuts" }, Say, cancellationToken);
        await lab.StartPorterLBAsync(cancellationToken);
        var figures = new FigureTable();
        var addresses = await FaultCluster.PublishAsync(lab, 1, cancellationToken);
        var faults = new OwnerFaults(lab, addresses);
        for (var i = 1; i <= count; i++)
        {
            await faults.SettleAsync(cancellationToken);
            var cut = await faults.CutCableAsync(cancellationToken);
            await cut.Owner.Host.PlugCableAsync(cancellationToken);
            figures.Add("cable cut: longest silence of new flows each 5 ms, ms", 500, cut.Probes.LongestSilence.TotalMilliseconds);
            figures.Add("cable cut: another answers ARP after, ms", 500, cut.UntilAnotherAnswers(addresses[0])?.TotalMilliseconds ?? double.PositiveInfinity);
            figures.Add("cable cut: two nodes answered for, ms", 1000, cut.TwoAnswered.TotalMilliseconds);
            Say($"cut {i}: {cut.Probes.LongestSilence.TotalMilliseconds:0} ms");
        }

        await ManyAtOnceAsync(lab, figures, cancellationToken);
        console.Write(figures.ToTable());
        return figures.AllHeld;
    }

    /// <summary>One node answers for all, and loses its cable.</summary>
    private static async Task ManyAtOnceAsync(LightLab lab, FigureTable figures, CancellationToken cancellationToken)
    {
        var owner = lab.Nodes[0];
        foreach (var other in lab.Nodes.Skip(1))
        {
            await other.Speaker.StopAsync(Patience, cancellationToken);
        }

        await lab.ControlPlane.Kubectl("delete", "service,eip", "--all", "--timeout=60s").RunAsync(cancellationToken);
        await FaultCluster.PublishAsync(lab, ManyServices, cancellationToken);
        foreach (var other in lab.Nodes.Skip(1))
        {
            other.StartSpeaker();
        }

        var services = await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", cancellationToken);
        List<IPAddress> all =
        [
            .. services!["items"]!.AsArray().SelectMany(service => service!["status"]?["loadBalancer"]?["ingress"]?.AsArray() ?? [])
                .Select(ingress => IPAddress.Parse((string)ingress!["ip"]!)),
        ];
        await new OwnerFaults(lab, all).SettleAsync(cancellationToken);
        using var observer = await ClientProgram.ObserveAsync(lab.Client, all, Asking, cancellationToken);
        await Task.Delay(Asking, cancellationToken);
        var happened = ProbeResult.Now;
        await owner.Host.CutCableAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        var log = await observer.StopAsync(cancellationToken);
        figures.Add(
            $"{all.Count} addresses taken over at once: claimed after, ms",
            double.PositiveInfinity,
            [.. log.Addresses.Select(address => address.Claims.FirstOrDefault(claim => claim.Heard > happened && claim.Mac != owner.Host.Mac) is { } claim
                ? (claim.Heard - happened) / 1e6
                : double.PositiveInfinity)]);
        await owner.Host.PlugCableAsync(cancellationToken);
    }
}
