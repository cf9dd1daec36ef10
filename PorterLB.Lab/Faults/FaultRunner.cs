using System.Collections.Immutable;
using System.Net;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>Plays scenarios in a light lab, one after the other, and writes down every answer on the segment.</summary>
/// <param name="lab">With PorterLB running.</param>
/// <param name="addresses">Announced, and watched.</param>
/// <param name="probing">Whether to look for lost datagrams, too, where none may be lost.</param>
public sealed class FaultRunner(LightLab lab, IReadOnlyList<IPAddress> addresses, bool probing = false)
{
    private const long ProbedBefore = 500_000_000;

    /// <summary>The first Service's; each costs the client 400 flows a second.</summary>
    private const int Probed = 2;

    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);

    public async Task<FaultOutcome> PlayAsync(FaultScenario scenario, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        foreach (var node in lab.Nodes)
        {
            await node.WaitUntilReadyAsync(FaultStage.Patience, cancellationToken);
        }

        await Task.Delay(Before, cancellationToken);
        var stage = await SetAsync(cancellationToken);
        try
        {
            if (scenario.Prepare is { } prepare)
            {
                await prepare(stage, cancellationToken);
                stage = await SetAsync(cancellationToken);
            }

            var nodes = lab.Nodes.ToImmutableDictionary(node => node.Host.Mac, node => node.Name, StringComparer.Ordinal).Add(NodeFaults.NewMac, stage.Owner.Name);
            if (scenario.WithoutServer)
            {
                await lab.ControlPlane.KillApiServerAsync(cancellationToken);
            }

            using var observer = await ClientProgram.ObserveAsync(lab.Client, addresses, cancellationToken: cancellationToken);
            using var probe = probing && scenario.LosesNothing ? await ClientProgram.ProbeAsync(lab.Client, addresses.Take(Probed), cancellationToken: cancellationToken) : null;
            await Task.Delay(Before, cancellationToken);
            stage.Happened = ProbeResult.Now;
            await scenario.Happen(stage, cancellationToken);
            await Task.Delay(scenario.Aftermath, cancellationToken);
            var outcome = new FaultOutcome(scenario, stage, await observer.StopAsync(cancellationToken), nodes)
            {
                Probes = probe is null ? null : (await probe.StopAsync(cancellationToken)).SentAfter(stage.Happened - ProbedBefore).Datagrams,
            };
            await lab.ControlPlane.StartApiServerAsync(cancellationToken);
            if (scenario.Afterwards is { } check)
            {
                await check(stage, cancellationToken);
            }

            return outcome;
        }
        finally
        {
            await lab.ControlPlane.StartApiServerAsync(CancellationToken.None);
            if (scenario.Repair is { } repair)
            {
                await repair(stage, CancellationToken.None);
            }
        }
    }

    private async Task<FaultStage> SetAsync(CancellationToken cancellationToken) =>
        new(lab, addresses, await new OwnerFaults(lab, addresses).OwnerAsync(addresses[0], cancellationToken));
}
