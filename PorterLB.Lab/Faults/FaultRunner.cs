using System.Collections.Immutable;
using System.Net;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>Plays scenarios in a light lab, one after the other, and writes down every answer on the segment.</summary>
/// <param name="lab">With PorterLB running.</param>
/// <param name="addresses">Announced, and watched.</param>
public sealed class FaultRunner(LightLab lab, IReadOnlyList<IPAddress> addresses)
{
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public async Task<FaultOutcome> PlayAsync(FaultScenario scenario, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        foreach (var node in lab.Nodes)
        {
            await node.WaitUntilReadyAsync(Patience, cancellationToken);
        }

        await Task.Delay(Before, cancellationToken);
        var stage = new FaultStage(lab, addresses, await new OwnerFaults(lab, addresses).OwnerAsync(addresses[0], cancellationToken));
        var nodes = lab.Nodes.ToImmutableDictionary(node => node.Host.Mac, node => node.Name, StringComparer.Ordinal).Add(FaultScenarios.NewMac, stage.Owner.Name);
        if (scenario.WithoutServer)
        {
            await lab.ControlPlane.KillApiServerAsync(cancellationToken);
        }

        try
        {
            using var observer = await ClientProgram.ObserveAsync(lab.Client, addresses, cancellationToken: cancellationToken);
            await Task.Delay(Before, cancellationToken);
            stage.Happened = ProbeResult.Now;
            await scenario.Happen(stage, cancellationToken);
            await Task.Delay(scenario.Aftermath, cancellationToken);
            var outcome = new FaultOutcome(scenario, stage, await observer.StopAsync(cancellationToken), nodes);
            if (scenario.Afterwards is { } check)
            {
                await check(stage, cancellationToken);
            }

            return outcome;
        }
        finally
        {
            if (scenario.Repair is { } repair)
            {
                await repair(stage, CancellationToken.None);
            }

            if (scenario.WithoutServer)
            {
                await lab.ControlPlane.StartApiServerAsync(CancellationToken.None);
            }
        }
    }
}
