using PorterLB.Lab.Faults;
using PorterLB.Lab.Probing;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>How long nothing happens, and how little time the machine has.</summary>
/// <param name="Minutes">How long.</param>
/// <param name="Loops">Busy loops that run beside the cluster, without any priority of their own.</param>
public sealed record SoakOptions(int Minutes, int Loops);

/// <summary>A cluster in which nothing happens, on a machine that is short of time: nobody may take anything over.</summary>
internal static class SoakMeasurement
{
    private const int Services = 2;
    private static readonly TimeSpan Asking = TimeSpan.FromMilliseconds(100);

    /// <summary>False when an address moved.</summary>
    public static async Task<bool> RunAsync(SoakOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "soak" }, Say, cancellationToken);
        await lab.StartPorterLBAsync(cancellationToken);
        await lab.CreatePoolAsync(cancellationToken: cancellationToken);
        List<System.Net.IPAddress> addresses = [];
        for (var i = 1; i <= Services; i++)
        {
            addresses.AddRange(await lab.PublishAsync($"web-{i}", cancellationToken));
        }

        var faults = new OwnerFaults(lab, addresses);
        await faults.SettleAsync(cancellationToken);
        foreach (var address in addresses)
        {
            await faults.OwnerAsync(address, cancellationToken);
        }

        var before = await CountersAsync(lab, cancellationToken);
        var cpu = lab.Nodes.Select(node => ProcessorTime.SecondsOf(node.Speaker.Id)).ToArray();
        var resident = lab.Nodes.Select(node => Resident.MegabytesOf(node.Speaker.Id)).ToArray();
        using var observer = await ClientProgram.ObserveAsync(lab.Client, addresses, Asking, cancellationToken);
        using var watch = new StallWatch(lab, "speaker", "capture");
        var told = 0;
        using (new BusyLoops(options.Loops))
        {
            for (var minute = 1; minute <= options.Minutes; minute++)
            {
                await Task.Delay(TimeSpan.FromMinutes(1), cancellationToken);
                var now = await CountersAsync(lab, cancellationToken);
                foreach (var stall in watch.Stalls.Skip(told))
                {
                    Say($"{stall}");
                    told++;
                }

                Say($"minute {minute}: {now.TakeOvers - before.TakeOvers} take-overs, {now.Stalls - before.Stalls} stalls; load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
            }
        }

        var log = await observer.StopAsync(cancellationToken);
        var after = await CountersAsync(lab, cancellationToken);
        var figures = new FigureTable();
        figures.Add("minutes", double.PositiveInfinity, options.Minutes);
        figures.Add("take-overs", 0, after.TakeOvers - before.TakeOvers);
        figures.Add("nodes that answered for an address", 1, [.. log.Addresses.Select(address => (double)address.Answerers.Length)]);
        figures.Add("times that a speaker's loop did not run for 400 ms", double.PositiveInfinity, after.Stalls - before.Stalls);
        foreach (var kind in watch.Stalls.GroupBy(stall => stall.Who.Split(' ')[1], StringComparer.Ordinal))
        {
            figures.Add($"{kind.Key}: not run for longer than 200 ms, ms", double.PositiveInfinity, [.. kind.Select(stall => stall.Length.TotalMilliseconds)]);
            figures.Add($"{kind.Key}: of it without a processor, ms", double.PositiveInfinity, [.. kind.Select(stall => stall.Waited.TotalMilliseconds)]);
        }

        figures.Add($"longest time without an answer (asked each {Asking.TotalMilliseconds:0} ms), ms", double.PositiveInfinity, [.. log.Addresses.Select(address => log.LongestUnanswered(address).TotalMilliseconds)]);
        figures.Add("CPU of a speaker, % of a core", double.PositiveInfinity, [.. lab.Nodes.Select((node, i) => 100 * (ProcessorTime.SecondsOf(node.Speaker.Id) - cpu[i]) / TimeSpan.FromMinutes(options.Minutes).TotalSeconds)]);
        figures.Add("resident, speaker, at the beginning, MB", double.PositiveInfinity, resident);
        figures.Add("resident, speaker, at the end, MB", double.PositiveInfinity, [.. lab.Nodes.Select(node => Resident.MegabytesOf(node.Speaker.Id))]);
        console.Write(figures.ToTable());
        if (!figures.AllHeld)
        {
            foreach (var node in lab.Nodes)
            {
                console.WriteLine($"{node.Name}:\n{node.Speaker.LastLines(40)}");
            }
        }

        return figures.AllHeld;
    }

    private static async Task<(double TakeOvers, double Stalls)> CountersAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var pages = await Task.WhenAll(lab.Nodes.Select(node => MetricsPage.OfSpeakerAsync(node, cancellationToken)));
        return (pages.Sum(page => page.Sum("porterlb_layer2_takeovers")), pages.Sum(page => page.Sum("porterlb_layer2_stalls")));
    }
}
