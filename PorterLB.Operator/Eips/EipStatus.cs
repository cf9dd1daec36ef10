using System.Numerics;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Eips;

/// <summary>The status of an Eip: derived from what the Services have, for people. Nothing is decided from it.</summary>
internal static class EipStatus
{
    private const int MostNamed = 5;

    public static V1Alpha2EipStatus Of(V1Alpha2Eip eip, Pool pool, PoolUsage usage, IEnumerable<HostAddress> hosts, DateTimeOffset now)
    {
        var free = BigInteger.Max(usage.Size - usage.InUse, 0);
        var exhausted = pool.Problem is null && free.IsZero;
        var generation = eip.Metadata.Generation;
        var ready = Ready(pool, usage, generation);
        var conditions = (eip.Status.Conditions ?? [])
            .With(ready, now)
            .With(ConditionKinds.EipExhausted.For(
                exhausted ? Condition.True : Condition.False,
                exhausted ? "NoFreeAddress" : "FreeAddresses",
                pool.Problem is not null ? "Nothing can be given out." : $"{free:N0} of {usage.Size:N0} addresses are free.",
                generation), now)
            .With(HostAddresses.Condition(pool, hosts, generation), now);
        return new V1Alpha2EipStatus
        {
            Occupied = exhausted,
            Usage = usage.InUse,
            PoolSize = Saturated(usage.Size),
            Size = $"{usage.Size}",
            Free = $"{free}",
            Used = usage.Used.IsEmpty ? null : usage.Used.ToDictionary(used => $"{used.Address}", used => used.Services, StringComparer.Ordinal),
            FirstIP = usage.First?.ToString(),
            LastIP = usage.Last?.ToString(),
            Ready = ready.Status == Condition.True,
            V4 = pool.Ranges.Any(range => range.Family == IpFamily.IPv4),
            Conditions = conditions,
        };
    }

    public static bool Same(V1Alpha2EipStatus one, V1Alpha2EipStatus other) =>
        one with { Used = null, Conditions = [] } == other with { Used = null, Conditions = [] }
        && (one.Conditions ?? []).SequenceEqual(other.Conditions ?? [])
        && (one.Used?.Count ?? 0) == (other.Used?.Count ?? 0)
        && (one.Used ?? new Dictionary<string, string>()).All(used => other.Used!.TryGetValue(used.Key, out var services) && services == used.Value);

    private static Condition Ready(Pool pool, PoolUsage usage, long? generation)
    {
        Condition No(string reason, string message) => ConditionKinds.EipReady.For(Condition.False, reason, message, generation);
        return pool.Problem is { } problem ? No("Invalid", problem)
            : pool.Deleting ? No("Deleting", $"The Eip is being deleted and goes when its last Service is released: {string.Join(", ", usage.Used.Take(MostNamed).Select(used => used.Services))}.")
            : pool.Disabled ? No("Disabled", "spec.disable is set: nothing new is given out.")
            : ConditionKinds.EipReady.For(Condition.True, "Ready", $"{usage.Size:N0} addresses: {pool.RangesText}.", generation);
    }

    private static long Saturated(BigInteger size) => size > long.MaxValue ? long.MaxValue : (long)size;
}
