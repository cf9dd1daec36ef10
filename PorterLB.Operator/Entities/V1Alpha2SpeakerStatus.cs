using System.Text.Json.Serialization;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Entities;

/// <summary>What a speaker sees and does.</summary>
[Description("What the speaker sees and does.")]
internal sealed record V1Alpha2SpeakerStatus
{
    [RangeMinimum(0)]
    [Description("How many addresses this node answers for.")]
    public int Addresses { get; set; }

    [RangeMinimum(0)]
    [Description("How many other speakers are alive on its segments, each counted once.")]
    public int PeersAlive { get; set; }

    [RangeMinimum(0)]
    [Description("How many addresses another machine, no speaker, answers for.")]
    public int ConflictCount { get; set; }

    [Description("The version of porterlb that runs there.")]
    public string? Version { get; set; }

    [JsonConverter(typeof(KubernetesTimeConverter))]
    [Description("When the process started.")]
    public DateTimeOffset? StartedAt { get; set; }

    [Description("Whether it is on its way out, and hands its addresses over.")]
    public bool Leaving { get; set; }

    [Items(-1, 1024)]
    [XListType(XListType.Map)]
    [XListMapKeys("name")]
    [Description("The network interfaces of the node.")]
    public IReadOnlyList<V1Alpha2SpeakerInterface> Interfaces { get; set; } = [];

    [Items(-1, 8)]
    [Description("The routers that the node's default routes lead to.")]
    public IReadOnlyList<string> Gateways { get; set; } = [];

    [Items(-1, AnnouncedRanges.MostEntries)]
    [Description("The addresses that this node answers for; those of which the same is to be told are one entry. At most 16,384 ranges are listed; the count in addresses is always right.")]
    public IReadOnlyList<V1Alpha2AnnouncedRange> Announced { get; set; } = [];

    [Items(-1, 4096)]
    [Description("The other speakers, by interface.")]
    public IReadOnlyList<V1Alpha2SpeakerPeer> Peers { get; set; } = [];

    [Items(-1, 1024)]
    [Description("Addresses that another machine, no speaker, answers for.")]
    public IReadOnlyList<V1Alpha2AddressConflict> Conflicts { get; set; } = [];

    [Items(-1, 1024)]
    [Description("Speakers of this cluster that sign their hellos with a key that is none of this one's: they are not heard, and may answer beside it.")]
    public IReadOnlyList<V1Alpha2RefusedSpeaker>? Refused { get; set; }

    [Description("Counted since the process started, as of the last other change of this object; the metrics are always current.")]
    public V1Alpha2SpeakerCounters? Counters { get; set; }
}

/// <summary>One interface of the node.</summary>
internal sealed record V1Alpha2SpeakerInterface
{
    [Required]
    [Description("The kernel's name.")]
    public string Name { get; set; } = "";

    [Pattern(Api.MacPattern)]
    [Description("Its hardware address.")]
    public string? Mac { get; set; }

    [Description("The networks of its addresses, as CIDRs.")]
    public IReadOnlyList<string> Subnets { get; set; } = [];

    [Description("Whether it is up and has carrier.")]
    public bool Up { get; set; }

    [Description("Why nothing is announced there (a bridge port, a loopback, …); absent where it can be.")]
    public string? Skipped { get; set; }

    [Description("Whether nothing is heard there: no hello, and no neighbour's answer.")]
    public bool Deaf { get; set; }
}

/// <summary>Addresses that a speaker answers for in the same way.</summary>
internal sealed record V1Alpha2AnnouncedRange
{
    [Required]
    [Pattern("^[0-9a-fA-F:.]+(-[0-9a-fA-F:.]+)?(,[0-9a-fA-F:.]+(-[0-9a-fA-F:.]+)?)*$")]
    [Description("Addresses and ranges (first-last), with commas between.")]
    public string Addresses { get; set; } = "";

    [Required]
    [Description("Where.")]
    public string Interface { get; set; } = "";

    [Pattern(Api.MacPattern)]
    [Description("With which hardware address.")]
    public string? Mac { get; set; }

    [Required]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    [Description("Since when; to the minute, hour or day where thousands of addresses were taken at different times.")]
    public DateTimeOffset Since { get; set; }

    [Description("The epoch of the election under which it was taken over; absent where this node was elected.")]
    public long? Epoch { get; set; }

    [RangeMinimum(0)]
    [Description("How many times it was taken over since that election; absent where this node was elected.")]
    public int? Term { get; set; }
}

/// <summary>Another speaker, as heard on one interface.</summary>
internal sealed record V1Alpha2SpeakerPeer
{
    [Required]
    [Description("Its node.")]
    public string Node { get; set; } = "";

    [Required]
    [Description("Where it is heard.")]
    public string Interface { get; set; } = "";

    [Required]
    [Description("Whether it is alive, by its own word or another speaker's.")]
    public bool Alive { get; set; }

    [Description("Whether its own hellos arrive here.")]
    public bool Direct { get; set; }
}

/// <summary>An address that another machine, no speaker, answers for.</summary>
internal sealed record V1Alpha2AddressConflict
{
    [Required]
    [Pattern(Api.IPPattern)]
    [Description("The address.")]
    public string Address { get; set; } = "";

    [Required]
    [Description("Where it was seen.")]
    public string Interface { get; set; } = "";

    [Required]
    [Pattern(Api.MacPattern)]
    [Description("The other machine's hardware address.")]
    public string Mac { get; set; } = "";

    [Required]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    [Description("Seen first.")]
    public DateTimeOffset Since { get; set; }

    [Description("Whether this node announces it all the same.")]
    public bool Announced { get; set; }
}

/// <summary>A speaker of this cluster whose hellos carry a wrong signature.</summary>
internal sealed record V1Alpha2RefusedSpeaker
{
    [Description("The node that it says it runs on, unproven.")]
    public string? Node { get; set; }

    [Required]
    [Description("Where it is heard.")]
    public string Interface { get; set; } = "";

    [Required]
    [Pattern(Api.MacPattern)]
    [Description("The hardware address that its hellos come from.")]
    public string Mac { get; set; } = "";

    [Required]
    [JsonConverter(typeof(KubernetesTimeConverter))]
    [Description("Heard first.")]
    public DateTimeOffset Since { get; set; }
}

/// <summary>What a speaker has done since it started.</summary>
internal sealed record V1Alpha2SpeakerCounters
{
    [RangeMinimum(0)]
    [Description("ARP requests and neighbour solicitations answered.")]
    public long Answers { get; set; }

    [RangeMinimum(0)]
    [Description("Gratuitous ARP and unsolicited neighbour advertisements sent.")]
    public long Announcements { get; set; }

    [RangeMinimum(0)]
    [Description("Addresses taken over from another node.")]
    public long Takeovers { get; set; }

    [RangeMinimum(0)]
    [Description("Hellos refused: a wrong key, another version, a replay.")]
    public long HellosRefused { get; set; }
}
