namespace PorterLB.Speaker;

/// <summary>What a speaker has done since it started.</summary>
/// <param name="Answers">ARP requests and neighbour solicitations answered.</param>
/// <param name="Announcements">Gratuitous ARP and unsolicited advertisements sent, one for each time that an address was told.</param>
/// <param name="Takeovers">Addresses taken over from another node.</param>
/// <param name="HellosRefused">Hellos that were not accepted, other than those of other clusters; on the interfaces in use now.</param>
public readonly record struct SpeakerTotals(long Answers, long Announcements, long Takeovers, long HellosRefused);
