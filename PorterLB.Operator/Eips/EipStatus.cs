using System.Numerics;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Eips;

/// <summary>The status of an Eip: derived from what the Services have, for people. Nothing is decided from it.</summary>
internal static class EipStatus
{
    public static V1Alpha2EipStatus Of(V1Alpha2Eip eip, Pool pool, PoolUsage usage, DateTimeOffset now)
    {
        var free = usage.Size - usage.InUse;
        var conditions = eip.Status.Conditions ?? [];
        var unavailable = pool.Problem is { } problem ? ("Invalid", problem)
            : pool.Deleting ? ("Deleting", $"The Eip is being deleted and goes when its last Service is released: {string.Join(", ", usage.Used.Take(5).Select(used => used.Services))}.")
            : pool.Disabled ? ("Disabled", "spec.disable is set: nothing new is given out.")
            : ((string, string)?)null;
        conditions = conditions.With(
            new Condition
            {
                Type = "Ready",
                Status = unavailable is null ? Condition.True : Condition.False,
                Reason = unavailable?.Item1 ?? "Ready",
                Message = unavailable?.Item2 ?? $"{usage.Size:N0} addresses: {pool.RangesText}.",
                ObservedGeneration = eip.Metadata.Generation,
            },
            now);
        conditions = conditions.With(
            new Condition
            {
                Type = "Exhausted",
                Status = pool.Problem is null && free <= 0 ? Condition.True : Condition.False,
                Reason = pool.Problem is null && free <= 0 ? "NoFreeAddress" : "FreeAddresses",
                Message = pool.Problem is not null ? "Nothing can be given out." : $"{BigInteger.Max(free, 0):N0} of {usage.Size:N0} addresses are free.",
                ObservedGeneration = eip.Metadata.Generation,
            },
            now);
        return new V1Alpha2EipStatus
        {
            Occupied = pool.Problem is null && free <= 0,
            Usage = usage.InUse,
            PoolSize = Saturated(usage.Size),
            Size = $"{usage.Size}",
            Free = $"{BigInteger.Max(free, 0)}",
            Used = usage.Used.IsEmpty ? null : usage.Used.ToDictionary(used => $"{used.Address}", used => used.Services, StringComparer.Ordinal),
            FirstIP = usage.First?.ToString(),
            LastIP = usage.Last?.ToString(),
            Ready = unavailable is null,
            V4 = pool.Ranges.Any(range => range.Family == IpFamily.IPv4),
            Conditions = conditions,
        };
    }

    public static bool Same(V1Alpha2EipStatus one, V1Alpha2EipStatus other) =>
        one with { Used = null, Conditions = [] } == other with { Used = null, Conditions = [] }
        && (one.Conditions ?? []).SequenceEqual(other.Conditions ?? [])
        && (one.Used?.Count ?? 0) == (other.Used?.Count ?? 0)
        && (one.Used ?? new Dictionary<string, string>()).All(used => other.Used!.TryGetValue(used.Key, out var services) && services == used.Value);

    private static long Saturated(BigInteger size) => size > long.MaxValue ? long.MaxValue : (long)size;
}
