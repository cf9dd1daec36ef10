namespace PorterLB.Tests.EndToEnd;

/// <summary>Tests that measure time on real hosts run one after the other, and beside no others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "End to end";
}
