using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Metrics;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// One mailbox and one thread of decisions: keeps a segment per interface in use, tells each what concerns it, and publishes what all
/// of them do. The machines decide; this carries messages.
/// </summary>
internal sealed class SpeakerLoop : IDisposable
{
    /// <summary>A change of status is published this much later, with whatever else changed meanwhile; later where much is to be put in order.</summary>
    private static readonly TimeSpan PublishDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan PublishDelayPerAddress = TimeSpan.FromMicroseconds(50);

    /// <summary>An interface without rights that is not the default route's is let go after this long: tombstones are told by then.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(60);

    private readonly SegmentContext _context;
    private readonly MachineClock _clock;
    private readonly Mailbox _mailbox;
    private readonly SpeakerOptions _options;
    private readonly RightsKeeper _keeper;
    private readonly StatusBoard _board;
    private readonly ILogger _logger;
    private readonly ChannelWriter<SpeakerStatus> _changes;
    private readonly ReportDesk _desk;
    private readonly Dictionary<int, TimeSpan> _unusedSince = [];
    private readonly HashSet<int> _groupsRefused = [];
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ImmutableDictionary<int, Segment> _segments = ImmutableDictionary<int, Segment>.Empty;
    private ImmutableArray<LocalInterface> _interfaces;
    private HashSet<int> _defaultInterfaces = [];
    private Rights _rights = Rights.None;
    private bool _rightsKnown;
    private bool _rightsHeard;
    private bool? _contact;
    private bool? _dataPlane;
    private bool _leaving;
    private bool _stopped;
    private bool _statusDirty = true;
    private long _versions = -1;
    private TimeSpan _publishAt;
    private SpeakerStatus _status = SpeakerStatus.Empty;

    public SpeakerLoop(
        SpeakerOptions options,
        ImmutableArray<LocalInterface> interfaces,
        Mailbox mailbox,
        MachineClock clock,
        IWireFactory wires,
        RightsFile? file,
        ILogger logger,
        ChannelWriter<SpeakerStatus> changes,
        ChannelWriter<SpeakerReport> reports)
    {
        _options = options;
        _interfaces = interfaces;
        _mailbox = mailbox;
        _clock = clock;
        _keeper = new RightsKeeper(file, clock, logger);
        _board = new StatusBoard(options.Interfaces, clock);
        _logger = logger;
        _changes = changes;
        var random = options.Random ?? new Random(RandomNumberGenerator.GetInt32(int.MaxValue));
        Metrics = new SpeakerMetrics(() => _segments.Values, () => Status, clock);
        _desk = new ReportDesk(logger, Metrics, reports);
        _context = new SegmentContext
        {
            MachineOptions = new SegmentOptions
            {
                Node = options.NodeName,
                Process = 0,
            },
            ClusterTag = [.. options.ClusterTag],
            HelloPort = options.HelloPort,
            Keys = new HelloKeys(options.Keys),
            Random = random,
            Clock = clock,
            Mailbox = mailbox,
            Wires = wires,
            Groups = new MulticastGroups(GroupRefused),
            Routes = new Routes(),
            Report = _desk.Report,
            Unanswered = Metrics.Unanswered,
            CountersOf = Metrics.CountersOf,
        };
    }

    /// <summary>What the speaker does now. Read by any thread.</summary>
    public SpeakerStatus Status => Volatile.Read(ref _status);

    /// <summary>Ends when nothing is held any more after <see cref="Mail.Leave"/>.</summary>
    public Task Left => _left.Task;

    public SpeakerMetrics Metrics { get; }

    /// <summary>Runs until it is told to stop.</summary>
    public void Run()
    {
        WarmUp();
        Resume();
        List<Mail> mail = [];
        while (!_stopped)
        {
            _mailbox.Take(NextDeadline() - _clock.Now, ref mail);
            Pass(mail);
            mail.Clear();
        }
    }

    /// <summary>Takes in what has come, then lets time act.</summary>
    public void Pass(List<Mail> mail)
    {
        for (var i = 0; i < mail.Count && !_stopped; i++)
        {
            // Rights are whole: of several that came at once only the last counts.
            if (mail[i] is not Mail.Apply || !mail.Skip(i + 1).Any(later => later is Mail.Apply))
            {
                Handle(mail[i]);
            }
        }

        if (_stopped)
        {
            return;
        }

        foreach (var segment in _segments.Values)
        {
            segment.RunDue();
        }

        LetGoOfUnused();
        _keeper.RunDue();
        if (_leaving && _segments.Values.All(segment => segment.Left))
        {
            _left.TrySetResult();
        }

        PublishWhenDue();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var segment in _segments.Values)
        {
            segment.Dispose();
        }

