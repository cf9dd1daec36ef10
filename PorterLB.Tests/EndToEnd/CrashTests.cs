using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PorterLB.Lab;
using PorterLB.Lab.Lifetime;
using PorterLB.Lab.Processes;

namespace PorterLB.Tests.EndToEnd;

/// <summary>
/// Promise 1: never two Services on one address, whatever is killed and whenever. Two managers are killed at random moments while Services
/// are created, changed and deleted. The long version: <c>make crashes</c> (200 kills, 500 Services).
/// </summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly int Kills = Number("PORTERLB_CRASHES", 10);
    private static readonly int Services = Number("PORTERLB_CRASH_SERVICES", 50);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly string[] Lease = ["--lease-duration=3s", "--renew-deadline=2s", "--retry-period=500ms"];
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Managers_killed_at_random_moments_lose_no_address_and_give_none_twice()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var seed = Number("PORTERLB_SEED", Random.Shared.Next());
        output.WriteLine($"seed {seed}: PORTERLB_SEED={seed} repeats the order of kills and changes");
        await using var lab = await LightLab.StartAsync(new LightLabOptions { Kind = "tests", Nodes = 0 }, output.WriteLine, Cancel);
        await lab.InstallAsync(Cancel);
        await CreatePoolsAsync(lab);
        var managers = new LabProcess[2];
        for (var i = 0; i < managers.Length; i++)
        {
            managers[i] = lab.StartManager(i, Lease);
        }

        await lab.WaitForManagerAsync(cancellationToken: Cancel);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var watch = new AddressWatch();
        var observer = watch.RunAsync(lab, done.Token);
        var workload = ChangeAsync(lab, new Random(seed), done.Token);
        var random = new Random(seed + 1);
        for (var kill = 0; kill < Kills; kill++)
        {
            // From the middle of a start to the middle of steady work under a lease that ran out.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 3000)), Cancel);
            var victim = random.Next(managers.Length);
            await managers[victim].KillAsync(Cancel);
            managers[victim] = lab.StartManager(victim, Lease);
        }

        await done.CancelAsync();
        var changes = await workload;
        await observer;
        var since = Stopwatch.StartNew();
        string[] wrong = ["never looked"];
        while (wrong.Length > 0 && since.Elapsed < Settled)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancel);
            wrong = await WrongAsync(lab);
        }

        output.WriteLine($"{Kills} kills, {changes} changes, {watch.Looks} looks while it went on; right {since.Elapsed.TotalSeconds:0.0} s after the last start");
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.True(watch.Doubles.IsEmpty, string.Join('\n', watch.Doubles));
        Assert.All(managers, manager => Assert.False(manager.HasExited, manager.LastLines()));
    }

    private static int Number(string variable, int @default) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : @default;

    // A tight pool that fills up, and a wide one behind it.
    private static async Task CreatePoolsAsync(LightLab lab)
    {
        var applied = await lab.ApplyAsync(
            $$"""
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata: {name: tight}
            spec: {address: 10.77.0.0-10.77.0.{{Math.Min(250, Services / 3)}}, priority: 1}
            ---
            apiVersion: network.kubesphere.io/v1alpha2
            kind: Eip
            metadata: {name: wide}
            spec: {address: 10.78.0.0/20, priority: 2}
            """,
            Cancel);
        Assert.True(applied.Succeeded, applied.Text);
    }

    // Created, asked for another address, made ClusterIP and back, deleted: all the time, in an order that the seed tells.
    private static async Task<int> ChangeAsync(LightLab lab, Random random, CancellationToken cancellationToken)
    {
        var alive = new List<string>();
        var changes = 0;
        try
        {
            while (true)
            {
                var (dice, next) = (random.Next(100), alive.Count > 0 ? alive[random.Next(alive.Count)] : null);
                var path = "/api/v1/namespaces/default/services";
                if (next is null || (alive.Count < Services && dice < 60))
                {
                    var name = $"web-{changes}";
                    await lab.ControlPlane.Api.CreateAsync(path, Service(name, dice % 7 == 0 ? $"10.78.1.{random.Next(250)}" : null), cancellationToken);
                    alive.Add(name);
                }
                else if (dice < 75)
                {
                    await lab.ControlPlane.Api.MergeAsync($"{path}/{next}", Annotations("eip.openelb.kubesphere.io/v1alpha1", dice % 2 == 0 ? null : $"10.78.2.{random.Next(250)}"), cancellationToken);
                }
                else if (dice < 85)
                {
                    await lab.ControlPlane.Api.MergeAsync($"{path}/{next}", Annotations("lb.kubesphere.io/v1alpha1", dice % 2 == 0 ? "porterlb" : "other"), cancellationToken);
                }
                else
                {
                    await lab.ControlPlane.Api.DeleteAsync($"{path}/{next}", cancellationToken);
                    alive.Remove(next);
                }

                changes++;
                await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return changes;
        }
    }

    private static JsonObject Annotations(string name, string? value) =>
        new() { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [name] = value } } };

    private static JsonObject Service(string name, string? address)
    {
        var annotations = new JsonObject { ["lb.kubesphere.io/v1alpha1"] = "porterlb" };
        if (address is not null)
        {
            annotations["eip.openelb.kubesphere.io/v1alpha1"] = address;
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["annotations"] = annotations },
            ["spec"] = new JsonObject { ["type"] = "LoadBalancer", ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
        };
    }

    private static async Task<string[]> WrongAsync(LightLab lab)
    {
        var services = (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", Cancel))!["items"]!.AsArray()
            .Where(service => (string?)service!["spec"]!["type"] == "LoadBalancer").Select(service => new Seen(service!)).ToArray();
        var eips = (await lab.ControlPlane.Api.GetAsync("/apis/network.kubesphere.io/v1alpha2/eips", Cancel))!["items"]!.AsArray();
        var used = eips.SelectMany(eip => (eip!["status"]?["used"]?.AsObject() ?? []).Select(pair => (Address: pair.Key, Service: (string)pair.Value!))).ToDictionary(pair => pair.Address, pair => pair.Service, StringComparer.Ordinal);
        var wanted = services.Where(service => service.Ours && service.Address is not null).ToDictionary(service => service.Address!, service => $"default/{service.Name}", StringComparer.Ordinal);
        return
        [
            // A Service that asks for an address of another waits for it, and keeps what it has meanwhile; nobody is without one for long.
            .. services.Where(service => service.Ours && service.Address is null && !(service.Asked is { } asked && wanted.ContainsKey(asked))).Select(service => $"{service.Name} has no address"),
            .. services.Where(service => service.Ours && service.Address is not null && !service.Finalizer).Select(service => $"{service.Name} has no finalizer"),
            .. services.Where(service => service.Ours && service.Asked is { } asked && service.Address != asked && !wanted.ContainsKey(asked)).Select(service => $"{service.Name} asked for {service.Asked}, which is free, and has {service.Address}"),
            .. services.Where(service => !service.Ours && (service.Address is not null || service.Finalizer)).Select(service => $"{service.Name} is not ours any more and keeps {service.Address}"),
            .. services.Where(service => service.Deleting).Select(service => $"{service.Name} is still being deleted"),
            .. wanted.Where(pair => used.GetValueOrDefault(pair.Key) != pair.Value).Select(pair => $"Eip.status says that {pair.Key} is used by '{used.GetValueOrDefault(pair.Key)}', not by {pair.Value}"),
            .. used.Keys.Where(address => !wanted.ContainsKey(address)).Select(address => $"Eip.status says that {address} is used by {used[address]}, and nobody has it"),
        ];
    }

    private sealed record Seen(JsonNode Json)
    {
        public string Name => (string)Json["metadata"]!["name"]!;

        public bool Ours => (string?)Json["metadata"]!["annotations"]?["lb.kubesphere.io/v1alpha1"] == "porterlb" && !Deleting;

        public bool Deleting => Json["metadata"]!["deletionTimestamp"] is not null;

        public bool Finalizer => Json["metadata"]!["finalizers"]?.AsArray().Any(finalizer => (string?)finalizer == "finalizer.lb.kubesphere.io/v1alpha1") == true;

        public string? Address => (string?)Json["status"]!["loadBalancer"]!["ingress"]?[0]!["ip"];

        public string? Asked => (string?)Json["metadata"]!["annotations"]?["eip.openelb.kubesphere.io/v1alpha1"];
    }

    /// <summary>Looks all the time whether two Services have one address.</summary>
    private sealed class AddressWatch
    {
        // A late write of a killed leader is repaired within 1 s, before speakers announce it.
        private static readonly TimeSpan Repaired = TimeSpan.FromSeconds(1);

        private readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);

        public ConcurrentQueue<string> Doubles { get; } = [];

        public int Looks { get; private set; }

        public async Task RunAsync(LightLab lab, CancellationToken cancellationToken)
        {
            try
            {
                while (true)
                {
                    var services = (await lab.ControlPlane.Api.GetAsync("/api/v1/namespaces/default/services", cancellationToken))!["items"]!.AsArray().Select(service => new Seen(service!)).ToArray();
                    Looks++;
                    var doubles = services.Where(service => service.Address is not null).GroupBy(service => service.Address!).Where(group => group.Count() > 1).ToDictionary(group => group.Key, StringComparer.Ordinal);
                    foreach (var gone in _since.Keys.Except(doubles.Keys).ToArray())
                    {
                        _since.Remove(gone);
                    }

                    foreach (var (address, group) in doubles)
                    {
                        _since.TryAdd(address, Stopwatch.GetTimestamp());
                        if (Stopwatch.GetElapsedTime(_since[address]) > Repaired)
                        {
                            Doubles.Enqueue($"{address} is in the status of {string.Join(" and ", group.Select(service => service.Name))} for {Stopwatch.GetElapsedTime(_since[address]).TotalMilliseconds:0} ms");
                        }
                    }

                    await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
                }
            }
            catch (OperationCanceledException)
            {
                // The kills are over.
            }
        }
    }
}
