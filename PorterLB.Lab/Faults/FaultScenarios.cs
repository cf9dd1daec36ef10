namespace PorterLB.Lab.Faults;

/// <summary>What can happen to a cluster's layer 2.</summary>
public static class FaultScenarios
{
    /// <summary>What takes no longer than some seconds.</summary>
    public static IReadOnlyList<FaultScenario> All { get; } = [.. NodeFaults.All, .. SegmentFaults.All, .. StrangerFaults.All, .. PlannedChanges.All];

    /// <summary>What happens to nodes and to the segment between them: whatever the size of the cluster, somebody answers.</summary>
    public static IReadOnlyList<FaultScenario> OfAnySize { get; } = [.. NodeFaults.All, .. SegmentFaults.All];

    /// <summary>With the API server down all the while.</summary>
    public static IReadOnlyList<FaultScenario> WithoutServer { get; } = [.. Without([.. OfAnySize, .. StrangerFaults.All])];

    /// <summary>What takes longer than some seconds.</summary>
    public static IReadOnlyList<FaultScenario> LongOnes { get; } = [.. ServerFaults.All, .. LongFaults.All];

    /// <summary>For a cluster of two nodes.</summary>
    public static IReadOnlyList<FaultScenario> OfTwoNodes { get; } = [.. NodeFaults.OfTwo, .. Without(NodeFaults.OfTwo)];

    private static IEnumerable<FaultScenario> Without(IEnumerable<FaultScenario> scenarios) =>
        scenarios.Where(scenario => !scenario.WithoutServer && !scenario.NeedsServer)
            .Select(scenario => scenario with { Name = $"{scenario.Name}; API server down", WithoutServer = true });
}
