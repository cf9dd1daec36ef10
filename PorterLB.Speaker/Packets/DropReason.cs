namespace PorterLB.Speaker.Packets;

/// <summary>Why a captured frame got no answer and was not passed on. Every frame has one; metrics count them by name.</summary>
internal enum DropReason
{
    /// <summary>It was answered or passed on.</summary>
    None = 0,

    /// <summary>Shorter than its own headers say.</summary>
    Truncated,

    /// <summary>Carries an 802.1Q or 802.1ad tag: it belongs to another segment.</summary>
    VlanTagged,

    /// <summary>Neither ARP, nor a neighbour solicitation or advertisement, nor a hello.</summary>
    OtherProtocol,

    /// <summary>Our own frame came back (a hub, a loop).</summary>
    Own,

    /// <summary>Sent to another machine's hardware address: seen only because somebody made the interface promiscuous.</summary>
    OtherHost,

    /// <summary>ARP for other than Ethernet and IPv4, or with wrong lengths.</summary>
    ArpMalformed,

    /// <summary>ARP operation other than request and reply.</summary>
    ArpOperation,

    /// <summary>The sender's hardware address is zero, multicast or broadcast.</summary>
    BadSender,

    /// <summary>ICMPv6 code, length or options against RFC 4861 section 7.1, or target or source that cannot be one.</summary>
    NdpMalformed,

    /// <summary>ICMPv6 checksum wrong.</summary>
    Checksum,

    /// <summary>Hop limit or TTL below 255: it came through a router (RFC 5082).</summary>
    HopLimit,

    /// <summary>About an address that is none of ours.</summary>
    OtherTarget,

    /// <summary>Asks for an address that another speaker holds now.</summary>
    NotHeld,

    /// <summary>The answers were not renewed in time: this process was frozen, and another may hold the address by now.</summary>
    Expired,

    /// <summary>A hello in fragments, or with IP options.</summary>
    HelloFragmented,

    /// <summary>A hello of another version.</summary>
    HelloVersion,

    /// <summary>A hello of another cluster on the same segment.</summary>
    HelloOtherCluster,

    /// <summary>A hello that none of our keys signed.</summary>
    HelloSignature,

    /// <summary>A hello whose lengths, counts or values contradict each other.</summary>
    HelloMalformed,

    /// <summary>The loop is behind: passing this on would let a flood fill the memory.</summary>
    MailboxFull,

    /// <summary>Announces an address of ours, and is a speaker's that is heard: its hellos say the same, and they are what counts.</summary>
    PeerAnnounced,
}
