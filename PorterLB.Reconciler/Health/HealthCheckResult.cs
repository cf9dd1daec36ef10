namespace PorterLB.Reconciler.Health;

/// <summary>What a check says.</summary>
/// <param name="IsHealthy">Whether all is well.</param>
/// <param name="Reason">What is not; null when all is well.</param>
public readonly record struct HealthCheckResult(bool IsHealthy, string? Reason)
{
    /// <summary>All is well.</summary>
    public static HealthCheckResult Healthy { get; } = new(IsHealthy: true, Reason: null);

    /// <summary>All is not well.</summary>
    public static HealthCheckResult Unhealthy(string reason) => new(IsHealthy: false, reason);
}
