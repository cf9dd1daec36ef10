using System.Diagnostics;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>What thousands of Services cost: time to the last address, API requests, CPU and memory; and a manager's restart among them.</summary>
internal static class ServiceMeasurement
{
    private const int AtOnce = 16;
    private const int DeletedByKubectl = 100;
    private const int More = 20;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>False when a figure is outside of what is promised.</summary>
    public static async Task<bool> RunAsync(int count, bool restarts, bool deletions, IAnsiConsole console, CancellationToken cancellationToken)
    {
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "measure services" }, Say, cancellationToken);
        await lab.ControlPlane.PreferAsync(cancellationToken);
        await lab.InstallAsync(cancellationToken);
        var manager = lab.StartManager();
        foreach (var node in lab.Nodes)
        {
            node.StartSpeaker();
            await node.WaitUntilReadyAsync(TimeSpan.FromSeconds(60), cancellationToken);
            await node.PreferAsync(cancellationToken);
        }

        var pool = await lab.ApplyAsync(
            """
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata:
              name: lan
            spec:
              address: 10.77.0.0/16
              interface: eth0
            """,
            cancellationToken);
        if (!pool.Succeeded)
        {
            throw new LabException(pool.Text);
        }

        var figures = new FigureTable();

        try
        {
            await CreateFirstAsync(lab, "warm", cancellationToken);
            await CreateForeignAsync(lab, count / 10, figures, cancellationToken);
            Say($"Creating {count} Services, {AtOnce} at a time.");
            await using (var services = await StoredServices.StartAsync(lab, cancellationToken))
            {
                await CreateManyAsync(lab, manager, services, count, figures, cancellationToken);
                await AFewMoreAsync(lab, count, figures, cancellationToken);
                await IdleAsync(lab, manager, figures, cancellationToken);
                if (restarts)
                {
                    await RestartAsync(lab, manager, services, kill: false, count, figures, cancellationToken);
                    await RestartAsync(lab, lab.Manager, services, kill: true, count, figures, cancellationToken);
                }
            }

            if (deletions)
            {
                await DeleteAsync(lab, figures, cancellationToken);
            }
        }
        finally
        {
            // Whatever ends it: what was measured until then.
            console.Write(figures.ToTable());
        }

        return figures.AllHeld;
    }

    // Seen by everybody and served by nobody: what the API server takes for each, with its watchers.
    private static async Task CreateForeignAsync(LightLab lab, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await CreateAsync(lab, count, "foreign", "nobody", cancellationToken);
        figures.Add($"{count} Services of nobody's created (the API server's own time), ms each", double.PositiveInfinity, 1_000 * Seconds(started, Stopwatch.GetTimestamp()) / count);
    }

    private static Task CreateAsync(LightLab lab, int count, string name, string of, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, count),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
        async (number, cancel) => await CreateAsync(lab, $"{name}-{number}", of, cancel));

    private static async Task CreateManyAsync(
        LightLab lab, LabProcess manager, StoredServices services, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var (managerCpu, speakerCpu) = (ProcessorTime.SecondsOf(manager.Id), lab.Nodes.Select(node => ProcessorTime.SecondsOf(node.Speaker.Id)).ToArray());
        var before = await RequestsAsync(lab, cancellationToken);
        var started = Stopwatch.GetTimestamp();
        await CreateAsync(lab, count, "s", "porterlb", cancellationToken);
        var created = Stopwatch.GetTimestamp();
        await ControlPlane.WaitUntilAsync($"{count} addresses", () => Task.FromResult(services.WithAddress >= count), Patience, cancellationToken, manager);
        figures.Add($"{count} Services created, s", double.PositiveInfinity, Seconds(started, created));
        figures.Add("… ms each", double.PositiveInfinity, 1_000 * Seconds(started, created) / count);
        figures.Add("last address after the last creation, s", 1, Math.Max(0, Seconds(created, services.LastAddress)));
        figures.Add("… each Service's creation to its address, s", double.PositiveInfinity, services.TimesToAddress());
        await ControlPlane.WaitUntilAsync($"{count} announced", () => Task.FromResult(services.Announced >= count), Patience, cancellationToken, manager);
        figures.Add("last condition Announced after the last creation, s", double.PositiveInfinity, Math.Max(0, Seconds(created, services.LastAnnounced)));
        var after = await RequestsAsync(lab, cancellationToken);
        figures.Add("manager's CPU for them, s", double.PositiveInfinity, ProcessorTime.SecondsOf(manager.Id) - managerCpu);
        figures.Add("a speaker's CPU for them, s", double.PositiveInfinity, [.. lab.Nodes.Select((node, i) => ProcessorTime.SecondsOf(node.Speaker.Id) - speakerCpu[i])]);
        figures.Add("writes of each Service after its creation, mean", double.PositiveInfinity, (double)services.Changes / count);
        figures.Add("manager's PATCH requests per Service (Events aside)", double.PositiveInfinity, (after.Patches - before.Patches) / count);
        figures.Add("manager's POST requests per Service (Events)", double.PositiveInfinity, (after.Posts - before.Posts) / count);
        figures.Add("addresses that two Services have", 0, services.Duplicates);
        figures.Add("resident, manager, MB", double.PositiveInfinity, Resident.MegabytesOf(manager.Id));
        figures.Add("resident, speaker, MB", double.PositiveInfinity, [.. lab.Nodes.Select(node => Resident.MegabytesOf(node.Speaker.Id))]);
    }

    // One after the other. What the API server takes is the creation, and the manager's one request; the rest is ours, and two watches.
    private static async Task AFewMoreAsync(LightLab lab, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var before = await PatchTimeAsync(lab, cancellationToken);
        var afterCreation = 0d;
        for (var i = 1; i <= More; i++)
        {
            var address = AddressOfAsync(lab, $"more-{i}", cancellationToken);
            var started = Stopwatch.GetTimestamp();
            await CreateAsync(lab, $"more-{i}", "porterlb", cancellationToken);
            var created = Stopwatch.GetTimestamp();
            var addressed = await address;
            afterCreation += Seconds(created, addressed);
            figures.Add($"one more Service at {count}: request to its answer (the API server), ms", double.PositiveInfinity, 1_000 * Seconds(started, created));
            figures.Add("… its answer to the address, seen by a watch, ms", double.PositiveInfinity, 1_000 * Seconds(created, addressed));
            figures.Add("… request to the address, ms", double.PositiveInfinity, 1_000 * Seconds(started, addressed));
        }

        var after = await PatchTimeAsync(lab, cancellationToken);
        var patch = (after.Seconds - before.Seconds) / (after.Count - before.Count);
        figures.Add("… the manager's PATCH (the API server), mean, ms", double.PositiveInfinity, 1_000 * patch);
        figures.Add("… answer to the address beyond that, mean, ms", 10, 1_000 * ((afterCreation / More) - patch));
    }

    private static async Task<(double Seconds, double Count)> PatchTimeAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var page = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        double Of(string part) => page.Sum($"rest_client_request_duration_seconds_{part}", "verb=\"PATCH\"");
        return (Of("sum"), Of("count"));
    }

    private static async Task IdleAsync(LightLab lab, LabProcess manager, FigureTable figures, CancellationToken cancellationToken)
    {
        // What comes after the last Service: Events, conditions, the pools' status.
        await Task.Delay(Idle, cancellationToken);
        var (cpu, before) = (ProcessorTime.SecondsOf(manager.Id), await RequestsAsync(lab, cancellationToken));
        var speakers = await Task.WhenAll(lab.Nodes.Select(async node => (Cpu: ProcessorTime.SecondsOf(node.Speaker.Id), Requests: await OfSpeakerAsync(node))));
        await Task.Delay(Idle, cancellationToken);
        var after = await RequestsAsync(lab, cancellationToken);
        figures.Add("idle: manager's requests per minute", double.PositiveInfinity, (after.All - before.All) / Idle.TotalMinutes);
        figures.Add("idle: manager's CPU, % of a core", double.PositiveInfinity, 100 * (ProcessorTime.SecondsOf(manager.Id) - cpu) / Idle.TotalSeconds);
        foreach (var (node, then) in lab.Nodes.Zip(speakers))
        {
            figures.Add("idle: a speaker's requests per minute", double.PositiveInfinity, (await OfSpeakerAsync(node) - then.Requests) / Idle.TotalMinutes);
            figures.Add("idle: a speaker's CPU, % of a core", double.PositiveInfinity, 100 * (ProcessorTime.SecondsOf(node.Speaker.Id) - then.Cpu) / Idle.TotalSeconds);
            figures.Add("idle: resident, speaker, MB", double.PositiveInfinity, Resident.MegabytesOf(node.Speaker.Id));
            figures.Add("Speaker object, KB", double.PositiveInfinity, (await lab.ControlPlane.Api.GetAsync($"/apis/network.kubesphere.io/v1alpha2/speakers/{node.Name}", cancellationToken))!.ToJsonString().Length / 1e3);
        }

        figures.Add("idle: resident, manager, MB", double.PositiveInfinity, Resident.MegabytesOf(manager.Id));

        async Task<double> OfSpeakerAsync(LightNode node) => (await MetricsPage.OfSpeakerAsync(node, cancellationToken)).Sum("rest_client_requests_total");
    }

    private static async Task RestartAsync(
        LightLab lab, LabProcess manager, StoredServices services, bool kill, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var how = kill ? "kill -9" : "clean stop";
        if (kill)
        {
            await manager.KillAsync(cancellationToken);
        }
        else
        {
            await manager.StopAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }

        var name = kill ? "after-kill" : "after-stop";
        var changes = services.Changes;
        var started = Stopwatch.GetTimestamp();
        var next = lab.StartManager();
        await CreateAsync(lab, name, "porterlb", cancellationToken);
        figures.Add(
            $"manager restarted at {count} after a {how}: started to first new address, s",
            kill ? 25 : 2,
            Seconds(started, await AddressOfAsync(services, name, cancellationToken)));
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);

        // Two are the new Service's own: address and condition.
        figures.Add($"writes to Services because of the restart after a {how}", 0, Math.Max(0, services.Changes - changes - 2));
        figures.Add($"resident, manager, restarted after a {how}, MB", double.PositiveInfinity, Resident.MegabytesOf(next.Id));
    }

    // kubectl deletes one after the other, and asks for each until it is gone: with a foreign Service beside ours, its own pace can be seen.
    private static async Task DeleteAsync(LightLab lab, FigureTable figures, CancellationToken cancellationToken)
    {
        foreach (var (what, opt) in (IEnumerable<(string, string)>)[("of nobody's", "nobody"), ("with an address", "porterlb")])
        {
            for (var i = 0; i < DeletedByKubectl; i++)
            {
                await CreateAsync(lab, $"gone-{i}", opt, cancellationToken);
            }

            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            var started = Stopwatch.GetTimestamp();
            await lab.ControlPlane.Kubectl("delete", "services", "-l", $"of={opt},gone=yes").RunAsync(cancellationToken);
            figures.Add($"kubectl delete of {DeletedByKubectl} Services {what}, s", double.PositiveInfinity, Seconds(started, Stopwatch.GetTimestamp()));
        }

        for (var i = 0; i < DeletedByKubectl; i++)
        {
            await CreateAsync(lab, $"gone-{i}", "porterlb", cancellationToken);
        }

        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        var begun = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, DeletedByKubectl),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (number, cancel) => await lab.ControlPlane.Api.DeleteAsync($"/api/v1/namespaces/default/services/gone-{number}", cancel));
        await ControlPlane.WaitUntilAsync(
            "the Services to be gone",
            async () => (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services?labelSelector=gone%3Dyes", cancellationToken))!["items"]!.AsArray().Count == 0,
            Patience,
            cancellationToken);
        figures.Add($"{DeletedByKubectl} Services with an address deleted at once, s", double.PositiveInfinity, Seconds(begun, Stopwatch.GetTimestamp()));
    }

    private static async Task CreateFirstAsync(LightLab lab, string name, CancellationToken cancellationToken)
    {
        await CreateAsync(lab, name, "porterlb", cancellationToken);
        await lab.WaitForAddressesAsync(name, 1, TimeSpan.FromSeconds(90), cancellationToken);
    }

    private static Task<JsonNode> CreateAsync(LightLab lab, string name, string of, CancellationToken cancellationToken) =>
        lab.ControlPlane.Api.CreateAsync(
            "/api/v1/namespaces/default/services",
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["labels"] = new JsonObject { ["of"] = of, ["gone"] = name.StartsWith("gone", StringComparison.Ordinal) ? "yes" : "no" },
                    ["annotations"] = new JsonObject { ["lb.kubesphere.io/v1alpha1"] = of },
                },
                ["spec"] = new JsonObject
                {
                    ["type"] = "LoadBalancer",
                    ["selector"] = new JsonObject { ["app"] = name },
                    ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }),
                },
            },
            cancellationToken);

    // When a watch that is opened before the Service is there tells of its address, as a user's would.
    private static async Task<long> AddressOfAsync(LightLab lab, string name, CancellationToken cancellationToken)
    {
        await foreach (var change in lab.ControlPlane.Api.WatchAsync(
            $"/api/v1/namespaces/default/services?watch=1&fieldSelector=metadata.name%3D{name}", cancellationToken))
        {
            if (change["object"]!["status"]?["loadBalancer"]?["ingress"] is not null)
            {
                return Stopwatch.GetTimestamp();
            }
        }

        throw new LabException($"The API server ended its watch before {name} had an address.");
    }

    private static async Task<long> AddressOfAsync(StoredServices services, string name, CancellationToken cancellationToken)
    {
        while (services.AddressOf(name) is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), cancellationToken);
        }

        return services.AddressOf(name)!.Value;
    }

    private static async Task<(double Patches, double Posts, double All)> RequestsAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var page = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        double Of(string method) => page.Sum("rest_client_requests_total", $"method=\"{method}\"");
        return (Of("PATCH"), Of("POST"), Of("PATCH") + Of("POST") + Of("PUT") + Of("GET") + Of("DELETE"));
    }

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;
}
