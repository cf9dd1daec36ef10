using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Packets;

namespace PorterLB.Tests.Simulation;

/// <summary>What a run begins from: the same settings give the same run, to the microsecond.</summary>
internal sealed record RunSettings(FaultClass Faults, int Seed)
{
    /// <summary>Rules of the machine that are broken.</summary>
    public PlantedFaults Planted { get; init; }

    /// <summary>Parts around the machine that are broken.</summary>
    public ShellFaults Broken { get; init; }

    public bool Trace { get; init; }

    /// <summary>Faults of the run, by their order, that do not happen: how a failing run is made smaller.</summary>
    public IReadOnlySet<int> Suppressed { get; init; } = new HashSet<int>();

    /// <summary>Nodes, if not as the seed has it.</summary>
    public int? Nodes { get; init; }

    /// <summary>Addresses, if not as the seed has it.</summary>
    public int? Addresses { get; init; }
}

/// <summary>
/// One run: speakers on a segment with a router, an API server and a manager, under a class of faults; everything follows from the seed.
/// </summary>
internal sealed class Simulation
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);
    private static readonly HelloKeys Keys = new([[.. Enumerable.Repeat((byte)7, 32)]]);
    private static readonly HelloKeys ForgersKeys = new([[.. Enumerable.Repeat((byte)9, 32)]]);
    private static readonly byte[] ClusterTag = "cluster1"u8.ToArray();
    private readonly List<string> _timeline = [];
    private readonly byte[] _datagram = new byte[HelloLayout.MaxLength];
    private Action<SimulatedSpeaker> _onLeft = _ => { };
    private TimeSpan _lastEvent;
    private bool _touched;

    private Simulation(RunSettings settings)
    {
        Settings = settings;
        var faults = settings.Faults;

        // Mixed, so that neighbouring seeds do not begin alike.
        Random = new Random(unchecked((settings.Seed * (int)2654435761u) ^ (faults.Order << 20)));
        Judge = new Judge(this, faults.Promises);
        var nodes = settings.Nodes ?? Random.Next(faults.Nodes.Least, faults.Nodes.Most + 1);
        var addresses = settings.Addresses ?? Random.Next(faults.Addresses.Least, faults.Addresses.Most + 1);
        Segment = new SimulatedSegment(Clock, Random, nodes);
        Segment.RouterAnswers = !faults.NobodyElse;
        Router = new SimulatedRouter(Clock);
        Api = new SimulatedApi(this);
        Manager = new SimulatedManager(this);
        Speakers = [.. Enumerable.Range(0, nodes).Select(i => new SimulatedSpeaker(this, i))];
        Addresses = [.. Enumerable.Range(10, addresses).Select(AddressOf)];
    }

    public RunSettings Settings { get; }

    public SimulatedClock Clock { get; } = new();

    public Random Random { get; }

    public SimulatedSegment Segment { get; }

    public SimulatedRouter Router { get; }

    public SimulatedApi Api { get; }

    public SimulatedManager Manager { get; }

    public SimulatedStranger Stranger => field ??= new SimulatedStranger(this);

    public Judge Judge { get; }

    public Recorder Recorder { get; } = new();

    public IReadOnlyList<SimulatedSpeaker> Speakers { get; }

    public List<IPAddress> Addresses { get; }

    /// <summary>How many faults have begun, suppressed ones included.</summary>
    public int Faults { get; private set; }

    /// <summary>Runs it.</summary>
    public static RunResult Run(RunSettings settings)
    {
        var simulation = new Simulation(settings);
        simulation.Run();
        return new RunResult(settings, simulation.Judge, simulation.Clock.Now, simulation.Faults, simulation._timeline)
        {
            Nodes = simulation.Speakers.Count,
            Addresses = simulation.Addresses.Count,
        };
    }

    /// <summary>The n-th address: every second one is of IPv6, where both families are asked for.</summary>
    public static IPAddress AddressOf(int n) => n % 3 == 2
        ? new IPAddress([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(n >> 8), (byte)n])
        : new IPAddress([10, 0, (byte)(n >> 8), (byte)n]);

    public bool IsBroken(ShellFaults fault) => Settings.Broken.HasFlag(fault);

    public void Touch() => _touched = true;

    public void Note(string who, string what, object? about = null, object? more = null)
    {
        if (Settings.Trace)
        {
            _timeline.Add($"{Clock.Now.TotalMilliseconds,9:f1}  {who,-8} {what} {about} {more}".TrimEnd());
        }
    }

    /// <summary>Something bad begins now, and must not be the last thing before the end is judged.</summary>
    /// <returns>Whether it is to happen at all.</returns>
    public bool Harm(string what)
    {
        if (!Begin(what))
        {
            return false;
        }

        Judge.Harmed();
        return true;
    }

    /// <summary>Something begins that is no reason to be silent.</summary>
    /// <returns>Whether it is to happen at all.</returns>
    public bool Begin(string what)
    {
        if (Settings.Suppressed.Contains(Faults++))
        {
            return false;
        }

        Note("FAULT", what);
        _lastEvent = Clock.Now;
        return true;
    }

    /// <summary>A fault ends.</summary>
    public void End(string what)
    {
        Note("event", what);
        _lastEvent = Clock.Now;
        Touch();
    }

    public void WhenLeft(Action<SimulatedSpeaker> then) => _onLeft = then;

    public void OnLeft(SimulatedSpeaker speaker) => _onLeft(speaker);

    public SimulatedSpeaker? OwnerOf(IPAddress address) => Speakers.FirstOrDefault(s => s.IsAnswering(address));

    public void SendHello(SimulatedSpeaker from, Hello hello)
    {
        hello = ShellFaultsAt.Telling(hello, this);
        var length = HelloCodec.Write(hello, from.Mac, ClusterTag, Keys, _datagram);
        var datagram = Recorder.On ? _datagram[..length] : null;
        var refused = HelloCodec.TryRead(_datagram.AsSpan(0, length), ClusterTag, Keys, out var read, out var mac);
        if (refused != DropReason.None)
        {
            Judge.Violate($"{from.Name} said what nobody can read: {refused}");
            return;
        }

        Judge.Said(from);
        Recorder.Record(from.Index, datagram);
        foreach (var to in Speakers)
        {
            if (to != from)
            {
                Segment.Carry(from.Index, to.Index, isHello: true, () => to.HearHello(read!, mac));
            }
        }
    }

    /// <summary>Puts bytes on the wire that somebody without the key has made or kept.</summary>
    public void Inject(ReadOnlySpan<byte> datagram, SimulatedSpeaker? except = null)
    {
        var keys = IsBroken(ShellFaults.SignaturesIgnored) ? new HelloKeys([[.. Enumerable.Repeat((byte)7, 32)], [.. Enumerable.Repeat((byte)9, 32)]]) : Keys;
        if (HelloCodec.TryRead(datagram, ClusterTag, keys, out var hello, out var mac) != DropReason.None)
        {
            return;
        }

        if (IsBroken(ShellFaults.RecordingsRenumbered))
        {
            hello = hello! with { Sequence = hello.Sequence + 1_000_000 };
        }

        foreach (var to in Speakers.Where(to => to != except))
        {
            Segment.Carry(Segment.Router, to.Index, isHello: true, () => to.HearHello(hello!, mac));
        }
    }

    /// <summary>A hello as a forger makes it: well formed, of a node that exists, and signed with a key of his own.</summary>
    public void Forge(Hello hello)
    {
        var length = HelloCodec.Write(hello, MacAddress.Parse("02:00:00:00:00:66"), ClusterTag, ForgersKeys, _datagram);
        Inject(_datagram.AsSpan(0, length));
    }

    public void SendGratuitous(SimulatedSpeaker from, IPAddress address)
    {
        Judge.Announced();
        Segment.Carry(from.Index, Segment.Router, isHello: false, () =>
        {
            Router.HearGratuitous(address, from.Index);
            Touch();
        });
        foreach (var to in Speakers)
        {
            if (to != from)
            {
                Segment.Carry(from.Index, to.Index, isHello: false, () => to.SeeAddress(address, from.Mac, unasked: true));
            }
        }
    }

    public void SendProbe(SimulatedSpeaker from, IPAddress address)
    {
        Note(from.Name, "asks for", address);
        Judge.Asked();
        foreach (var to in Speakers)
        {
            if (to != from)
            {
                Segment.Carry(from.Index, to.Index, isHello: false, () =>
                {
                    if (to.IsAnswering(address))
                    {
                        Segment.Carry(to.Index, from.Index, isHello: false, () => from.SeeAddress(address, to.Mac, unasked: false));
                    }
                });
            }
        }

        Segment.Carry(from.Index, Segment.Router, isHello: false, () => Stranger.HearProbe(from, address));
    }

    /// <summary>The router answers, unless it is one that does not; so does every machine that is up, whether its speaker runs or not.</summary>
    public void ProbeNeighbors(SimulatedSpeaker from)
    {
        if (Segment.RouterAnswers)
        {
            Segment.Carry(from.Index, Segment.Router, isHello: false, () =>
                Segment.Carry(Segment.Router, from.Index, isHello: false, () => from.HearNeighbor(isSpeaker: false)));
        }

        foreach (var to in Speakers.Where(from.Knows).Take(4))
        {
            Segment.Carry(from.Index, to.Index, isHello: false, () =>
                Segment.Carry(to.Index, from.Index, isHello: false, () => from.HearNeighbor(isSpeaker: true)));
        }
    }

    private void Run()
    {
        if (Settings.Faults.StartsCold)
        {
            // Nobody is there, nothing was held: the first owners are judged as well.
            Settings.Faults.Arrange(new Acts(this));
            Manager.Run();
        }
        else
        {
            foreach (var speaker in Speakers)
            {
                Clock.After(Random.Next(300), speaker.Start);
            }

            foreach (var address in Addresses)
            {
                Api.Elect(address, Speakers[Random.Next(Speakers.Count)].Name, Speakers.Select(s => s.Name));
            }

            Manager.Run();
            Clock.RunUntil(WarmUp, Step);
            Judge.On = true;
            _lastEvent = Clock.Now;
            Settings.Faults.Arrange(new Acts(this));
        }

        // The end is judged when 9 to 11 s have passed since the last fault: adoption and the last announcements included.
        var quiet = TimeSpan.FromMilliseconds(9000 + Random.Next(2000));
        while (Clock.Now < _lastEvent + quiet)
        {
            Clock.RunUntil(_lastEvent + quiet, Step);
        }

        Judge.Finish();
    }

    private void Step()
    {
        if (_touched)
        {
            _touched = false;
            Judge.Look();
        }
    }
}

/// <summary>What came of one run.</summary>
internal sealed record RunResult(RunSettings Settings, Judge Judge, TimeSpan Simulated, int Faults, IReadOnlyList<string> Timeline)
{
    public required int Nodes { get; init; }

    public required int Addresses { get; init; }

    public IReadOnlyList<string> Violations => Judge.Violations;

    public bool Failed => Violations.Count > 0;
}
