using System.Net;
using PorterLB.Speaker;

namespace PorterLB.Tests.Simulation;

/// <summary>A machine beside the router that is no speaker and has one of our addresses, rightly or not.</summary>
internal sealed class SimulatedStranger(Simulation world)
{
    public static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:99");
    private readonly HashSet<IPAddress> _addresses = [];

    public bool Has(IPAddress address) => _addresses.Contains(address);

    public void Take(IPAddress address)
    {
        _addresses.Add(address);
        Claim(address);
    }

    public void Leave(IPAddress address) => _addresses.Remove(address);

    public void HearProbe(SimulatedSpeaker from, IPAddress address)
    {
        if (_addresses.Contains(address))
        {
            world.Segment.Carry(world.Segment.Router, from.Index, isHello: false, () => from.SeeAddress(address, Mac, unasked: false));
        }
    }

    public void Claim(IPAddress address)
    {
        world.Note("stranger", "claims", address);
        foreach (var to in world.Speakers)
        {
            world.Segment.Carry(world.Segment.Router, to.Index, isHello: false, () => to.SeeAddress(address, Mac, unasked: true));
        }
    }
}
