using System.Net;
using System.Net.Sockets;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>What is said on a segment unasked: hellos, announcements, questions. Without a wire, to nobody.</summary>
internal sealed class Voice(SegmentContext context, Answering answering)
{
    private readonly byte[] _helloFrame = new byte[HelloFrame.HeadersMax + HelloLayout.MaxLength];

    /// <summary>The open wire, or null.</summary>
    public IWire? Wire { get; set; }

    public void SayHello(Hello hello, LocalInterface on)
    {
        var source = on.HelloSource;
        var offset = HelloFrame.MessageOffset(source.AddressFamily == AddressFamily.InterNetworkV6);
        var length = HelloCodec.Write(hello, on.Mac, context.ClusterTag, context.Keys, _helloFrame.AsSpan(offset));
        var frame = _helloFrame.AsSpan(0, offset + length);
        HelloFrame.WriteHeaders(frame, on.Mac, source, context.HelloPort);
        Send(frame);
    }

    /// <summary>Tells everybody who has an address now.</summary>
    public void Announce(IPAddress address, MacAddress mac)
    {
        if (answering.Find(address) is not { } target)
        {
            return;
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            Send(PreparedFrames.ArpAnnouncement(mac, address));
            Send(PreparedFrames.ArpAnnouncementReply(mac, address));
        }
        else
        {
            Send(PreparedFrames.UnsolicitedAdvertisement(mac, address));
        }

        target.Counters.Gratuitous++;
    }

    /// <summary>Asks whether anybody has an address.</summary>
    public void Ask(IPAddress address, MacAddress mac)
    {
        if (answering.Find(address) is { } target)
        {
            target.ProbedAt = context.Clock.Now;
        }

        Send(PreparedFrames.Probe(mac, address));
    }

    public void Send(ReadOnlySpan<byte> frame) => Wire?.Send(frame);
}
