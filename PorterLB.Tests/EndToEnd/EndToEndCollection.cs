namespace PorterLB.Tests.EndToEnd;

/// <summary>
/// Tests that measure time on real hosts run one after the other, and beside no others. End-to-end tests that measure nothing are not in
/// it: each class has a lab of its own, and two of them run at a time.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "End to end";
}
