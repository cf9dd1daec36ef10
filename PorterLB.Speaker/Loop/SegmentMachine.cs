using System.Net;
using PorterLB.Speaker.Announcing;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;
using PorterLB.Speaker.Peers;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// A speaker on one segment, without I/O: it is told what happens and when, and says what to do. It has no clock, socket, thread or log,
/// and may be used by one thread at a time.
/// </summary>
/// <remarks>
/// The rules are those of docs/concepts/ownership.md. The work of a call is bounded by what its input concerns: a hello costs its entries, a
/// change of a peer the addresses that it holds and those that wait.
/// </remarks>
public sealed partial class SegmentMachine
{
    /// <summary>
    /// Addresses are looked at in one pass until so much is to be done; the others have the next pass, which follows at once. Were thousands
    /// taken over in one, a speaker that is short of time would say no hello for longer than its peers wait, be taken for dead itself, and
    /// have its addresses taken over in the same way.
    /// </summary>
    private const int EffectsOfAPass = 512;

    private readonly SegmentOptions _options;
    private readonly Random _random;
    private readonly Dictionary<IPAddress, AddressState> _addresses = [];
    private readonly Queue<AddressState> _dirty = [];
    private readonly HashSet<AddressState> _restless = [];
    private readonly PriorityQueue<AddressState, TimeSpan> _due = new();
    private readonly List<Peer> _crossed = [];
    private readonly PeerTable _peers;
    private readonly ClaimTeller _teller;

    private bool _unfinished;
    private List<Effect> _effects = [];
    private TimeSpan _now;
    private SegmentTiming _timing = SegmentTiming.Default;
    private SelfView _self;
    private Hearing _hearing;
    private FlapHistory _flaps;
    private StallDetector _stalls;

    /// <summary>Makes a machine whose interface is down and that has no rights yet.</summary>
    /// <param name="options">Who we are.</param>
    /// <param name="random">For jitter only.</param>
    public SegmentMachine(SegmentOptions options, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _random = random;
        _peers = new PeerTable(options.Node);
        _teller = new ClaimTeller();
        _peers.SetLimits(_timing.AgeLimits([]), TimeSpan.Zero);
    }

    /// <summary>Where this speaker stands on the segment; Joining as well while the interface is down.</summary>
    public SpeakerState State { get; private set; }

    /// <summary>This speaker's present life.</summary>
    public Incarnation Incarnation => new(_options.Process, _life);

    /// <summary>Whether nothing is heard: no hello, and no neighbour's answer, within the dead-after time.</summary>
    public bool Deaf => _self.Deaf;

    /// <summary>Whether peers that are heard do not hear us.</summary>
    public bool Mute => _self.Mute;

    /// <summary>Changes whenever <see cref="State"/>, <see cref="Deaf"/>, <see cref="Mute"/> or one of the lists below may have changed.</summary>
    public long Version { get; private set; }

    /// <summary>The latest time at which <see cref="Input.Tick"/> is wanted; <see cref="TimeSpan.MaxValue"/> when nothing is pending.</summary>
    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    /// <summary>The addresses answered for now.</summary>
    public IEnumerable<HeldAddress> Held => _teller.Held.Select(a => new HeldAddress(a.Address, a.Own, a.HeldSince));

    /// <summary>The speakers known on this segment.</summary>
    public IEnumerable<KnownPeer> Peers =>
        _peers.All.Where(p => p.Known).Select(p => new KnownPeer(
            p.Node, p.Standing, p.IsAlive(_now, _timing.DeadAfter), p.IsDirect(_now, _timing.DeadAfter)));

    /// <summary>The addresses that strangers answer for.</summary>
    public IEnumerable<ForeignAnswer> Conflicts =>
        _conflicts.Select(a => new ForeignAnswer(a.Address, a.Conflict!.Mac, a.Conflict.Since, a.Conflict.Announced));

    /// <summary>Takes in what happened and appends what is to be done, in order.</summary>
    /// <param name="now">Monotonic time, from any origin; never before that of the last call.</param>
    /// <param name="input">What happened.</param>
    /// <param name="effects">Appended to; never read.</param>
    public void Handle(TimeSpan now, Input input, List<Effect> effects)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(effects);
        if (_left)
        {
            return;
        }

