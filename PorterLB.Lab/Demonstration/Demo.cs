using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Probing;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Demonstration;

/// <summary>What is shown beside the main job.</summary>
/// <param name="Update">All speakers are replaced, as by an update of their DaemonSet.</param>
/// <param name="Uninstall">At the end PorterLB is taken out of the cluster.</param>
public sealed record DemoOptions(bool Update = false, bool Uninstall = false);

/// <summary>
/// PorterLB's main job on a real cluster, from the installation to the last address given back, each step with the command that a
/// person would type. Nothing is simulated, and nothing is taken on trust: what is promised is measured from the client.
/// </summary>
public sealed class Demo
{
    private const int HeldConnections = 20;
    private static readonly TimeSpan TakeOver = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TwoAnswerers = TimeSpan.FromSeconds(1);

    private readonly FullLab _lab;
    private readonly Narrator _narrator;
    private readonly CancellationToken _cancel;
    private ImmutableArray<IPAddress> _addresses = [];
    private string? _elected;

    private Demo(FullLab lab, Narrator narrator, CancellationToken cancel)
    {
        _lab = lab;
        _narrator = narrator;
        _cancel = cancel;
    }

    private IPAddress V4 => _addresses.First(address => address.AddressFamily == AddressFamily.InterNetwork);

    /// <summary>False when anything was otherwise than promised.</summary>
    public static async Task<bool> RunAsync(DemoOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var narrator = new Narrator(console);
        narrator.Chapter("A Kubernetes cluster: three nodes, a control plane and a client on one Ethernet segment");
        await using var lab = await FullLab.StartAsync(new FullLabOptions { Kind = "demo" }, narrator.Say, cancellationToken);
        var demo = new Demo(lab, narrator, cancellationToken);
        await demo.PlayAsync(options.Update);
        if (options.Uninstall)
        {
            await demo.LeaveAsync();
        }

        narrator.End();
        return narrator.AllHeld;
    }

    private async Task PlayAsync(bool update)
    {
        await KubectlAsync("get", "nodes", "-o", "wide");
        await InstallAsync();
        await PublishAsync();
        await ReachAsync();
        var cut = await CutOwnerAsync();
        await PlugBackAsync(cut);
        await CutOwnerWithPodAsync();
        await DrainAsync();
        if (update)
        {
            await UpdateAsync();
        }

        await ReleaseAsync();
    }

    private async Task InstallAsync()
    {
        _narrator.Chapter("PorterLB is installed from its own image");
        var image = Path.Combine(_lab.Folder, "porterlb.tar");
        await Images.LabImages.WriteProductAsync(image, _cancel);
        await _lab.ImportAsync(image, _cancel);
        _narrator.Say($"The image was made without a container daemon ({new FileInfo(image).Length >> 20} MB) and loaded into the three nodes.");
        var applied = await KubectlAsync("apply", "-k", "config/default");
        _narrator.Check(applied.Succeeded, "one command installs PorterLB");
        foreach (var workload in (string[])["deployment/porterlb-manager", "daemonset/porterlb-speaker"])
        {
            var rolledOut = await KubectlAsync("--namespace", LightLab.SystemNamespace, "rollout", "status", "--timeout=120s", workload);
            if (!rolledOut.Succeeded)
            {
                await KubectlAsync("--namespace", LightLab.SystemNamespace, "describe", "pods");
                await KubectlAsync("--namespace", LightLab.SystemNamespace, "logs", "--tail=20", workload);
                throw new LabException($"PorterLB did not start: {rolledOut.Text}");
            }
        }

        await KubectlAsync("--namespace", LightLab.SystemNamespace, "get", "pods", "-o", "wide");
    }

