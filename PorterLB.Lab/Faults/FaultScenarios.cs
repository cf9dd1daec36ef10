namespace PorterLB.Lab.Faults;

/// <summary>What can happen to a cluster's layer 2.</summary>
public static class FaultScenarios
{
    /// <summary>What takes no longer than some seconds.</summary>
    public static IReadOnlyList<FaultScenario> All { get; } = [.. NodeFaults.All, .. SegmentFaults.All, .. StrangerFaults.All, .. PlannedChanges.All];

    /// <summary>What happens to nodes and to the segment between them: whatever the size of the cluster, somebody answers.</summary>
    public static IReadOnlyList<FaultScenario> OfAnySize { get; } = [.. NodeFaults.All, .. SegmentFaults.All];

    /// <summary>Everything that can be seen on three nodes.</summary>
    public static IReadOnlyList<FaultScenario> WithLongOnes { get; } =
        [.. All, .. WithoutServer([.. NodeFaults.All, .. SegmentFaults.All, .. StrangerFaults.All]), .. ServerFaults.All, .. LongFaults.All];

    /// <summary>For a cluster of two nodes.</summary>
    public static IReadOnlyList<FaultScenario> OfTwoNodes { get; } = [.. NodeFaults.OfTwo, .. WithoutServer(NodeFaults.OfTwo)];

    /// <summary>The same, with the API server down all the while.</summary>
    private static IEnumerable<FaultScenario> WithoutServer(IEnumerable<FaultScenario> scenarios) =>
        scenarios.Where(scenario => !scenario.WithoutServer && !scenario.NeedsServer)
            .Select(scenario => scenario with { Name = $"{scenario.Name}; API server down", WithoutServer = true });
}
