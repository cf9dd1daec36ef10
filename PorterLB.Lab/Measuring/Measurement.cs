using System.Text.Json.Nodes;
using PorterLB.Lab.Faults;
using PorterLB.Lab.Probing;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>How often each fault is made.</summary>
public sealed record MeasurementOptions(int CableCuts = 10, int CableReturns = 5, int Terminations = 5, int Kills = 5, int Suspensions = 5);

/// <summary>The figures that PorterLB promises, measured in a light lab: medians and worsts.</summary>
public static class Measurement
{
    /// <summary>False when a figure is outside of what is promised.</summary>
    public static async Task<bool> RunAsync(MeasurementOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "measure" }, Say, cancellationToken);
        await lab.StartPorterLBAsync(cancellationToken);
        await lab.CreatePoolAsync(cancellationToken: cancellationToken);
        var figures = new FigureTable();

        for (var i = 1; i <= 5; i++)
        {
            figures.Add("Service created to its first answered ARP request, ms", double.PositiveInfinity, await FirstAnswerAsync(lab, i, cancellationToken));
        }

        var addresses = await lab.PublishAsync("web", cancellationToken);
        var faults = new OwnerFaults(lab, addresses);
        for (var i = 1; i <= Math.Max(options.CableCuts, options.CableReturns); i++)
        {
            await faults.SettleAsync(cancellationToken);
            var cut = await faults.CutCableAsync(cancellationToken);
            Say($"cut {i}: {string.Join("; ", cut.Probes.Flows)}");
            figures.Add("cable cut: longest silence, ms", 500, cut.Probes.LongestSilence.TotalMilliseconds);
            var after = await faults.OwnerAsync(addresses[0], cancellationToken);
            var back = await faults.PlugCableAsync(cut.Owner, cancellationToken);
            if (i <= options.CableReturns)
            {
                figures.Add("cable back: two nodes answered for, ms", 1000, back.TwoAnswered.TotalMilliseconds);
                figures.Add("cable back: moves", 0, await faults.OwnerAsync(addresses[0], cancellationToken) == after ? 0 : 1);
            }
        }

        for (var i = 1; i <= options.Terminations; i++)
        {
            await faults.SettleAsync(cancellationToken);
            var stopped = await faults.TerminateAsync(cancellationToken);
            Say($"SIGTERM {i}: {string.Join("; ", stopped.Probes.Flows)}");
            figures.Add("SIGTERM: probes lost", 0, stopped.Probes.Lost);
            figures.Add("SIGTERM: connections open at that moment that broke", double.PositiveInfinity, stopped.Probes.Broken);
            figures.Add("SIGTERM: longest time without an ARP or NDP answer (asked each 10 ms), ms", double.PositiveInfinity, stopped.Answers.Addresses.Max(address => address.LongestSilence).TotalMilliseconds);
            stopped.Owner.StartSpeaker();
        }

        for (var i = 1; i <= options.Kills; i++)
        {
            await faults.SettleAsync(cancellationToken);
            var killed = await faults.KillAsync(cancellationToken);
            figures.Add("kill -9: another answers ARP after, ms", 500, Milliseconds(killed.UntilAnotherAnswers(addresses[0])));
            killed.Owner.StartSpeaker();
        }

        for (var i = 1; i <= options.Suspensions; i++)
        {
            await faults.SettleAsync(cancellationToken);
            var frozen = await faults.SuspendAsync(cancellationToken);
            figures.Add("SIGSTOP: another answers ARP after, ms", 500, Milliseconds(frozen.UntilAnotherAnswers(addresses[0])));
            frozen.Owner.Speaker.Send(UnixSignal.Continue);
        }

        figures.Add("resident, speaker, MB", 25, [.. lab.Nodes.Select(node => Resident.MegabytesOf(node.Speaker.Id))]);
        figures.Add("resident, manager, MB", 30, Resident.MegabytesOf(lab.Manager.Id));
        figures.Add("bin/porterlb, MB", double.PositiveInfinity, new FileInfo(Repository.Binary).Length / 1e6);
        console.Write(figures.ToTable());
        return figures.AllHeld;
    }

    /// <summary>A Service that asks for an address: until a request for it is answered, one being sent every 10 ms.</summary>
    private static async Task<double> FirstAnswerAsync(LightLab lab, int number, CancellationToken cancellationToken)
    {
        var service = $"warm-{number}";
        var address = lab.Segment.IPv4(110 + number);
        using var observer = await ClientProgram.ObserveAsync(lab.Client, [address], cancellationToken: cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        var created = ProbeResult.Now;
        await lab.CreateServiceAsync(
            service,
            LightLab.Ours,
            new JsonObject { ["loadBalancerIP"] = $"{address}" },
            cancellationToken: cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        var answers = (await observer.StopAsync(cancellationToken)).For(address).Answers;
        await lab.ControlPlane.Api.DeleteAsync($"/api/v1/namespaces/default/services/{service}", cancellationToken);
        return answers.IsEmpty ? double.PositiveInfinity : (answers[0].Answered - created) / 1e6;
    }

    private static double Milliseconds(TimeSpan? time) => time?.TotalMilliseconds ?? double.PositiveInfinity;
}