        _now = now > _now ? now : _now;
        _effects = effects;
        if (_linkUp && _stalls.Run(_now, _timing.DeadAfter))
        {
            Report(ReportKind.Stalled);
            Join(newLink: false);
        }

        switch (input)
        {
            case Input.HelloHeard heard:
                HearHello(heard.Hello, heard.CapturedAt < _now ? heard.CapturedAt : _now);
                if (heard.More)
                {
                    NextDeadline = _now;
                    return;
                }

                break;
            case Input.RightsChanged changed:
                ChangeRights(changed);
                break;
            case Input.ContactChanged contact:
                ChangeContact(contact.Fresh);
                break;
            case Input.LinkChanged link:
                ChangeLink(link.Up, link.Mac);
                break;
            case Input.AddressSeen seen:
                SeeAddress(seen);
                break;
            case Input.FrameHeard frame:
                _hearing.HeardFrame(frame.At < _now ? frame.At : _now);
                break;
            case Input.NeighborAnswered:
                _hearing.HeardNeighbor(_now);
                break;
            case Input.DataPlaneChanged plane:
                _healthy = plane.Healthy;
                break;
            case Input.Leave:
                Leave();
                break;
        }

        Advance();
    }

    private bool Planted(PlantedFaults fault) => _options.Planted.HasFlag(fault);

    private void Report(ReportKind what, IPAddress? address = null, string? node = null, MacAddress? mac = null) =>
        _effects.Add(new Effect.Report(what, address, node, mac));

    /// <summary>Lets time pass, then looks at everything that has become due or was touched.</summary>
    private void Advance()
    {
        if (_linkUp)
        {
            AdvanceLife();
            AdvancePeers();
            LookAtMyself();
        }

        while (_due.TryPeek(out var next, out var at) && at <= _now)
        {
            _due.Dequeue();
            if (next.Due == at)
            {
                next.Due = TimeSpan.MaxValue;
                Touch(next);
            }
        }

        var enough = _effects.Count + EffectsOfAPass;
        while (_effects.Count < enough && _dirty.TryDequeue(out var address))
        {
            address.Dirty = false;
            Evaluate(address);
        }

        _unfinished = _dirty.Count > 0;
        FinishLeaving();
        if (_linkUp && !_left)
        {
            Speak();
            if (_teller.Held.Count > 0)
            {
                // As long as the last hello holds, and no longer: after that another may have taken over.
                _effects.Add(new Effect.RenewAnswers(_saidHelloAt + _timing.DeadAfter));
            }
        }

        NextDeadline = FindDeadline();
    }

    private void Touch(AddressState address)
    {
        if (!address.Dirty)
        {
            address.Dirty = true;
            _dirty.Enqueue(address);
        }
    }

    private void TouchAll(IEnumerable<AddressState> addresses)
    {
        foreach (var address in addresses)
        {
            Touch(address);
        }
    }

    private TimeSpan FindDeadline()
    {
        if (_left)
        {
            return TimeSpan.MaxValue;
        }

        if (_unfinished)
        {
            return _now;
        }

        var next = TimeSpan.MaxValue;
        if (_linkUp)
        {
            next = Earlier(next, _nextHello);
            next = Earlier(next, _tellAllAt);
            next = Earlier(next, _announceFirstAt);
            next = Earlier(next, _announceAgainAt);
            next = Earlier(next, _peers.NextCrossing);
            next = Earlier(next, _hearing.NextProbe(NeighborProbeInterval));
            next = State == SpeakerState.Joining ? Earlier(next, _joinedAt) : next;
            next = _hearing.Nothing(_now, _timing.DeadAfter) ? next : Earlier(next, _hearing.NothingAt(_timing.DeadAfter));
            next = _self.HearsNobody ? next : Earlier(next, _hearing.NoHelloAt(_timing.DeadAfter));
        }

        next = State == SpeakerState.Leaving ? Earlier(next, _leaveAt) : next;
        if (_due.TryPeek(out _, out var due))
        {
            next = Earlier(next, due);
        }

        // What is overdue only because it is barred now (no ears, not joined) comes up again by itself.
        return next > _now ? next : _now + TimeSpan.FromMilliseconds(1);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
