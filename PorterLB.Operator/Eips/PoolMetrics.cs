using PorterLB.Operator.Addresses;
using PorterLB.Reconciler.Metrics;
using Prometheus;

namespace PorterLB.Operator.Eips;

/// <summary>How full the pools are and who waits, read when somebody asks. Shown by the leader alone: only it knows.</summary>
internal sealed class PoolMetrics
{
    private readonly Allocator _allocator;
    private readonly Gauge _size;
    private readonly Gauge _used;
    private readonly Gauge _waiting;
    private readonly CollectorRegistry _registry;
    private HashSet<(string Eip, string Family)> _shown = [];

    public PoolMetrics(OperatorMetrics metrics, Allocator allocator)
    {
        _allocator = allocator;
        _registry = metrics.Registry;
        var factory = Metrics.WithCustomRegistry(_registry);
        _size = factory.CreateGauge("porterlb_eip_addresses", "Addresses that an Eip can give out.", "eip", "family");
        _used = factory.CreateGauge("porterlb_eip_addresses_in_use", "Addresses of an Eip that Services have.", "eip", "family");
        _waiting = factory.CreateGauge("porterlb_services_waiting", "Services without all that they ask for, by the reason.", "reason");
    }

    /// <summary>From now on this process knows.</summary>
    public void Show() => _registry.AddBeforeCollectCallback(Refresh);

    private void Refresh()
    {
        var shown = new HashSet<(string Eip, string Family)>();
        foreach (var usage in _allocator.Pools.Select(pool => (pool.Name, Usage: _allocator.UsageOf(pool.Name, most: 0))))
        {
            foreach (var (family, size, inUse) in usage.Usage?.Families ?? [])
            {
                if (size.IsZero && inUse == 0)
                {
                    continue;
                }

                shown.Add((usage.Name, $"{family}"));
                _size.WithLabels(usage.Name, $"{family}").Set((double)size);
                _used.WithLabels(usage.Name, $"{family}").Set(inUse);
            }
        }

        foreach (var (eip, family) in _shown.Except(shown))
        {
            _size.RemoveLabelled(eip, family);
            _used.RemoveLabelled(eip, family);
        }

        _shown = shown;
        var waiting = _allocator.Waiting;
        foreach (var reason in Enum.GetValues<RefusalReason>())
        {
            _waiting.WithLabels($"{reason}").Set(waiting.GetValueOrDefault(reason));
        }
    }
}
