using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>
/// What an <see cref="V1Alpha2Eip"/> has and gives. Derived from the Services, for people: nothing is decided from it.
/// </summary>
[Description("What the pool has and gives; derived from the Services.")]
internal sealed record V1Alpha2EipStatus
{
    [Description("Whether every address is in use.")]
    public bool Occupied { get; set; }

    [RangeMinimum(0)]
    [Description("How many addresses are in use; ends at 9223372036854775807.")]
    public long Usage { get; set; }

    [RangeMinimum(0)]
    [Description("How many addresses the pool has; ends at 9223372036854775807, exact in size.")]
    public long PoolSize { get; set; }

    [Pattern("^[0-9]+$")]
    [Description("How many addresses the pool has, exact.")]
    public string? Size { get; set; }

    [Pattern("^[0-9]+$")]
    [Description("How many addresses are free, exact.")]
    public string? Free { get; set; }

    [PropertyLimits(-1, MaxUsed)]
    [Description("Address in use: its Services as namespace/name, joined by a semicolon. At most 1,000 addresses are listed; usage counts them all.")]
    public IReadOnlyDictionary<string, string>? Used { get; set; }

    [Description("The lowest address.")]
    public string? FirstIP { get; set; }

    [Description("The highest address.")]
    public string? LastIP { get; set; }

    [Description("Whether addresses can be taken from here; the condition Ready says why not.")]
    public bool Ready { get; set; }

    [Description("Whether it has IPv4 addresses.")]
    public bool V4 { get; set; }

    [XListType(XListType.Map)]
    [XListMapKeys("type")]
    [Description("Ready: addresses can be taken. Exhausted: no free one is left.")]
    public IReadOnlyList<Condition> Conditions { get; set; } = [];

    public const int MaxUsed = 1_000;
}