    private async Task PublishAsync()
    {
        _narrator.Chapter("A pool of addresses, and a Service that gets one of each family");
        await ApplyAsync(DemoManifests.Eip(_lab.Segment));
        var asked = Stopwatch.GetTimestamp();
        await ApplyAsync(DemoManifests.Service);
        var applied = Stopwatch.GetElapsedTime(asked);
        await ControlPlane.WaitUntilAsync(
            "Service default/web to have two addresses",
            async () =>
            {
                var service = await _lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services/web", _cancel);
                _addresses = [.. (service?["status"]?["loadBalancer"]?["ingress"]?.AsArray() ?? []).Select(item => IPAddress.Parse((string)item!["ip"]!))];
                return _addresses.Length == 2;
            },
            TimeSpan.FromSeconds(30),
            _cancel);
        // kubectl reads the API server's whole schema first, and this server makes it anew after a CRD came: that takes the most of it.
        _narrator.Measured("kubectl apply of a Service to its addresses", $"{Stopwatch.GetElapsedTime(asked).TotalSeconds:0.00} s ({applied.TotalSeconds:0.00} s in kubectl)");
        await KubectlAsync("get", "service", "web");
        await KubectlAsync("get", "eips");

        var owners = await OwnersAsync();
        _elected = owners[V4];
        _narrator.Say($"Elected: {Describe(owners)}. The two Pods go to the other nodes, so that every request takes kube-proxy's second hop.");
        await ApplyAsync(DemoManifests.Deployment(_lab.Nodes.Select(node => node.Name).Where(name => name != _elected)));
        await KubectlAsync("rollout", "status", "--timeout=60s", "deployment/web");
        await KubectlAsync("get", "pods", "-o", "wide");
    }

    private async Task ReachAsync()
    {
        _narrator.Chapter("The client reaches both Pods through the elected node, by either family");
        foreach (var address in _addresses)
        {
            await ClientAsync(address.AddressFamily == AddressFamily.InterNetwork ? $"arping -c2 -w2 -I eth0 {address}" : $"ndisc6 -m -r1 {address} eth0");
            var url = address.AddressFamily == AddressFamily.InterNetwork ? $"http://{address}/" : $"http://[{address}]/";

            // kube-proxy may still be on its way to hearing of the Pods.
            await ControlPlane.WaitUntilAsync(
                $"{url} to answer", async () => (await _lab.Client.Command("curl", "-sgm1", url).TryRunAsync(_cancel)).Succeeded, TimeSpan.FromSeconds(20), _cancel);
            var answers = await ClientAsync($"for i in $(seq 20); do curl -sgm2 '{url}'; done | sort | uniq -c");
            var pods = answers.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            _narrator.Check(pods.Length == 2 && Total(pods) == 20, $"20 requests to {url} are all answered, by both Pods");
        }

        var log = await ObserveAsync(TimeSpan.FromSeconds(1));
        foreach (var address in _addresses)
        {
            _narrator.Check(log.For(address).Answerers.Length == 1, $"exactly one node answers for {address}");
        }
    }

    private async Task<FullNode> CutOwnerAsync()
    {
        var owner = Node((await OwnersAsync())[V4]);
        _narrator.Check(owner.Name == _elected, $"{V4} has stayed where it was elected ({_elected})");
        _narrator.Chapter($"The cable of {owner.Name}, which owns {V4}, is pulled while the client sends");
        _narrator.Say("Every 5 ms a new UDP and a new TCP flow to each address, none waiting for the last.");
        var (probes, _, _) = await WatchAsync(() => SwitchAsync($"ip link set p-{owner.Name} down"), TimeSpan.FromSeconds(3));
        ShowFlows(probes);
        _narrator.Measured("cable pulled: longest silence", Milliseconds(probes.LongestSilence), "< 500 ms", probes.LongestSilence < TakeOver);
        var owners = await OwnersAsync();
        _narrator.Check(owners.Values.All(name => name is not null && name != owner.Name), $"another node goes on: {Describe(owners)}");
        return owner;
    }

    private async Task PlugBackAsync(FullNode cut)
    {
        _narrator.Chapter($"The cable of {cut.Name} is put back");
        var before = await OwnersAsync();
        var (probes, log, pluggedAt) = await WatchAsync(() => SwitchAsync($"ip link set p-{cut.Name} up"), TimeSpan.FromSeconds(5));
        ShowFlows(probes);
        var after = await OwnersAsync();
        _narrator.Check(before.All(pair => after[pair.Key] == pair.Value), $"nothing moves: {Describe(after)}");
        var two = log.Addresses.Max(entry => entry.TwoAnswered);
        _narrator.Measured("cable put back: two nodes answered for", Milliseconds(two), "<= 1 s", two <= TwoAnswerers);
        ShowLost("cable put back", probes, log, pluggedAt);
    }

