using System.Diagnostics;
using System.Text.Json.Nodes;

namespace PorterLB.Lab.Measuring;

/// <summary>Sees every version of every Service of a namespace, and when it came.</summary>
internal sealed class ServiceWatch : IAsyncDisposable
{
    private const string Path = "/api/v1/namespaces/default/services";

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(100);

    private readonly LightLab _lab;
    private readonly CancellationTokenSource _ending = new();
    private readonly Dictionary<string, Seen> _services = new(StringComparer.Ordinal);
    private readonly Task _watching;

    private ServiceWatch(LightLab lab, string version)
    {
        _lab = lab;
        _watching = WatchAsync(version);
    }

    /// <summary>How many have an address.</summary>
    public int WithAddress => Count(seen => seen.Address is not null);

    /// <summary>How many are said to be announced.</summary>
    public int Announced => Count(seen => seen.Announced is not null);

    public static async Task<ServiceWatch> StartAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var list = await lab.ControlPlane.Api.GetAsync($"{Path}?limit=1", cancellationToken);
        return new ServiceWatch(lab, (string)list!["metadata"]!["resourceVersion"]!);
    }

    /// <summary>When the last of them got its address.</summary>
    public long LastAddress => Times(seen => seen.Address).Max();

    /// <summary>When the last of them was said to be announced.</summary>
    public long LastAnnounced => Times(seen => seen.Announced).Max();

    public long? AddressOf(string service)
    {
        lock (_services)
        {
            return _services.GetValueOrDefault(service)?.Address;
        }
    }

    /// <summary>How often Services were changed after they were created.</summary>
    public int Changes
    {
        get
        {
            lock (_services)
            {
                return _services.Values.Sum(seen => seen.Changes);
            }
        }
    }

    /// <summary>Addresses that more than one Service has.</summary>
    public int Duplicates
    {
        get
        {
            lock (_services)
            {
                return _services.Values.Where(seen => seen.Ip is not null).GroupBy(seen => seen.Ip).Count(group => group.Count() > 1);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        try
        {
            await _watching;
        }
        catch (OperationCanceledException)
        {
        }

        _ending.Dispose();
    }

    private int Count(Func<Seen, bool> what)
    {
        lock (_services)
        {
            return _services.Values.Count(what);
        }
    }

    private long[] Times(Func<Seen, long?> what)
    {
        lock (_services)
        {
            return [.. _services.Values.Select(what).OfType<long>()];
        }
    }

    // A server of 1.20 that falls behind forgets a watch without ending it: after a silence everything is listed, and followed from there.
    private async Task WatchAsync(string? version)
    {
        var mayBeForgotten = true;
        while (true)
        {
            try
            {
                if (version is null)
                {
                    (version, mayBeForgotten) = await ListAsync();
                }

                await FollowAsync(version, mayBeForgotten ? Silence : Timeout.InfiniteTimeSpan);
            }
            catch (Exception exception) when (!_ending.IsCancellationRequested && exception is OperationCanceledException or HttpRequestException or IOException)
            {
            }

            version = null;
            await Task.Delay(RestartPause, _ending.Token);
        }
    }

    private async Task FollowAsync(string version, TimeSpan patience)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        silence.CancelAfter(patience);
        await foreach (var change in _lab.ControlPlane.Api.WatchAsync(Path, version, silence.Token))
        {
            silence.CancelAfter(Silence);
            switch ((string)change["type"]!)
            {
                case "ERROR":
                    return;
                case "DELETED":
                    lock (_services)
                    {
                        _services.Remove(NameOf(change["object"]!));
                    }

                    break;
                default:
                    See(change["object"]!);
                    break;
            }
        }
    }

    /// <summary>The version of the list, and whether anything in it was news.</summary>
    private async Task<(string Version, bool News)> ListAsync()
    {
        var list = await _lab.ControlPlane.Api.GetAsync(Path, _ending.Token);
        var services = list!["items"]!.AsArray();
        var news = 0;
        foreach (var service in services)
        {
            news += See(service!) ? 1 : 0;
        }

        var there = services.Select(service => NameOf(service!)).ToHashSet(StringComparer.Ordinal);
        lock (_services)
        {
            foreach (var gone in _services.Keys.Where(name => !there.Contains(name)).ToArray())
            {
                _services.Remove(gone);
                news++;
            }
        }

        return ((string)list["metadata"]!["resourceVersion"]!, news > 0);
    }

    private bool See(JsonNode service)
    {
        var now = Stopwatch.GetTimestamp();
        var name = NameOf(service);
        var version = (string)service["metadata"]!["resourceVersion"]!;
        lock (_services)
        {
            var isNew = !_services.TryGetValue(name, out var seen);
            seen ??= _services[name] = new Seen();
            if (seen.Version == version)
            {
                return false;
            }

            seen.Version = version;
            seen.Changes += isNew ? 0 : 1;
            seen.Ip = (string?)service["status"]?["loadBalancer"]?["ingress"]?[0]?["ip"];
            seen.Address ??= seen.Ip is null ? null : now;
            seen.Announced ??= IsAnnounced(service) ? now : null;
            return true;
        }
    }

    private static string NameOf(JsonNode service) => (string)service["metadata"]!["name"]!;

    private static bool IsAnnounced(JsonNode service) =>
        (service["status"]?["conditions"]?.AsArray() ?? [])
            .Any(condition => (string?)condition!["type"] == "porterlb.io/Announced" && (string?)condition["status"] == "True");

    private sealed class Seen
    {
        public string Version { get; set; } = "";

        public int Changes { get; set; }

        public string? Ip { get; set; }

        public long? Address { get; set; }

        public long? Announced { get; set; }
    }
}
