using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// One interface in use: its machine, its wire, and the frames between them. Everything here belongs to the loop's thread, but
/// <see cref="Take"/>, which the wire's thread calls.
/// </summary>
internal sealed class Segment : IFrameSink, IDisposable
{
    /// <summary>Told that something is heard at most this often: the machine counts in steps of it.</summary>
    private static readonly TimeSpan HearingInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>What comes this long after a probe from :: answers it: nodes on a segment answer within a few ms, and a busy one in tens.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>An interface that cannot be opened is tried again after this long, and at every change of it.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>For so long silence is not believed while frames wait to be read: one hello of ours may be late by that, and no more.</summary>
    private static readonly TimeSpan ReaderPatience = TimeSpan.FromMilliseconds(100);

    /// <summary>How soon the reader is looked after again.</summary>
    private static readonly TimeSpan ReaderInterval = TimeSpan.FromMilliseconds(2);

    private readonly SegmentContext _context;
    private readonly Responder _responder;
    private readonly Answering _answering;
    private readonly Voice _voice;
    private readonly HashSet<IPAddress> _joined = [];
    private readonly List<Effect> _effects = [];
    private readonly long[] _drops = new long[Enum.GetValues<DropReason>().Length];

    private TimeSpan _retryAt;
    private TimeSpan _heardToldAt = TimeSpan.MinValue;
    private TimeSpan _tellHearingAt;
    private TimeSpan _nextAnswersAt;
    private TimeSpan? _behindSince;
    private TimeSpan _lookAgainAt;
    private int _answersAwaited;
    private long _version;
    private bool _coarseTold;
    private bool _linkUp;
    private MacAddress _linkMac;

