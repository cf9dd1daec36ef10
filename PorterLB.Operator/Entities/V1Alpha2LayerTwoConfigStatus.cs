using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>What a <see cref="V1Alpha2LayerTwoConfig"/> has come to.</summary>
[Description("What the configuration has come to.")]
internal sealed record V1Alpha2LayerTwoConfigStatus
{
    [Description("The metadata.generation of the spec that this status belongs to.")]
    public long? ObservedGeneration { get; set; }

    [RangeMinimum(0)]
    [Description("How many nodes may announce its addresses.")]
    public int EligibleNodes { get; set; }

    [Items(-1, MaxNodes)]
    [Description("Their names; at most 100 are listed.")]
    public IReadOnlyList<string> Nodes { get; set; } = [];

    [RangeMinimum(0)]
    [Description("How many pools it governs.")]
    public int Eips { get; set; }

    [RangeMinimum(0)]
    [Description("How many addresses in use it governs.")]
    public int Addresses { get; set; }

    [XListType(XListType.Map)]
    [XListMapKeys("type")]
    [Description("Ready: at least one node may announce.")]
    public IReadOnlyList<Condition> Conditions { get; set; } = [];

    public const int MaxNodes = 100;
}
