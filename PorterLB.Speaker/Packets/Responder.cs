using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Packets;

/// <summary>
/// Judges the frames of one interface. This is the path from a router's question to its answer: no lock, no log, no queue, and no
/// allocation unless a hello or another's claim must be told to the loop. One capture thread calls it; the loop swaps what it reads.
/// </summary>
/// <param name="clusterTag">Eight bytes that name our cluster.</param>
/// <param name="keys">The keys of the hellos.</param>
/// <param name="helloPort">The UDP port of the hellos.</param>
internal sealed class Responder(byte[] clusterTag, HelloKeys keys, ushort helloPort)
{
    private volatile AnswerTable _table = AnswerTable.Empty;
    private volatile HelloKeys _keys = keys;
    private long _deadline;
    private long _lastHeard = long.MinValue;
    private uint _lastAsker;
    private long _toldRefusedAt = long.MinValue;

    /// <summary>Refused hellos are named at most this often: naming allocates, and who forges them does so at any rate.</summary>
    private static readonly TimeSpan RefusedInterval = TimeSpan.FromSeconds(1);

    /// <summary>Which addresses concern us; swapped whole by the loop.</summary>
    public AnswerTable Table
    {
        get => _table;
        set => _table = value;
    }

    /// <summary>Swapped by the loop.</summary>
    public HelloKeys Keys
    {
        set => _keys = value;
    }

    /// <summary>
    /// The time after which nothing is answered any more, on the machine's clock. A process that was frozen finds it passed and stays
    /// silent until the loop has looked around.
    /// </summary>
    public TimeSpan Deadline
    {
        get => new(Volatile.Read(ref _deadline));
        set => Volatile.Write(ref _deadline, value.Ticks);
    }

    /// <summary>When the last frame of another station was judged: hearing any proves ears. <see cref="TimeSpan.MinValue"/> for never.</summary>
    public TimeSpan LastHeard => new(Volatile.Read(ref _lastHeard));

    /// <summary>The IPv4 address that asked last for one that is held here, or null: a neighbour that is there.</summary>
    public uint? LastAsker => Volatile.Read(ref _lastAsker) is > 0 and var asker ? asker : null;

    /// <summary>Judges one frame. Does not throw, whatever the bytes are.</summary>
    /// <param name="frame">From the first byte of its Ethernet header.</param>
    /// <param name="now">The time on the machine's clock.</param>
    public Verdict Judge(ReadOnlySpan<byte> frame, TimeSpan now)
    {
        if (frame.Length < Ethernet.HeaderLength)
        {
            return Verdict.Dropped(DropReason.Truncated);
        }

        var table = _table;
        if (MacAddress.Read(frame[Ethernet.Source..]) == table.Mac)
        {
            return Verdict.Dropped(DropReason.Own);
        }

        Volatile.Write(ref _lastHeard, now.Ticks);
        var toGroup = (frame[Ethernet.Destination] & 1) != 0;
        if (!toGroup && MacAddress.Read(frame) != table.Mac)
        {
            return Verdict.Dropped(DropReason.OtherHost);
        }

        return Ethernet.TypeOf(frame) switch
        {
            Ethernet.TypeArp => JudgeArp(frame, table, toGroup, now),
            Ethernet.TypeIPv6 when frame.Length > NdpView.NextHeader && frame[NdpView.NextHeader] == NdpView.IcmpV6 =>
                JudgeNdp(frame, table, toGroup, now),
            Ethernet.TypeIPv4 or Ethernet.TypeIPv6 => JudgeHello(frame, now),
            Ethernet.TypeVlan or Ethernet.TypeServiceVlan => Verdict.Dropped(DropReason.VlanTagged),
            _ => Verdict.Dropped(DropReason.OtherProtocol),
        };
    }

    private Verdict JudgeArp(ReadOnlySpan<byte> frame, AnswerTable table, bool toGroup, TimeSpan now)
    {
        var drop = ArpView.Check(frame, out var arp);
        if (drop != DropReason.None)
        {
            return Verdict.Dropped(drop);
        }

        if (arp.SenderMac == table.Mac)
        {
            return Verdict.Dropped(DropReason.Own);
        }

        // RFC 5227, section 2.4: whoever speaks as one of our addresses, in a request or a reply, claims it.
        if (table.Find(arp.SenderIP) is { } claimed)
        {
            return Verdict.Claimed(claimed, arp.SenderMac, unasked: arp.IsRequest || toGroup);
        }

        if (!arp.IsRequest)
        {
            return toGroup ? Verdict.Dropped(DropReason.OtherTarget) : Verdict.NeighborAnswered(arp.SenderMac);
        }

        if (table.Find(arp.TargetIP) is not { } target)
        {
            return Verdict.Dropped(DropReason.OtherTarget);
        }

        if (!MayAnswer(now, target, out drop))
        {
            return Verdict.Dropped(drop);
        }

        Volatile.Write(ref _lastAsker, arp.SenderIP);
        return Verdict.Answered(target.AnswerTo(arp), target);
    }

    private Verdict JudgeNdp(ReadOnlySpan<byte> frame, AnswerTable table, bool toGroup, TimeSpan now)
    {
        var drop = NdpView.Check(frame, out var ndp);
        if (drop != DropReason.None)
        {
            return Verdict.Dropped(drop);
        }

        var sender = MacAddress.Read(ndp.LinkAddress);
        if (sender == table.Mac)
        {
            return Verdict.Dropped(DropReason.Own);
        }

        var target = table.Find(ndp.Target);
        if (!ndp.IsSolicitation)
        {
            return target is not null ? Verdict.Claimed(target, sender, unasked: toGroup)
                : toGroup ? Verdict.Dropped(DropReason.OtherTarget)
                : Verdict.NeighborAnswered(sender);
        }

        if (target is null)
        {
            return Verdict.Dropped(DropReason.OtherTarget);
        }

        return MayAnswer(now, target, out drop) ? Verdict.Answered(target.AnswerTo(ndp), target) : Verdict.Dropped(drop);
    }

    private bool MayAnswer(TimeSpan now, Target target, out DropReason drop)
    {
        drop = DropReason.None;
        if (!target.Held)
        {
            drop = DropReason.NotHeld;
            return false;
        }

        target.Counters.Requests++;
        if (now.Ticks > Volatile.Read(ref _deadline))
        {
            drop = DropReason.Expired;
            return false;
        }

        target.Counters.Responses++;
        return true;
    }

    private Verdict JudgeHello(ReadOnlySpan<byte> frame, TimeSpan now)
    {
        if (!HelloFrame.IsOurs(frame, helloPort))
        {
            return Verdict.Dropped(DropReason.OtherProtocol);
        }

        var drop = HelloFrame.Check(frame, out var message);
        if (drop != DropReason.None)
        {
            return Verdict.Dropped(drop);
        }

        drop = HelloCodec.TryRead(message, clusterTag, _keys, out var hello, out var mac);
        var finding = drop switch
        {
            DropReason.None => Finding.Hello,
            DropReason.HelloSignature => Finding.WrongKey,
            DropReason.HelloOtherCluster => Finding.OtherCluster,
            _ => Finding.None,
        };
        if (finding == Finding.Hello)
        {
            return Verdict.Heard(hello!, mac);
        }

        if (finding == Finding.None || now.Ticks < _toldRefusedAt)
        {
            return Verdict.Dropped(drop);
        }

        _toldRefusedAt = (now + RefusedInterval).Ticks;
        return Verdict.Refused(drop, finding, MacAddress.Read(frame[Ethernet.Source..]));
    }
}
