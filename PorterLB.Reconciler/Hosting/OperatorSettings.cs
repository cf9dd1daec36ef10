using System.Diagnostics.CodeAnalysis;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Reconciler.Hosting;

/// <summary>What holds for an operator as a whole.</summary>
public sealed record OperatorSettings
{
    /// <summary>Its name: of its Lease, and as the source of its Events.</summary>
    public string Name { get; init; } = "operator";

    /// <summary>The namespace whose objects it sees, where an informer does not say otherwise; null = all.</summary>
    public string? Namespace { get; init; }

    /// <summary>The namespace that it lives in, and its Lease; not said: the one that it sees, else <c>default</c>.</summary>
    [NotNull]
    public string? OwnNamespace
    {
        get => field ?? Namespace ?? "default";
        init;
    }

    /// <summary>Whether replicas elect one that reconciles.</summary>
    public LeaderElectionType LeaderElectionType { get; init; } = LeaderElectionType.None;

    /// <summary>The times of the election.</summary>
    public LeaseTimes Lease { get; init; } = new();

    /// <summary>Whether registered finalizers are put on objects before they are reconciled.</summary>
    public bool AutoAttachFinalizers { get; init; } = true;

    /// <summary>
    /// Whether a finalizer's identifier is taken off an object when the finalizer has succeeded. If not, the finalizer does it itself.
    /// </summary>
    public bool AutoDetachFinalizers { get; init; } = true;

    /// <summary>Which changes call the controllers that have no predicate of their own.</summary>
    public ReconcileStrategy ReconcileStrategy { get; init; } = ReconcileStrategy.ByResourceVersion;

    /// <summary>How many objects a controller reconciles at once that does not say so itself.</summary>
    public ParallelReconciliationOptions ParallelReconciliation { get; init; } = new();

    /// <summary>
    /// How long the first list of each cache may take before the start is given up; null = it is waited for. A kind that is not there yet,
    /// or rights that are lacking, are said once and come without a restart, which would only make them noticed later: Kubernetes restarts
    /// a Pod ever more slowly.
    /// </summary>
    public TimeSpan? SyncTimeout { get; init; }

    /// <summary>
    /// How long a stop may take in all. Shorter than the 30 s that Kubernetes gives a Pod, so that the lease is given back before the kill.
    /// </summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>
    /// Ends the process with this exit code, at once: leadership was lost, and whatever still runs must not go on.
    /// </summary>
    public Action<int> Exit { get; init; } = Environment.Exit;
}

/// <summary>Makes <see cref="OperatorSettings"/>, one <c>With…</c> each.</summary>
public sealed class OperatorSettingsBuilder
{
    private OperatorSettings _settings = new();

    /// <summary>Sets <see cref="OperatorSettings.Name"/>.</summary>
    public OperatorSettingsBuilder WithName(string name) => With(_settings with { Name = name });

    /// <summary>Sets <see cref="OperatorSettings.Namespace"/>.</summary>
    public OperatorSettingsBuilder WithNamespace(string? @namespace) => With(_settings with { Namespace = @namespace });

    /// <summary>Sets <see cref="OperatorSettings.OwnNamespace"/>.</summary>
    public OperatorSettingsBuilder WithOwnNamespace(string @namespace) => With(_settings with { OwnNamespace = @namespace });

    /// <summary>Sets <see cref="OperatorSettings.LeaderElectionType"/>.</summary>
    public OperatorSettingsBuilder WithLeaderElection(LeaderElectionType type) => With(_settings with { LeaderElectionType = type });

    /// <summary>Sets <see cref="OperatorSettings.Lease"/>.</summary>
    /// <param name="leaseDuration">How long others wait after the last renewal that they saw (15 s).</param>
    /// <param name="renewDeadline">How long the holder tries to renew before it gives up (10 s).</param>
    /// <param name="retryPeriod">How often either tries (2 s).</param>
    /// <exception cref="ArgumentException">Not leaseDuration &gt; renewDeadline &gt; 1.2 × retryPeriod.</exception>
    public OperatorSettingsBuilder WithLeaderElectionTimings(TimeSpan leaseDuration, TimeSpan renewDeadline, TimeSpan retryPeriod) =>
        With(_settings with { Lease = new LeaseTimes(leaseDuration, renewDeadline, retryPeriod) });

    /// <summary>Sets <see cref="OperatorSettings.AutoAttachFinalizers"/>.</summary>
    public OperatorSettingsBuilder WithAutoAttachFinalizers(bool value = true) => With(_settings with { AutoAttachFinalizers = value });

    /// <summary>Sets <see cref="OperatorSettings.AutoDetachFinalizers"/>.</summary>
    public OperatorSettingsBuilder WithAutoDetachFinalizers(bool value = true) => With(_settings with { AutoDetachFinalizers = value });

    /// <summary>Sets <see cref="OperatorSettings.ReconcileStrategy"/>.</summary>
    public OperatorSettingsBuilder WithReconcileStrategy(ReconcileStrategy strategy) => With(_settings with { ReconcileStrategy = strategy });

    /// <summary>Sets <see cref="OperatorSettings.ParallelReconciliation"/>.</summary>
    public OperatorSettingsBuilder WithParallelReconciliation(ParallelReconciliationOptions options) =>
        With(_settings with { ParallelReconciliation = options });

    /// <summary>Sets <see cref="OperatorSettings.SyncTimeout"/>.</summary>
    public OperatorSettingsBuilder WithSyncTimeout(TimeSpan? timeout) => With(_settings with { SyncTimeout = timeout });

    /// <summary>Sets <see cref="OperatorSettings.StopTimeout"/>.</summary>
    public OperatorSettingsBuilder WithStopTimeout(TimeSpan timeout) => With(_settings with { StopTimeout = timeout });

    /// <summary>Sets <see cref="OperatorSettings.Exit"/>.</summary>
    public OperatorSettingsBuilder WithExit([NotNull] Action<int> exit) => With(_settings with { Exit = exit });

    /// <summary>The settings made so far.</summary>
    public OperatorSettings Build() => _settings;

    private OperatorSettingsBuilder With(OperatorSettings settings)
    {
        _settings = settings;
        return this;
    }
}
