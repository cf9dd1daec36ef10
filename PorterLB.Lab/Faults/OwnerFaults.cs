using System.Net;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Faults;

/// <summary>What the client saw while something happened to the node that answers for an address.</summary>
/// <param name="Owner">The node that it happened to.</param>
/// <param name="Happened">When: nanoseconds, monotonic, as in the samples.</param>
/// <param name="Probes">Flows to every address, a new one each 5 ms, from half a second before.</param>
/// <param name="Answers">Who answered ARP and NDP, asked each 10 ms.</param>
public sealed record FaultResult(LightNode Owner, long Happened, ProbeResult Probes, AnswerLog Answers)
{
    /// <summary>Until another node answered a fresh request for the address; null when none did.</summary>
    public TimeSpan? UntilAnotherAnswers(IPAddress address) =>
        Answers.For(address).FirstFromAnother(Owner.Host.Mac, Happened) is { } answer
            ? TimeSpan.FromTicks((answer.Answered - Happened) / 100)
            : null;

    public TimeSpan TwoAnswered => Answers.Addresses.Max(address => address.TwoAnswered);
}

/// <summary>Does things to the node that answers for an address in a light lab, and watches from the client.</summary>
public sealed class OwnerFaults(LightLab lab, IReadOnlyList<IPAddress> addresses)
{
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);
    private const long ShownBefore = 500_000_000;
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(30);

    /// <summary>Pulls the owner's cable at the switch.</summary>
    public Task<FaultResult> CutCableAsync(CancellationToken cancellationToken = default) =>
        OnOwnerAsync(owner => owner.Host.CutCableAsync(cancellationToken), TimeSpan.FromSeconds(2), cancellationToken);

    /// <summary>The switch drops the owner's frames, and its carrier stays.</summary>
    public Task<FaultResult> BlackholeAsync(CancellationToken cancellationToken = default) =>
        OnOwnerAsync(owner => owner.Host.BlackholeAsync(cancellationToken), TimeSpan.FromSeconds(2), cancellationToken);

    /// <summary>Puts a cable back, of a node that owns nothing now.</summary>
    public Task<FaultResult> PlugCableAsync(LightNode node, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        return WatchAsync(node, () => node.Host.PlugCableAsync(cancellationToken), TimeSpan.FromSeconds(4), cancellationToken);
    }

    /// <summary>SIGTERM: the owner's speaker hands over and ends.</summary>
    public Task<FaultResult> TerminateAsync(CancellationToken cancellationToken = default) =>
        OnOwnerAsync(owner => owner.Speaker.StopAsync(TimeSpan.FromSeconds(10), cancellationToken), TimeSpan.FromSeconds(2), cancellationToken);

    /// <summary>SIGKILL.</summary>
    public Task<FaultResult> KillAsync(CancellationToken cancellationToken = default) =>
        OnOwnerAsync(owner => owner.Speaker.KillAsync(cancellationToken), TimeSpan.FromSeconds(2), cancellationToken);

    /// <summary>SIGSTOP: the process is there and does nothing.</summary>
    public Task<FaultResult> SuspendAsync(CancellationToken cancellationToken = default) =>
        OnOwnerAsync(
            owner =>
            {
                owner.Speaker.Send(Processes.UnixSignal.Stop);
                return Task.CompletedTask;
            },
            TimeSpan.FromSeconds(2),
            cancellationToken);

    /// <summary>The node that answers for an address, once exactly one does.</summary>
    public async Task<LightNode> OwnerAsync(IPAddress address, CancellationToken cancellationToken = default)
    {
        LightNode? owner = null;
        var answerers = "";
        try
        {
            await ControlPlane.WaitUntilAsync(
                $"exactly one node to answer for {address}",
                async () =>
                {
                    using var observer = await ClientProgram.ObserveAsync(lab.Client, [address], cancellationToken: cancellationToken);
                    await Task.Delay(TimeSpan.FromMilliseconds(300), cancellationToken);
                    var found = (await observer.StopAsync(cancellationToken)).For(address).Answerers;
                    answerers = found.IsEmpty ? "nobody" : string.Join(" and ", found);
                    owner = found is [var only] ? lab.Nodes.FirstOrDefault(node => node.Host.Mac == only) : null;
                    return owner is not null;
                },
                SettlePatience,
                cancellationToken);
        }
        catch (LabException e)
        {
            var logs = lab.Nodes.Select(node => $"\nSpeaker {node.Name}:\n{node.Speaker.LastLines(10)}");
            throw new LabException($"{e.Message} At last {answerers} answered.{string.Concat(logs)}\nManager:\n{lab.Manager.LastLines(10)}", e);
        }

        return owner!;
    }

    /// <summary>
    /// Waits until every speaker is ready and a neighbour's lock is over: a Linux neighbour entry that has just changed takes no other
    /// claim for a second, whoever makes it, and what is measured is the speakers.
    /// </summary>
    public async Task SettleAsync(CancellationToken cancellationToken = default)
    {
        foreach (var node in lab.Nodes)
        {
            await node.WaitUntilReadyAsync(SettlePatience, cancellationToken);
        }

        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
    }

    private async Task<FaultResult> OnOwnerAsync(Func<LightNode, Task> fault, TimeSpan after, CancellationToken cancellationToken)
    {
        var owner = await OwnerAsync(addresses[0], cancellationToken);
        return await WatchAsync(owner, () => fault(owner), after, cancellationToken);
    }

    private async Task<FaultResult> WatchAsync(LightNode owner, Func<Task> happening, TimeSpan after, CancellationToken cancellationToken)
    {
        using var probe = await ClientProgram.ProbeAsync(lab.Client, addresses, cancellationToken: cancellationToken);
        using var observer = await ClientProgram.ObserveAsync(lab.Client, addresses, cancellationToken: cancellationToken);
        await Task.Delay(Before, cancellationToken);
        var happened = ProbeResult.Now;
        await happening();
        await Task.Delay(after, cancellationToken);
        var probes = await probe.StopAsync(cancellationToken);
        return new FaultResult(owner, happened, probes.SentAfter(happened - ShownBefore), await observer.StopAsync(cancellationToken));
    }
}
