using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>Everything that can happen to a speaker on one segment. Inputs carry no time: the machine is told it beside.</summary>
public abstract record Input
{
    private Input()
    {
    }

    /// <summary>A hello of our cluster, authenticated and decoded, arrived.</summary>
    /// <param name="Hello">What it says.</param>
    /// <param name="CapturedAt">When the kernel saw it, on the machine's clock: a hello that queued while we slept proves no life now.</param>
    public sealed record HelloHeard(Hello Hello, TimeSpan CapturedAt) : Input
    {
        /// <summary>
        /// Others may wait behind this one: what follows from it, and from silence, is decided at the tick after all of them. A loop that
        /// was late has several; the first must not be the occasion to declare dead who speaks in the second.
        /// </summary>
        public bool More { get; init; }
    }

    /// <summary>
    /// The rights for the addresses of this segment, whole. Also given once at start, from disk, before the API server was reached:
    /// the first ones from the API server then replace them like any others.
    /// </summary>
    /// <param name="Addresses">Those that belong on this segment. One that was there and is missing now has been released, unless it is
    /// <paramref name="Elsewhere"/>.</param>
    /// <param name="Elsewhere">Addresses that exist but are answered for on another interface: dropped here, without telling anybody that
    /// they were released.</param>
    public sealed record RightsChanged(ImmutableDictionary<IPAddress, AddressRights> Addresses, ImmutableHashSet<IPAddress> Elsewhere) : Input
    {
        /// <summary>
        /// Whether these come from disk: what they name was held before this process began, so nobody needs to be given time to take it first.
        /// </summary>
        public bool Resumed { get; init; }

        /// <summary>Rights whose missing addresses have all been released.</summary>
        public RightsChanged(ImmutableDictionary<IPAddress, AddressRights> addresses)
            : this(addresses, [])
        {
        }
    }

    /// <summary>Contact with the source of the rights (the API server) was won or lost.</summary>
    /// <param name="Fresh">Whether there was contact within the last 2.5 s.</param>
    public sealed record ContactChanged(bool Fresh) : Input;

    /// <summary>The interface went up (with carrier), went down, or changed its hardware address.</summary>
    /// <param name="Up">Whether frames can be sent and received.</param>
    /// <param name="Mac">Its hardware address.</param>
    public sealed record LinkChanged(bool Up, MacAddress Mac) : Input;

    /// <summary>Another machine said that it has one of our addresses: an ARP reply or gratuitous ARP, an NDP advertisement.</summary>
    /// <param name="Address">The address, one of those in the rights.</param>
    /// <param name="Mac">Who says so; never our own hardware address.</param>
    /// <param name="Speaker">The node of the speaker whose hellos come from that hardware address, or null for a stranger.</param>
    public sealed record AddressSeen(IPAddress Address, MacAddress Mac, string? Speaker) : Input
    {
        /// <summary>
        /// It said so without being asked (gratuitous ARP, unsolicited advertisement). Of a speaker that is no proof that it would answer:
        /// a deaf one still announces.
        /// </summary>
        public bool Unasked { get; init; }
    }

    /// <summary>A frame of another station arrived, whatever it said: we have ears. One per 50 ms is enough.</summary>
    /// <param name="At">When the newest one did, on the machine's clock: told late, it must not hide that nothing came since.</param>
    public sealed record FrameHeard(TimeSpan At) : Input;

    /// <summary>
    /// A neighbour that is no speaker of ours answered a question of ours (<see cref="Effect.ProbeNeighbors"/>): if it falls silent later
    /// together with all speakers, it is we who hear nothing. A speaker's own machine is no such witness, for it dies with it.
    /// </summary>
    public sealed record NeighborAnswered : Input
    {
        /// <summary>The one instance: the event carries nothing.</summary>
        public static NeighborAnswered Instance { get; } = new();
    }

    /// <summary>The node's forwarding (kube-proxy) became healthy or unhealthy.</summary>
    /// <param name="Healthy">Whether traffic that arrives here is forwarded.</param>
    public sealed record DataPlaneChanged(bool Healthy) : Input;

    /// <summary>Time has passed; sent at <c>NextDeadline</c> at the latest.</summary>
    public sealed record Tick : Input
    {
        /// <summary>The one instance: the event carries nothing.</summary>
        public static Tick Instance { get; } = new();
    }

    /// <summary>The process is asked to stop: hand over, then finish.</summary>
    public sealed record Leave : Input
    {
        /// <summary>The one instance: the event carries nothing.</summary>
        public static Leave Instance { get; } = new();
    }
}
