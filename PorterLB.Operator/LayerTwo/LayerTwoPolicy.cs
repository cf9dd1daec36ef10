using System.Collections.Immutable;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;
using PorterLB.Speaker;

namespace PorterLB.Operator.LayerTwo;

/// <summary>
/// What holds for the addresses of a pool and a Service: the sum of the LayerTwoConfigs that govern both, or the defaults. Where several
/// govern, nodes and interfaces add up (the most permissive wins), times are the shortest, and caution wins over announcing.
/// </summary>
internal sealed record LayerTwoPolicy
{
    public static LayerTwoPolicy Default { get; } = new();

    /// <summary>The configs it comes from, by name; empty for the defaults.</summary>
    public ImmutableArray<string> Configs { get; init; } = [];

    /// <summary>A node must match one of these; empty = every node may.</summary>
    public ImmutableArray<LabelSelector> NodeSelectors { get; init; } = [];

    public ImmutableArray<V1Alpha2PreferredNodes> PreferredNodes { get; init; } = [];

    /// <summary>Names or globs; empty = what the Eip says, else the interface whose subnet holds the address.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    public AnnouncementPolicy Announcement { get; init; } = AnnouncementPolicy.Default;

    /// <summary>Whether addresses move to better nodes that join.</summary>
    public bool Rebalance { get; init; }

    public static LayerTwoPolicy For(
        V1Alpha2Eip? eip, IEnumerable<KeyValuePair<string, string>>? serviceLabels, IReadOnlyCollection<V1Alpha2LayerTwoConfig> configs)
    {
        if (configs.Count == 0)
        {
            return Default;
        }

        var labels = serviceLabels?.ToArray();
        var governing = configs
            .Where(config => Governs(config, eip) && config.Spec.ServiceSelector?.Matches(labels) != false)
            .OrderBy(config => config.Metadata.Name, StringComparer.Ordinal)
            .ToArray();
        return governing.Length == 0 ? Default : Sum(governing);
    }

    /// <summary>Whether a config is about a pool. One that names no pool is about all, and about addresses whose pool is gone.</summary>
    public static bool Governs(V1Alpha2LayerTwoConfig config, V1Alpha2Eip? eip)
    {
        var spec = config.Spec;
        return (spec.Eips.Count == 0 && spec.EipSelector is null)
            || (eip is not null && (spec.Eips.Contains(eip.Metadata.Name, StringComparer.Ordinal) || spec.EipSelector?.Matches(eip.Metadata.Labels) == true));
    }

    /// <summary>Whether a config is about the address that a Service has of a pool.</summary>
    public static bool Governs(V1Alpha2LayerTwoConfig config, V1Alpha2Eip? eip, ServiceView service) =>
        Governs(config, eip) && config.Spec.ServiceSelector?.Matches(service.Metadata.Labels) != false;

    public bool Allows(NodeView node) => NodeSelectors.IsEmpty || NodeSelectors.Any(selector => selector.Matches(node.Metadata.Labels));

    /// <summary>How much a node is preferred: the weights of all that match it.</summary>
    public int Preference(NodeView node) =>
        PreferredNodes.Sum(preferred => preferred.Selector.Matches(node.Metadata.Labels) ? preferred.Weight : 0);

    private static LayerTwoPolicy Sum(V1Alpha2LayerTwoConfig[] configs)
    {
        var specs = configs.Select(config => config.Spec).ToArray();
        return new LayerTwoPolicy
        {
            Configs = [.. configs.Select(config => config.Metadata.Name)],
            NodeSelectors = specs.Any(spec => spec.NodeSelector is null or { IsEmpty: true }) ? [] : [.. specs.Select(spec => spec.NodeSelector!)],
            PreferredNodes = [.. specs.SelectMany(spec => spec.PreferredNodes)],
            Interfaces = specs.Any(spec => spec.Interfaces.Count == 0) ? [] : [.. specs.SelectMany(spec => spec.Interfaces).Distinct(StringComparer.Ordinal)],
            Announcement = new AnnouncementPolicy
            {
                HeartbeatInterval = specs.Min(spec => spec.Failover.HeartbeatInterval.Value),
                DeadAfter = specs.Min(spec => spec.Failover.DeadAfter.Value),
                Probe = specs.Any(spec => spec.Announcement.Probe),
                RefreshInterval = specs.Select(spec => spec.Announcement.RefreshInterval.Value).Where(time => time > TimeSpan.Zero).DefaultIfEmpty(TimeSpan.Zero).Min(),
                OnConflict = specs.Any(spec => spec.ConflictPolicy == LayerTwoConflictPolicy.Refuse) ? ConflictPolicy.Refuse : ConflictPolicy.Announce,
            },
            Rebalance = specs.Any(spec => spec.Rebalance == LayerTwoRebalance.OnNodeJoin),
        };
    }
}