    private async Task CutOwnerWithPodAsync()
    {
        var owner = Node((await OwnersAsync())[V4]);
        _narrator.Chapter($"A second cut: {owner.Name}, which owns the address now and runs a Pod too");
        var (probes, log, cutAt) = await WatchAsync(() => SwitchAsync($"ip link set p-{owner.Name} down"), TimeSpan.FromSeconds(3));
        var silence = log.For(V4).SilenceAfter(owner.Host.Mac);
        _narrator.Measured(
            "second cut: nobody answers ARP for", silence is { } time ? Milliseconds(time) : "ever", "< 500 ms", silence < TakeOver);
        var late = probes.Flows.SelectMany(flow => flow.Samples).Where(sample => sample.Sent > cutAt + 1_000_000_000).ToList();
        var answered = late.Count(sample => sample.Answered is not null);
        _narrator.Check(answered > 0, "the address answers on the new node");
        _narrator.Say($"From one second after the cut on, {answered} of {late.Count} probes were answered. The others went on to the Pod on {owner.Name}:");
        _narrator.Say("kube-proxy on the other nodes sends there until Kubernetes itself finds the node dead (about 40 s by default). That is");
        _narrator.Say("between Kubernetes and its nodes; the address had moved long before.");
        await SwitchAsync($"ip link set p-{owner.Name} up");
        await ControlPlane.WaitUntilAsync(
            "both Pods to answer again",
            async () => (await _lab.Client.RunAsync($"for i in $(seq 12); do curl -sm1 http://{V4}/ || echo lost; done | sort -u", _cancel))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries) is { Length: 2 } pods && !pods.Contains("lost", StringComparer.Ordinal),
            TimeSpan.FromSeconds(60),
            _cancel);
    }

    private async Task DrainAsync()
    {
        var owner = Node((await OwnersAsync())[V4]);
        _narrator.Chapter($"The speaker of {owner.Name}, which owns the address, is taken away in order (as a drain or an update does)");
        var pod = (await _lab.ControlPlane.Kubectl(
            "--namespace", LightLab.SystemNamespace, "get", "pods", "--selector=app.kubernetes.io/component=speaker",
            $"--field-selector=spec.nodeName={owner.Name}", "-o", "name").RunAsync(_cancel)).Trim();
        using var held = await ClientProgram.HoldAsync(_lab.Client, V4, HeldConnections, cancellationToken: _cancel);
        var (probes, log, deletedAt) = await WatchAsync(
            () => KubectlAsync("--namespace", LightLab.SystemNamespace, "delete", "--wait=false", pod), TimeSpan.FromSeconds(5));
        var survived = await held.StopAsync(_cancel);
        ShowFlows(probes);
        ShowLost("speaker stopped", probes, log, deletedAt);
        _narrator.Measured("speaker stopped: connections open at that moment that broke", $"{probes.Broken} of {probes.Sent / 2}");
        _narrator.Measured("speaker stopped: held TCP connections that survived", $"{survived.Survived} of {survived.Opened}");
        _narrator.Say("An established connection through a moved address ends: its translation was kept by the node that left. So an address");
        _narrator.Say("never moves without need.");
        var said = log.For(V4);
        _narrator.Check(
            said.AnswererAt(ProbeResult.Now) is { } mac && mac != owner.Host.Mac, $"another node answers for {V4}: {NameOf(said.AnswererAt(ProbeResult.Now))}");
        var two = log.Addresses.Max(entry => entry.TwoAnswered);
        _narrator.Measured("speaker stopped: two nodes answered for", Milliseconds(two), "<= 1 s", two <= TwoAnswerers);
    }

    private async Task UpdateAsync()
    {
        _narrator.Chapter("All speakers are replaced, one node after the other (as an update of their DaemonSet does)");
        var (probes, log, began) = await WatchAsync(
            async () =>
            {
                await KubectlAsync("--namespace", LightLab.SystemNamespace, "rollout", "restart", "daemonset/porterlb-speaker");
                var done = await KubectlAsync("--namespace", LightLab.SystemNamespace, "rollout", "status", "--timeout=180s", "daemonset/porterlb-speaker");
                _narrator.Check(done.Succeeded, "every node has its new speaker");
            },
            TimeSpan.FromSeconds(5));
        ShowFlows(probes);
        ShowLost("speakers updated", probes, log, began);
        var two = log.Addresses.Max(entry => entry.TwoAnswered);
        _narrator.Measured("speakers updated: two nodes answered for", Milliseconds(two), "<= 1 s", two <= TwoAnswerers);
    }

    private async Task ReleaseAsync()
    {
        _narrator.Chapter("The Service is deleted");
        var deleted = await KubectlAsync("delete", "service", "web", "--timeout=30s");
        _narrator.Check(deleted.Succeeded, "the Service goes, its finalizer with it");
        await Task.Delay(TimeSpan.FromSeconds(1), _cancel);
        var log = await ObserveAsync(TimeSpan.FromSeconds(1));
        foreach (var address in _addresses)
        {
            _narrator.Check(log.For(address).Answers.IsEmpty, $"nobody answers for {address} any more");
        }

        await ClientAsync($"arping -c2 -w2 -I eth0 {V4}");
        await KubectlAsync("get", "eips");
        var eip = await _lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips/lan", _cancel);
        _narrator.Check(((int?)eip?["status"]?["usage"] ?? 0) == 0, "the Eip is free again");
    }

    private async Task LeaveAsync()
    {
        _narrator.Chapter("PorterLB is taken out of the cluster, with a Service still served");
        await KubectlAsync("create", "service", "loadbalancer", "last", "--tcp=80:8080");
        await KubectlAsync("annotate", "service", "last", "lb.kubesphere.io/v1alpha1=porterlb");
        await ControlPlane.WaitUntilAsync(
            "Service default/last to have an address", async () => (await LastAsync())["status"]?["loadBalancer"]?["ingress"] is not null, TimeSpan.FromSeconds(30), _cancel);
        await KubectlAsync("apply", "-k", "config/uninstall");
        var done = await KubectlAsync("--namespace", LightLab.SystemNamespace, "wait", "--for=condition=complete", "--timeout=120s", "job/porterlb-uninstall");
        await KubectlAsync("--namespace", LightLab.SystemNamespace, "logs", "job/porterlb-uninstall");
        _narrator.Check(done.Succeeded, "a Job does it, under an account that may do this and nothing else");
        var last = await LastAsync();
        _narrator.Check(
            last["metadata"]!["finalizers"] is null && last["status"]?["loadBalancer"]?["ingress"] is null, "the Service stays, with no address and nothing that holds it");
        _narrator.Check(
            await _lab.ControlPlane.Api.GetAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/eips.network.kubesphere.io", _cancel) is null, "the kinds are gone");

        async Task<JsonNode> LastAsync() => (await _lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services/last", _cancel))!;
    }

    /// <summary>Probes and observes while something happens and some time longer; what is shown begins half a second before it.</summary>
    private async Task<(ProbeResult Probes, AnswerLog Answers, long Happened)> WatchAsync(Func<Task> happening, TimeSpan after)
    {
        using var probe = await ClientProgram.ProbeAsync(_lab.Client, _addresses, cancellationToken: _cancel);
        using var observer = await ClientProgram.ObserveAsync(_lab.Client, _addresses, cancellationToken: _cancel);
        await Task.Delay(TimeSpan.FromSeconds(1.5), _cancel);
        var happened = ProbeResult.Now;
        await happening();
        await Task.Delay(after, _cancel);
        var probes = await probe.StopAsync(_cancel);
        return (probes.SentAfter(happened - 500_000_000), await observer.StopAsync(_cancel), happened);
    }

    private async Task<AnswerLog> ObserveAsync(TimeSpan duration)
    {
        using var observer = await ClientProgram.ObserveAsync(_lab.Client, _addresses, cancellationToken: _cancel);
        await Task.Delay(duration, _cancel);
        return await observer.StopAsync(_cancel);
    }

    /// <summary>Who answers for each address just now, as the wire tells; null when nobody does.</summary>
    private async Task<Dictionary<IPAddress, string?>> OwnersAsync()
    {
        Dictionary<IPAddress, string?> owners = [];
        await ControlPlane.WaitUntilAsync(
            "a node to answer for each address",
            async () =>
            {
                var log = await ObserveAsync(TimeSpan.FromMilliseconds(300));
                owners = _addresses.ToDictionary(address => address, address => log.For(address).Answers is [.., var last] ? NameOf(last.Mac) : null);
                return owners.Values.All(owner => owner is not null);
            },
            TimeSpan.FromSeconds(20),
            _cancel);
        return owners;
    }

    private string? NameOf(string? mac) => _lab.Nodes.FirstOrDefault(node => node.Host.Mac == mac)?.Name;

    /// <summary>Promises that nothing was lost, and tells when what was lost was sent and who answered around then.</summary>
    private void ShowLost(string when, ProbeResult probes, AnswerLog log, long happened)
    {
        _narrator.Measured($"{when}: probes lost", $"{probes.Lost} of {probes.Sent}", "0", probes.Lost == 0);
        if (probes.Lost > 0)
        {
            _narrator.Say($"Lost, by when they were sent after the command: {probes.DescribeLost(happened)}");
            foreach (var address in _addresses)
            {
                _narrator.Say($"Who answered for {address}: {string.Join(", ", Turns(log.For(address), happened))}");
            }
        }
    }

    /// <summary>Who answered, each time that it became another, and when after a moment.</summary>
    private IEnumerable<string> Turns(AddressAnswers said, long since) => said.Answers
        .Where((answer, i) => i == 0 || said.Answers[i - 1].Mac != answer.Mac)
        .Select(answer => $"{NameOf(answer.Mac)} from {(answer.Answered - since) / 1e6:+0;-0} ms");

    private FullNode Node(string? name) => _lab.Nodes.First(node => node.Name == name);

    private void ShowFlows(ProbeResult probes)
    {
        foreach (var flow in probes.Flows)
        {
            _narrator.Say($"{flow}; answered by {string.Join(", ", flow.Answerers.Select(pair => $"{pair.Key} ({pair.Value})"))}");
        }
    }

    private Task<CommandResult> KubectlAsync(params string[] arguments) =>
        _narrator.ShowAsync(
            "admin", $"{new Command("kubectl", [.. arguments])}", _lab.ControlPlane.Kubectl(arguments) with { WorkingDirectory = Repository.Root }, _cancel);

    private async Task ApplyAsync(string manifest)
    {
        var applied = await _narrator.ShowAsync(
            "admin", "kubectl apply -f -", _lab.ControlPlane.Kubectl("apply", "-f", "-") with { Input = manifest }, _cancel);
        if (!applied.Succeeded)
        {
            throw new LabException($"kubectl apply failed: {applied.Text}");
        }
    }

    private Task<CommandResult> ClientAsync(string script) =>
        _narrator.ShowAsync("client", script, _lab.Client.Namespace.Inside(new Command("sh", "-c", script)), _cancel);

    private async Task SwitchAsync(string script) =>
        await _narrator.ShowAsync("switch", script, _lab.Segment.OnSwitch(Command.Shell(script)), _cancel);

    private static string Describe(IReadOnlyDictionary<IPAddress, string?> owners) =>
        string.Join(", ", owners.Select(pair => $"{pair.Value ?? "nobody"} answers for {pair.Key}"));

    private static string Milliseconds(TimeSpan time) => $"{time.TotalMilliseconds:0} ms";

    private static int Total(IEnumerable<string> counted) => counted.Sum(line => int.Parse(line.Trim().Split(' ')[0]));
}
