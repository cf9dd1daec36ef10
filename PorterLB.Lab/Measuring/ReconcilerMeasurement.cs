using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>How large the measurement is.</summary>
public sealed record ReconcilerMeasurementOptions(int Objects = 10_000, int Starts = 3, int Changes = 200, int Events = 2_000);

/// <summary>
/// What the reconciliation framework costs: a manager among ten thousand Services and as many EndpointSlices of others, beside a controller
/// with the official client's full models.
/// </summary>
public static class ReconcilerMeasurement
{
    private const string Crowd = "crowd";
    private const string PeerSynced = "synced";
    private const string Pool = "198.51.100.0/24";

    // The controller to compare with: it uses the official client, which the lab itself does not.
    private static readonly string PeerFolder = Path.Combine(Repository.Root, "docs/samples/FullModelController");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(20);

    /// <summary>False when a figure is outside of what is promised.</summary>
    public static async Task<bool> RunAsync(ReconcilerMeasurementOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        void Say(string line) => console.MarkupLineInterpolated($"[grey]{line}[/]");

        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "measure" }, Say, cancellationToken);
        await lab.InstallAsync(cancellationToken);
        await (lab.ControlPlane.Kubectl("apply", "-f", "-") with
        {
            Input = $$"""
                apiVersion: network.kubesphere.io/v1alpha2
                kind: Eip
                metadata: { name: crowd }
                spec: { address: {{Pool}} }
                """,
        }).RunAsync(cancellationToken);
        var figures = new FigureTable();
        await new Command("dotnet", "build", PeerFolder, "-c", "Release", "-v", "q", "--nologo").RunAsync(cancellationToken);

        lab.StartManager();
        await lab.WaitForManagerAsync(cancellationToken: cancellationToken);
        await Task.Delay(Settled, cancellationToken);
        figures.Add("manager, few objects: resident, MB", 30, Resident.MegabytesOf(lab.Manager.Id));
        await lab.Manager.StopAsync(Patience, cancellationToken);

        Say($"{options.Objects} Services and EndpointSlices are created.");
        await FillAsync(lab.ControlPlane.Api, options.Objects, cancellationToken);

        for (var i = 0; i < options.Starts; i++)
        {
            var started = Stopwatch.GetTimestamp();
            lab.StartManager();
            await lab.WaitForManagerAsync(cancellationToken: cancellationToken);
            figures.Add("manager: start to synced caches, ms", double.PositiveInfinity, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(Settled, cancellationToken);
            figures.Add("manager: resident, MB", double.PositiveInfinity, Resident.MegabytesOf(lab.Manager.Id));
            if (i < options.Starts - 1)
            {
                await lab.Manager.StopAsync(Patience, cancellationToken);
            }

            var (synced, resident) = await MeasureFullModelsAsync(lab, cancellationToken);
            figures.Add("full models, JIT: start to stored objects, ms", double.PositiveInfinity, synced);
            figures.Add("full models, JIT: resident, MB", double.PositiveInfinity, resident);
        }

        await MeasureRestAsync(lab, figures, cancellationToken);
        await MeasureEventsAsync(lab, options.Events, figures, cancellationToken);
        await MeasureChangesAsync(lab, options.Changes, figures, cancellationToken);
        figures.Add("manager: resident at the end, MB", double.PositiveInfinity, Resident.MegabytesOf(lab.Manager.Id));
        console.Write(figures.ToTable());
        return figures.AllHeld;
    }

    private static async Task FillAsync(ApiClient api, int count, CancellationToken cancellationToken)
    {
        await api.CreateAsync("/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = Crowd } }, cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, count, parallel, async (i, cancel) =>
        {
            // Headless: the API server gives out a cluster IP in tens of milliseconds, and nobody here needs one.
            await api.CreateAsync(
                $"/api/v1/namespaces/{Crowd}/services",
                JsonNode.Parse($$$"""{"metadata":{"name":"s{{{i}}}","labels":{"app":"a{{{i}}}","team":"t{{{i % 50}}}"}},"spec":{"clusterIP":"None","selector":{"app":"a{{{i}}}"},"ports":[{"name":"http","port":80,"targetPort":8080},{"name":"metrics","port":9090}]}}""")!,
                cancel);
            await api.CreateAsync(SlicesPath, Slice(i), cancel);
        });
    }

    private const string SlicesPath = $"/apis/discovery.k8s.io/v1beta1/namespaces/{Crowd}/endpointslices";

    private static JsonNode Slice(int i) => JsonNode.Parse(
        $$$"""
        {"metadata":{"name":"s{{{i}}}-x","labels":{"kubernetes.io/service-name":"s{{{i}}}"}},"addressType":"IPv4","ports":[{"name":"http","port":8080}],
         "endpoints":[{"addresses":["10.244.{{{i / 250 % 250}}}.{{{i % 250}}}"],"conditions":{"ready":true},"nodeName":"n1"},
                      {"addresses":["10.245.{{{i / 250 % 250}}}.{{{i % 250}}}"],"conditions":{"ready":true},"nodeName":"n2"}]}
        """)!;

    private static async Task<(double SyncedMs, double ResidentMb)> MeasureFullModelsAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = lab.ManagerHost(1).Command(
            "dotnet", Path.Combine(PeerFolder, "bin/Release/net10.0/FullModelController.dll"), lab.ControlPlane.AdminKubeconfig).Start();
        try
        {
            if (await process.StandardOutput.ReadLineAsync(cancellationToken) != PeerSynced)
            {
                throw new LabException($"The controller to compare with ended: {await process.StandardError.ReadToEndAsync(cancellationToken)}");
            }

            var synced = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            await Task.Delay(Settled, cancellationToken);
            return (synced, Resident.MegabytesOf(process.Id));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task MeasureRestAsync(LightLab lab, FigureTable figures, CancellationToken cancellationToken)
    {
        var before = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        await Task.Delay(Rest, cancellationToken);
        var after = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        double Count(params string[] labels) =>
            after.Sum("rest_client_request_duration_seconds_count", labels) - before.Sum("rest_client_request_duration_seconds_count", labels);
        double Rate(params string[] labels) => Count(labels) / Rest.TotalSeconds;

        // The lease is renewed by PUT; a list is the check that Kubernetes 1.20 makes necessary (see InformerOptions.SilenceCheck); each
        // watch ends after 5 to 10 minutes, by its own choice, and goes on in another: then it is asked what the server is now.
        var others = Count() - Count("verb=\"PUT\"") - Count("verb=\"LIST\"") - Count("verb=\"WATCH\"");
        figures.Add(
            "at rest: requests/s beside lease, watches and 1.20's silence check", 0, Math.Max(0, others - Count("verb=\"WATCH\"")) / Rest.TotalSeconds);
        figures.Add("at rest: watches opened anew/s", 0.1, Rate("verb=\"WATCH\""));
        figures.Add("at rest: lease renewals/s", 0.6, Rate("verb=\"PUT\""));
        figures.Add("at rest: silence checks/s", 0.15, Rate("verb=\"LIST\""));
    }

    private static async Task MeasureEventsAsync(LightLab lab, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var before = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken }, async (i, cancel) =>
            await lab.ControlPlane.Api.MergeAsync($"{SlicesPath}/s{i}-x", JsonNode.Parse("""{"metadata":{"annotations":{"touched":"yes"}}}""")!, cancel));
        await Task.Delay(Settled / 2, cancellationToken);
        var after = await MetricsPage.OfManagerAsync(lab, cancellationToken);
        figures.Add(
            "watch event of an EndpointSlice: allocated, bytes", double.PositiveInfinity,
            (after.Sum("dotnet_gc_allocated_bytes_total") - before.Sum("dotnet_gc_allocated_bytes_total")) / count);
        figures.Add(
            "watch event of an EndpointSlice: CPU, us", double.PositiveInfinity,
            (after.Sum("process_cpu_seconds_total") - before.Sum("process_cpu_seconds_total")) * 1e6 / count);
    }

    private static async Task MeasureChangesAsync(LightLab lab, int count, FigureTable figures, CancellationToken cancellationToken)
    {
        var created = new List<double>();
        var reconciled = new List<double>();
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var seen = System.Threading.Channels.Channel.CreateUnbounded<(string Name, bool Addressed, long At)>();
        var watch = WatchAsync(lab.ControlPlane.Api, seen.Writer, watching.Token);
        for (var i = 0; i < count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"c{i}");
            var started = Stopwatch.GetTimestamp();
            await lab.ControlPlane.Api.CreateAsync(
                "/api/v1/namespaces/default/services",
                JsonNode.Parse($$$"""{"metadata":{"name":"{{{name}}}","annotations":{"lb.kubesphere.io/v1alpha1":"porterlb"}},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""")!,
                cancellationToken);
            long? added = null;
            await foreach (var (who, addressed, at) in seen.Reader.ReadAllAsync(cancellationToken))
            {
                if (who != name)
                {
                    continue;
                }

                added ??= at;
                if (addressed)
                {
                    created.Add(Stopwatch.GetElapsedTime(started, added.Value).TotalMilliseconds);
                    reconciled.Add(Stopwatch.GetElapsedTime(added.Value, at).TotalMilliseconds);
                    break;
                }
            }
        }

        await watching.CancelAsync();
        await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        figures.Add("API server's own: a Service created to its event, ms", double.PositiveInfinity, [.. created]);
        figures.Add("that event to the event of its address, ms", double.PositiveInfinity, [.. reconciled]);
        figures.Add("that event to the event of its address, p99, ms", double.PositiveInfinity, reconciled.Order().ElementAt((int)(reconciled.Count * 0.99)));
    }

    private static async Task WatchAsync(
        ApiClient api, System.Threading.Channels.ChannelWriter<(string Name, bool Addressed, long At)> seen, CancellationToken cancellationToken)
    {
        await foreach (var change in api.WatchAsync("/api/v1/namespaces/default/services?watch=true", cancellationToken))
        {
            var service = change["object"]!;
            seen.TryWrite(((string)service["metadata"]!["name"]!, service["status"]?["loadBalancer"]?["ingress"] is not null, Stopwatch.GetTimestamp()));
        }
    }
}
