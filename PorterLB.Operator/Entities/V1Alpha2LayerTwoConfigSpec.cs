using System.Text.Json.Serialization;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>The wanted state of a <see cref="V1Alpha2LayerTwoConfig"/>.</summary>
[Description("Which pools and Services it governs, which nodes may announce them, and how.")]
internal sealed record V1Alpha2LayerTwoConfigSpec
{
    [Pattern(Api.NamePattern)]
    [Length(1, 253)]
    [Items(-1, 1024)]
    [UniqueItems]
    [Description("The pools that it governs, by name. Empty, with no eipSelector: every pool.")]
    public IReadOnlyList<string> Eips { get; set; } = [];

    [Description("The pools that it governs, by their labels; beside those named in eips.")]
    public LabelSelector? EipSelector { get; set; }

    [Description("Only Services with these labels. Absent: all.")]
    public LabelSelector? ServiceSelector { get; set; }

    [Description("Only nodes with these labels may announce. Absent: all.")]
    public LabelSelector? NodeSelector { get; set; }

    [Items(-1, 64)]
    [Description("Nodes to be preferred when an address is placed; the weights of all that match are added. An address that is placed stays, unless rebalance says otherwise or this spec changes.")]
    public IReadOnlyList<V1Alpha2PreferredNodes> PreferredNodes { get; set; } = [];

    [Length(1, 63)]
    [Pattern(Api.InterfacePattern)]
    [Items(-1, 64)]
    [UniqueItems]
    [Description("The network interfaces that announce, as names or globs (eth*, en[ps]*). Empty: what the Eip says, else the interface whose subnet holds the address.")]
    [Example("""["bond0","en*"]""", Json = true)]
    public IReadOnlyList<string> Interfaces { get; set; } = [];

    [DefaultValue("{}", Json = true)]
    [Description("How fast a dead node is noticed.")]
    public V1Alpha2Failover Failover { get; set; } = new();

    [DefaultValue("{}", Json = true)]
    [Description("How addresses are announced.")]
    public V1Alpha2Announcement Announcement { get; set; } = new();

    [DefaultValue(nameof(LayerTwoConflictPolicy.Refuse))]
    [Description("When another machine, no speaker, already answers for an address: Refuse does not announce it, Announce does all the same. Both report it.")]
    public LayerTwoConflictPolicy ConflictPolicy { get; set; }

    [DefaultValue(nameof(LayerTwoRebalance.Never))]
    [Description("Whether addresses move when a node joins or comes back: Never, or OnNodeJoin (to preferred and less loaded nodes; established TCP connections through a moved address end).")]
    public LayerTwoRebalance Rebalance { get; set; }
}

/// <summary>Nodes to be preferred, and how much.</summary>
[Description("Nodes to be preferred, and how much.")]
internal sealed record V1Alpha2PreferredNodes
{
    [Required]
    [RangeMinimum(1)]
    [RangeMaximum(100)]
    [Description("How much, 1 to 100.")]
    public int Weight { get; set; }

    [Required]
    [Description("Which nodes.")]
    public LabelSelector Selector { get; set; } = new();
}

/// <summary>How fast a dead node is noticed.</summary>
// An empty failover is the default of its field, and the server judges a default before it fills in what stands in it.
[ValidationRule("!has(self.deadAfter) || !has(self.heartbeatInterval) || duration(self.deadAfter) >= duration(self.heartbeatInterval) + duration(self.heartbeatInterval) + duration(self.heartbeatInterval)", message: "deadAfter must be at least three times heartbeatInterval")]
[Description("How fast a dead node is noticed.")]
internal sealed record V1Alpha2Failover
{
    [DefaultValue("100ms")]
    [Description("How often speakers say hello on the wire. An interface uses the smallest interval of the configs that use it.")]
    public Duration HeartbeatInterval { get; set; } = Duration.FromMilliseconds(100);

    [DefaultValue("400ms")]
    [Description("A speaker not heard for so long is dead, and another takes over; at least three times heartbeatInterval.")]
    public Duration DeadAfter { get; set; } = Duration.FromMilliseconds(400);
}

/// <summary>How addresses are announced.</summary>
[Description("How addresses are announced.")]
internal sealed record V1Alpha2Announcement
{
    [DefaultValue(true)]
    [Description("Whether to ask on the wire if another machine has an address (RFC 5227, RFC 4862) before it is announced for the first time; takes about 100 ms.")]
    public bool Probe { get; set; } = true;

    [DefaultValue("0")]
    [Description("Repeat the gratuitous announcement so often, for ever, for equipment that forgets; 0 is never.")]
    public Duration RefreshInterval { get; set; }
}

/// <summary>What to do when another machine answers for an address.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LayerTwoConflictPolicy>))]
internal enum LayerTwoConflictPolicy
{
    /// <summary>Do not announce it.</summary>
    Refuse,

    /// <summary>Announce it all the same.</summary>
    Announce,
}

/// <summary>Whether addresses move when a node joins.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LayerTwoRebalance>))]
internal enum LayerTwoRebalance
{
    /// <summary>They stay.</summary>
    Never,

    /// <summary>They move to preferred and less loaded nodes.</summary>
    OnNodeJoin,
}
