using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using PorterLB.Lab.Cluster;

namespace PorterLB.Lab.Measuring;

/// <summary>What the store has of the Services that came to a namespace meanwhile, and since when.</summary>
internal sealed partial class StoredServices : IAsyncDisposable
{
    // In protobuf: the type (field 1) and then the status (field 2) of a condition.
    private static readonly byte[] AnnouncedIsTrue = Encoding.ASCII.GetBytes("porterlb.io/Announced\x12\x04True");

    private readonly StoreWatch _store;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, Seen> _services = new(StringComparer.Ordinal);
    private readonly Task _following;

    private StoredServices(StoreWatch store, string @namespace)
    {
        _store = store;
        _following = FollowAsync($"/registry/services/specs/{@namespace}/");
    }

    /// <summary>How many have an address.</summary>
    public int WithAddress => Count(seen => seen.Address is not null);

    /// <summary>How many are said to be announced.</summary>
    public int Announced => Count(seen => seen.Announced is not null);

    /// <summary>When the last of them got its address.</summary>
    public long LastAddress => Times(seen => seen.Address).Max();

    /// <summary>When the last of them was said to be announced.</summary>
    public long LastAnnounced => Times(seen => seen.Announced).Max();

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

    public static async Task<StoredServices> StartAsync(LightLab lab, CancellationToken cancellationToken)
    {
        var services = new StoredServices(new StoreWatch(lab.ControlPlane.Host), "default");
        await services._begun.Task.WaitAsync(cancellationToken);
        return services;
    }

    /// <summary>How long each Service took from its creation to its address, seconds.</summary>
    public double[] TimesToAddress()
    {
        lock (_services)
        {
            return [.. _services.Values.Where(seen => seen.Address is not null).Select(seen => Stopwatch.GetElapsedTime(seen.Created, seen.Address!.Value).TotalSeconds)];
        }
    }

    /// <summary>When a Service got its address; null when it has none.</summary>
    public long? AddressOf(string service)
    {
        lock (_services)
        {
            return _services.GetValueOrDefault(service)?.Address;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _store.Dispose();
        _ending.Dispose();
    }

    private int Count(Func<Seen, bool> what)
    {
        _ = _following.IsFaulted ? throw new LabException("The store is not followed any more.", _following.Exception!) : true;
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

    private async Task FollowAsync(string prefix)
    {
        try
        {
            await foreach (var change in _store.FollowAsync(prefix, _ending.Token))
            {
                if (change is null)
                {
                    _begun.TrySetResult();
                    continue;
                }

                See(change, Stopwatch.GetTimestamp());
            }

            throw new LabException("etcd ended the watch.");
        }
        catch (Exception exception)
        {
            _begun.TrySetException(exception);
            throw;
        }
    }

    private void See(StoreChange change, long now)
    {
        lock (_services)
        {
            if (change.Value is null)
            {
                _services.Remove(change.Key);
                return;
            }

            if (change.IsNew)
            {
                _services[change.Key] = new Seen { Created = now };
                return;
            }

            if (!_services.TryGetValue(change.Key, out var seen))
            {
                return;
            }

            seen.Changes++;

            var match = PoolAddress().Match(Encoding.Latin1.GetString(change.Value));
            seen.Ip = match.Success ? match.Value : null;
            seen.Address ??= match.Success ? now : null;
            seen.Announced ??= change.Value.AsSpan().IndexOf(AnnouncedIsTrue) >= 0 ? now : null;
        }
    }

    // The address that the Service has: nothing else in it begins as the pool's addresses do. (After it comes the next field's tag.)
    [GeneratedRegex(@"10\.77\.\d{1,3}\.\d{1,3}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PoolAddress();

    private sealed class Seen
    {
        public required long Created { get; init; }

        public string? Ip { get; set; }

        public long? Address { get; set; }

        public long? Announced { get; set; }

        public int Changes { get; set; }
    }
}