        _segments = _segments.Clear();
        _context.Groups.Dispose();
        _context.Routes.Dispose();
        Metrics.Dispose();
    }

    /// <summary>
    /// Signs and reads one hello: the first signature loads a library, and who listens to a segment for 400 ms must not spend them so.
    /// </summary>
    private void WarmUp()
    {
        var buffer = new byte[HelloLayout.MaxLength];
        var hello = new Hello { Node = _options.NodeName, Incarnation = default, Sequence = 0, Standing = default };
        var length = HelloCodec.Write(hello, MacAddress.Parse("02:00:00:00:00:00"), _context.ClusterTag, _context.Keys, buffer);
        HelloCodec.TryRead(buffer.AsSpan(0, length), _context.ClusterTag, _context.Keys, out _, out _);
    }

    private void Resume()
    {
        if (_keeper.Resume() is { } kept)
        {
            _logger.Resuming(kept.Addresses.Count, _options.StateFile!);
            _rights = kept;
            _rightsKnown = true;
        }

        Assign();
    }

    private TimeSpan NextDeadline()
    {
        var next = _keeper.NextDeadline;
        foreach (var segment in _segments.Values)
        {
            next = segment.NextDeadline < next ? segment.NextDeadline : next;
        }

        return _statusDirty && _publishAt < next ? _publishAt : next;
    }

    private void Handle(Mail mail)
    {
        switch (mail)
        {
            case Mail.Hello hello when Uses(hello.Segment):
                hello.Segment.Hear(hello.Heard, hello.Mac, hello.Source, hello.CapturedAt);
                break;
            case Mail.Claimed claimed when Uses(claimed.Segment):
                claimed.Segment.Claimed(claimed.Address, claimed.Mac, claimed.Unasked);
                break;
            case Mail.WrongKey refused when Uses(refused.Segment):
                refused.Segment.Refused(refused.Mac, refused.Node);
                break;
            case Mail.OtherCluster other when Uses(other.Segment):
                other.Segment.SawCluster(other.Tag, other.Mac);
                break;
            case Mail.Neighbor neighbor when Uses(neighbor.Segment):
                neighbor.Segment.Answered(neighbor.Mac);
                break;
            case Mail.WireLost lost when Uses(lost.Segment):
                lost.Segment.WireLost(lost.Reason);
                _statusDirty = true;
                break;
            case Mail.Apply apply:
                _rights = Checked(apply.Rights);
                _rightsKnown = _rightsHeard = true;
                Assign();
                Metrics.Keep(_rights.Addresses.Keys.ToHashSet());
                _keeper.Change(_rights);
                break;
            case Mail.Interfaces changed when ChangesAnything(changed.All):
                _interfaces = changed.All;
                _statusDirty = true;
                Assign();
                break;
            case Mail.Contact contact:
                _contact = contact.Fresh;
                TellAll(new Input.ContactChanged(contact.Fresh));
                break;
            case Mail.DataPlane plane:
                _dataPlane = plane.Healthy;
                TellAll(new Input.DataPlaneChanged(plane.Healthy));
                break;
            case Mail.NewKeys keys:
                _context.Keys = keys.Keys;
                foreach (var segment in _segments.Values)
                {
                    segment.UseKeys(keys.Keys);
                }

                break;
            case Mail.Leave when !_leaving:
                var held = _segments.Values.Sum(segment => segment.Machine.Held.Count());
                _logger.Leaving(held);
                _leaving = true;
                TellAll(new Input.Leave());
                break;
            case Mail.Stop:
                _keeper.Save();
                _stopped = true;
                break;
        }
    }

    /// <summary>A node's routes can change many times a second (a router's daemon); most of it changes nothing here.</summary>
    private bool ChangesAnything(ImmutableArray<LocalInterface> interfaces) =>
        !interfaces.AsSpan().SequenceEqual(_interfaces.AsSpan())
        || !_defaultInterfaces.SetEquals(DefaultInterfaces())
        || _rights.Addresses.Values.Any(rights => !rights.Interfaces.IsDefaultOrEmpty && rights.Interfaces.Any(InterfaceChoice.AsksForRoute));

    private IEnumerable<int> DefaultInterfaces() => _context.Routes.Default().Select(route => route.Interface);

    private bool Uses(Segment segment) => _segments.TryGetValue(segment.Interface.Index, out var used) && ReferenceEquals(used, segment);

    private void TellAll(Input input)
    {
        foreach (var segment in _segments.Values)
        {
            segment.Handle(input);
        }
    }

    /// <summary>What nobody may announce would make a claim of every probe (0.0.0.0) or confuse both families.</summary>
    private Rights Checked(Rights rights)
    {
        var refused = rights.Addresses.Keys.Where(address =>
            address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(address)
            || address.IsIPv6Multicast || address.IsIPv4MappedToIPv6
            || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] >= 224)).ToArray();
        foreach (var address in refused)
        {
            _logger.AddressRefused(address);
        }

        return refused.Length == 0 ? rights : rights with { Addresses = rights.Addresses.RemoveRange(refused) };
    }

    /// <summary>Gives each address its interface, opens and closes segments, and tells each its rights.</summary>
    private void Assign()
    {
        var choice = new InterfaceChoice(_interfaces, _options.Interfaces, _context.Routes.To);
        var usable = choice.Usable.ToDictionary(candidate => candidate.Index);
        foreach (var (index, segment) in _segments)
        {
            if (!usable.TryGetValue(index, out var now) || now.Name != segment.Interface.Name)
            {
                LetGo(index, now is null ? "it is gone or not usable any more" : $"it is called {now.Name} now");
            }
            else if (now != segment.Interface)
            {
                segment.Update(now);
            }
        }

        var assignment = new Assignment(_rights, choice, _interfaces);
        _desk.ReportNew(assignment.Problems);

        // The default route's interface and those of pools are joined from the start, so that the first address need not wait until a
        // segment that nobody listened to has been listened to. Not every interface: each Pod may have one on this node.
        _defaultInterfaces = [.. DefaultInterfaces()];
        var wanted = assignment.Wanted.Union(_defaultInterfaces).Where(usable.ContainsKey).ToHashSet();
        foreach (var index in wanted.Where(index => !_segments.ContainsKey(index)))
        {
            Open(usable[index]);
        }

        foreach (var (index, segment) in _segments)
        {
            if (_rightsKnown)
            {
                segment.Apply(assignment.On(index), assignment.ElsewhereThan(index), resumed: !_rightsHeard);
            }

            if (wanted.Contains(index))
            {
                _unusedSince.Remove(index);
            }
            else
            {
                _unusedSince.TryAdd(index, _clock.Now);
            }
        }
    }

    private void Open(LocalInterface on)
    {
        var segment = new Segment(on, _context);
        _segments = _segments.Add(on.Index, segment);
        _logger.SegmentOpened(on.Name, on.Mac);
        _statusDirty = true;
        if (_contact is { } fresh)
        {
            segment.Handle(new Input.ContactChanged(fresh));
        }

        if (_dataPlane is { } healthy)
        {
            segment.Handle(new Input.DataPlaneChanged(healthy));
        }

        segment.RunDue();
        if (_leaving)
        {
            segment.Handle(new Input.Leave());
        }
    }

    private void LetGo(int index, string reason)
    {
        var segment = _segments[index];
        _segments = _segments.Remove(index);
        _unusedSince.Remove(index);
        _groupsRefused.Remove(index);
        segment.Dispose();
        _logger.SegmentClosed(segment.Interface.Name, reason);
        _statusDirty = true;
    }

    private void LetGoOfUnused()
    {
        foreach (var (index, since) in _unusedSince)
        {
            if (_clock.Now - since >= LingerTime)
            {
                LetGo(index, "no address needs it");
            }
        }
    }

    /// <summary>Told once for an interface: a thousand addresses have as many groups, and one reason.</summary>
    private void GroupRefused(int index, IPAddress group, SocketException error)
    {
        if (_groupsRefused.Add(index))
        {
            _desk.Report(new SpeakerReport(
                ReportKind.GroupRefused,
                Interface: _interfaces.FirstOrDefault(candidate => candidate.Index == index)?.Name,
                Detail: $"The multicast group {group} cannot be joined ({error.Message}), and others perhaps neither: a switch that snoops on multicast may keep requests from this node."));
        }
    }

    private void PublishWhenDue()
    {
        var versions = _segments.Values.Sum(segment => segment.Version);
        if (versions != _versions)
        {
            _versions = versions;
            _statusDirty = true;
        }

        if (!_statusDirty || _clock.Now < _publishAt)
        {
            return;
        }

        _statusDirty = false;
        var status = _board.Make(_interfaces, _segments);
        _publishAt = _clock.Now + PublishDelay + (status.Announced.Length * PublishDelayPerAddress);
        if (!StatusBoard.Same(status, _status))
        {
            Volatile.Write(ref _status, status);
            _changes.TryWrite(status);
        }
    }
}
