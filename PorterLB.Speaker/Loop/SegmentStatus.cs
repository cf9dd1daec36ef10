using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>An address that this speaker answers for on the segment.</summary>
/// <param name="Address">The address.</param>
/// <param name="Rank">The rank of its claim.</param>
/// <param name="Since">Since when, on the machine's clock.</param>
public readonly record struct HeldAddress(IPAddress Address, ClaimRank Rank, TimeSpan Since);

/// <summary>Another speaker, as seen from here.</summary>
/// <param name="Node">Its node's name.</param>
/// <param name="Standing">What it said of itself last.</param>
/// <param name="Alive">Whether there is evidence of its life, by any way, within the dead-after time.</param>
/// <param name="Direct">Whether its own hellos arrive here.</param>
public readonly record struct KnownPeer(string Node, Standing Standing, bool Alive, bool Direct);

/// <summary>An address for which a stranger answers.</summary>
/// <param name="Address">The address.</param>
/// <param name="Mac">The stranger's hardware address.</param>
/// <param name="Since">First seen, on the machine's clock.</param>
/// <param name="Announced">Whether we announce it all the same.</param>
public readonly record struct ForeignAnswer(IPAddress Address, MacAddress Mac, TimeSpan Since, bool Announced);
