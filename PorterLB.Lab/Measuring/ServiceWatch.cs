using System.Diagnostics;
using System.Text.Json.Nodes;

namespace PorterLB.Lab.Measuring;

/// <summary>Sees every version of every Service of a namespace, and when it came.</summary>
internal sealed class ServiceWatch : IAsyncDisposable
{
    private const string Path = "/api/v1/namespaces/default/services";

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

    private async Task WatchAsync(string version)
    {
        await foreach (var change in _lab.ControlPlane.Api.WatchAsync(Path, version, _ending.Token))
        {
            var now = Stopwatch.GetTimestamp();
            var service = change["object"]!;
            var name = (string)service["metadata"]!["name"]!;
            lock (_services)
            {
                if ((string)change["type"]! == "DELETED")
                {
                    _services.Remove(name);
                    continue;
                }

                var seen = _services.TryGetValue(name, out var known) ? known : _services[name] = new Seen();
                seen.Changes += (string)change["type"]! == "MODIFIED" ? 1 : 0;
                seen.Ip = (string?)service["status"]?["loadBalancer"]?["ingress"]?[0]?["ip"];
                seen.Address ??= seen.Ip is null ? null : now;
                seen.Announced ??= IsAnnounced(service) ? now : null;
            }
        }
    }

    private static bool IsAnnounced(JsonNode service) =>
        (service["status"]?["conditions"]?.AsArray() ?? [])
            .Any(condition => (string?)condition!["type"] == "porterlb.io/Announced" && (string?)condition["status"] == "True");

    private sealed class Seen
    {
        public int Changes { get; set; }

        public string? Ip { get; set; }

        public long? Address { get; set; }

        public long? Announced { get; set; }
    }
}