    public Segment(LocalInterface on, SegmentContext context)
    {
        Interface = on;
        _context = context;
        _responder = new Responder(context.ClusterTag, context.Keys, context.HelloPort);
        _answering = new Answering(context, _responder);
        _voice = new Voice(context, _answering);

        // Drawn for each, not for the process: on an interface that is made again, or renamed, sequence numbers begin anew, and under the
        // old name for this life everybody would take them for a recording.
        Machine = new SegmentMachine(context.MachineOptions with { Process = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) }, context.Random);
        _answering.Swap(on.Mac);
    }

    public LocalInterface Interface { get; private set; }

    public SegmentMachine Machine { get; }

    /// <summary>The machine holds nothing any more and was asked to leave, or has no time left.</summary>
    public bool Left { get; private set; }

    /// <summary>Frames dropped, by <see cref="DropReason"/>. Read by any thread.</summary>
    public ReadOnlySpan<long> Drops => _drops;

    /// <summary>When <see cref="RunDue"/> has something to do.</summary>
    public TimeSpan NextDeadline
    {
        get
        {
            var next = Machine.NextDeadline > _lookAgainAt ? Machine.NextDeadline : _lookAgainAt;
            next = next < Neighbors.NextDeadline ? next : Neighbors.NextDeadline;
            return Interface.Up && _voice.Wire is null && _retryAt < next ? _retryAt : next;
        }
    }

    /// <summary>Who else is on the segment.</summary>
    public Neighborhood Neighbors { get; } = new();

    /// <summary>Changes whenever there may be something else to tell of this segment.</summary>
    public long Version => Machine.Version + _version;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> frame, in Capture capture)
    {
        var verdict = _responder.Judge(frame, capture.Now);
        var drop = verdict.Drop;
        if (verdict is { Finding: Finding.Claimed, Unasked: true, Target: { } claimed } && !MayAnswerProbe(claimed, capture.Now) && Neighbors.IsHeard(verdict.Mac, capture.Now))
        {
            // Who takes over a thousand addresses announces them in twelve thousand frames.
            _drops[(int)DropReason.PeerAnnounced]++;
            return default;
        }

        Mail? mail = verdict.Finding switch
        {
            Finding.Hello => new Mail.Hello(
                this, verdict.Hello!, verdict.Mac, HelloFrame.SourceOf(frame), capture.CapturedAt(_context.Clock.WallClock)),
            Finding.NeighborAnswered when IsAwaited(capture.Now) => new Mail.Neighbor(this, verdict.Mac),
            Finding.Claimed => new Mail.Claimed(this, verdict.Target!.Address, verdict.Mac, verdict.Unasked),
            Finding.WrongKey => new Mail.WrongKey(this, verdict.Mac, HelloCodec.ClaimedName(HelloFrame.MessageOf(frame))),
            Finding.OtherCluster => new Mail.OtherCluster(this, HelloCodec.ClusterOf(HelloFrame.MessageOf(frame)), verdict.Mac),
            _ => null,
        };
        if (mail is not null && !_context.Mailbox.TryPost(mail) && drop == DropReason.None)
        {
            drop = DropReason.MailboxFull;
        }

        _drops[(int)drop]++;
        return verdict.Answer;
    }

    /// <summary>As many answers as questions are asked at a time: unasked ones are no news, and anybody can send them.</summary>
    private bool IsAwaited(TimeSpan now)
    {
        if (now >= _nextAnswersAt)
        {
            _nextAnswersAt = now + HearingInterval;
            _answersAwaited = Neighborhood.AskedAtOnce;
        }

        return _answersAwaited-- > 0;
    }

    /// <inheritdoc/>
    public void Lost(string reason) => _context.Mailbox.Post(new Mail.WireLost(this, reason));

    /// <summary>Gives the machine an input and carries out what it wants.</summary>
    public void Handle(Input input)
    {
        _effects.Clear();
        Machine.Handle(_context.Clock.Now, input, _effects);
        CarryOut();
    }

    /// <summary>Does what time asks for.</summary>
    public void RunDue()
    {
        var now = _context.Clock.Now;
        if (Interface.Up && _voice.Wire is null && now >= _retryAt)
        {
            Open(now);
        }

        if (Neighbors.Forget(now))
        {
            _version++;
        }

        if (IsReaderBehind(now))
        {
            _lookAgainAt = now + ReaderInterval;
            return;
        }

        // Before the clock: whether anything is heard decides what the passing of time means.
        var heard = _responder.LastHeard;
        if (heard > _heardToldAt && now >= _tellHearingAt)
        {
            _heardToldAt = heard;
            _tellHearingAt = now + HearingInterval;
            Handle(new Input.FrameHeard(heard));
        }

        if (now >= Machine.NextDeadline)
        {
            Handle(Input.Tick.Instance);
        }
    }

    /// <summary>
    /// Whether frames came that nobody has read, or that are read and not yet judged: on a machine that is short of time the thread that
    /// reads may wait while this one runs, and what would be concluded from silence is not silence.
    /// </summary>
    private bool IsReaderBehind(TimeSpan now)
    {
        // In this order: what is not in the wire any more is with its reader, and what is not there any more is in the mailbox.
        if (_voice.Wire is not { } wire || !(wire.HasUnread || _context.Mailbox.HasMail))
        {
            _behindSince = null;
            return false;
        }

        _behindSince ??= now;
        return now - _behindSince < ReaderPatience;
    }

    /// <summary>The interface as it is now.</summary>
    public void Update(LocalInterface now)
    {
        var before = Interface;
        Interface = now;
        if (now.Mac != before.Mac)
        {
            _answering.Remake(now.Mac);
            SwapFilter();
        }

        if (!now.Up)
        {
            Close();
        }
        else if (!before.Up)
        {
            _retryAt = TimeSpan.Zero;
        }

        JoinHelloGroups();
        _context.Groups.Retry(now.Index);
        TellLink();
    }

    /// <summary>The rights for the addresses on this interface.</summary>
    public void Apply(ImmutableDictionary<IPAddress, AddressRights> rights, ImmutableHashSet<IPAddress> elsewhere, bool resumed)
    {
        var changed = _answering.Concern(rights, Interface.Mac);

        // Before the machine asks who has an address, what answers must be let through.
        if (changed)
        {
            SwapFilter();
        }

        Handle(new Input.RightsChanged(rights, elsewhere) { Resumed = resumed });
    }

    /// <summary>A hello came in.</summary>
    public void Hear(Hello hello, MacAddress mac, IPAddress source, TimeSpan capturedAt)
    {
        if (hello.Node == _context.MachineOptions.Node && mac == Interface.Mac)
        {
            return;
        }

        Neighbors.Heard(mac, hello.Node, source, capturedAt);
        Handle(new Input.HelloHeard(hello, capturedAt) { More = true });
    }

    /// <summary>Another machine says that it has one of our addresses.</summary>
    /// <param name="address">The address.</param>
    /// <param name="mac">Whose frame said so.</param>
    /// <param name="unasked">The frame was not straight to us.</param>
    public void Claimed(IPAddress address, MacAddress mac, bool unasked)
    {
        if (_answering.Find(address) is { } target && mac != Interface.Mac)
        {
            Handle(new Input.AddressSeen(address, mac, Neighbors.SpeakerAt(mac)) { Unasked = unasked && !MayAnswerProbe(target, _context.Clock.Now) });
        }
    }

    /// <summary>
    /// A probe from :: is answered to all nodes (RFC 4861, section 7.2.4): by its time alone is the answer told from an announcement.
    /// </summary>
    private static bool MayAnswerProbe(Target target, TimeSpan now) =>
        target.Address.AddressFamily == AddressFamily.InterNetworkV6 && now - target.ProbedAt < AnswerPatience;

    /// <summary>A speaker of our cluster signs with a key that is none of ours.</summary>
    public void Refused(MacAddress mac, string? node)
    {
        _version++;
        if (Neighbors.Refuse(mac, node, _context.Clock.Now))
        {
            _context.Report(new SpeakerReport(ReportKind.WrongKey, Interface: Interface.Name, Node: node, Mac: mac, Detail:
                "its hellos carry our cluster's tag, and none of our keys signed them: restart that speaker, and see that it reads the same Secret"));
        }
    }

    /// <summary>Another cluster speaks on this segment.</summary>
    public void SawCluster(string tag, MacAddress mac)
    {
        if (Neighbors.SeeCluster(tag))
        {
            _context.Report(new SpeakerReport(ReportKind.OtherCluster, Interface: Interface.Name, Mac: mac, Detail: $"cluster {tag}"));
        }
    }

    /// <summary>A machine answered a question of ours.</summary>
    public void Answered(MacAddress mac)
    {
        if (Neighbors.SpeakerAt(mac) is null)
        {
            Handle(Input.NeighborAnswered.Instance);
        }
    }

    /// <summary>The wire ended by itself.</summary>
    public void WireLost(string reason)
    {
        if (_voice.Wire is null)
        {
            return;
        }

        Close();
        _retryAt = _context.Clock.Now + RetryInterval;
        TellLink();
        _context.Report(new SpeakerReport(ReportKind.InterfaceLost, Interface: Interface.Name, Detail: reason));
    }

    public void UseKeys(HelloKeys keys) => _responder.Keys = keys;

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        foreach (var group in _joined)
        {
            _context.Groups.Leave(Interface.Index, group);
        }

        _joined.Clear();
        _answering.DropAll(Interface.Index);
    }

    private void Open(TimeSpan now)
    {
        try
        {
            _voice.Wire = _context.Wires.Open(Interface.Name, FilterOf, this);
            JoinHelloGroups();
            SwapFilter();
            TellLink();
        }
        catch (IOException error)
        {
            if (_retryAt == TimeSpan.Zero)
            {
                _context.Report(new SpeakerReport(ReportKind.InterfaceLost, Interface: Interface.Name, Detail: error.Message));
            }

            _retryAt = now + RetryInterval;
        }
    }

    private void Close()
    {
        _voice.Wire?.Dispose();
        _voice.Wire = null;
    }

    private void TellLink()
    {
        var up = Interface.Up && _voice.Wire is not null;
        if (up != _linkUp || Interface.Mac != _linkMac)
        {
            _linkUp = up;
            _linkMac = Interface.Mac;
            Handle(new Input.LinkChanged(up, Interface.Mac));
        }
    }

    private void JoinHelloGroups()
    {
        // The card lets no group through that nobody joined. Where IPv6 is off there is nothing to join, and nobody to hear by it.
        Join(HelloFrame.GroupIPv4);
        if (Interface.Addresses.Any(address => address.Address.AddressFamily == AddressFamily.InterNetworkV6))
        {
            Join(HelloFrame.GroupIPv6);
        }

        void Join(IPAddress group)
        {
            if (_joined.Add(group))
            {
                _context.Groups.Join(Interface.Index, group);
            }
        }
    }

    private void CarryOut()
    {
        // First who answers: no announcement goes out for an address before a request for it would be answered.
        foreach (var effect in _effects)
        {
            switch (effect)
            {
                case Effect.Answer answer:
                    _answering.Hold(answer.Address, Interface.Index);
                    break;
                case Effect.Silence silence:
                    _answering.Drop(silence.Address, Interface.Index);
                    break;
            }
        }

        foreach (var effect in _effects)
        {
            switch (effect)
            {
                case Effect.SendHello send:
                    _voice.SayHello(send.Hello, Interface);
                    break;
                case Effect.SendGratuitous gratuitous:
                    _voice.Announce(gratuitous.Address, Interface.Mac);
                    break;
                case Effect.SendProbe probe:
                    _voice.Ask(probe.Address, Interface.Mac);
                    break;
                case Effect.ProbeNeighbors:
                    foreach (var question in Neighbors.Questions(Interface, _context.Routes, _responder.LastAsker))
                    {
                        _voice.Send(question);
                    }

                    break;
                case Effect.RenewAnswers renew:
                    _responder.Deadline = renew.Deadline;
                    break;
                case Effect.Report report:
                    if (report is { What: ReportKind.TookOver, Node: { } dead } && Neighbors.HeardAt(dead) is { } heardAt)
                    {
                        _context.Unanswered(_context.Clock.Now - heardAt);
                    }

                    _context.Report(new SpeakerReport(report.What, report.Address, Interface.Name, report.Node, report.Mac));
                    break;
                case Effect.Left:
                    Left = true;
                    break;
            }
        }
    }

    private CaptureFilter FilterOf(int instructionsMax) =>
        CaptureFilter.For(Interface.Mac, _answering.Addresses, _context.HelloPort, instructionsMax);

    private void SwapFilter()
    {
        if (_voice.Wire is not { } wire)
        {
            return;
        }

        try
        {
            var coarse = wire.Admit(FilterOf).Excess;
            if (coarse > 0 && !_coarseTold)
            {
                _context.Report(new SpeakerReport(ReportKind.FilterCoarse, Interface: Interface.Name, Detail:
                    $"{_answering.Addresses.Count} scattered addresses do not fit into a kernel filter; it lets through requests for {coarse} others. " +
                    "Contiguous pools, or a higher net.core.optmem_max, make it exact."));
            }

            _coarseTold = coarse > 0;
        }
        catch (IOException error)
        {
            WireLost(error.Message);
        }
    }
}
