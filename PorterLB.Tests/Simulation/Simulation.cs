using System.Net;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// One run: speakers on a segment with a router, an API server and a manager, under a class of faults; everything follows from the seed.
/// </summary>
internal sealed class Simulation
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(8);
    private readonly FaultClass _faults;
    private readonly bool _trace;
    private readonly List<string> _timeline = [];
    private readonly Recorder _recorder = new();
    private Action<SimulatedSpeaker> _onLeft = _ => { };
    private TimeSpan _lastEvent;
    private bool _touched;

    private Simulation(FaultClass faults, int seed, PlantedFaults planted, bool trace)
    {
        _faults = faults;
        _trace = trace;
        Planted = planted;

        // Mixed, so that neighbouring seeds do not begin alike.
        Random = new Random(unchecked((seed * (int)2654435761u) ^ ((int)faults << 20)));
        Judge = new Judge(this, Scenarios.PromisesOf(faults));
        var nodes = Scenarios.NodesFor(faults, Random);
        Segment = new SimulatedSegment(Clock, Random, nodes);
        Router = new SimulatedRouter(Clock);
        Api = new SimulatedApi(this);
        Manager = new SimulatedManager(this);
        Speakers = [.. Enumerable.Range(0, nodes).Select(i => new SimulatedSpeaker(this, i))];
        Addresses = [.. Enumerable.Range(0, Random.Next(1, 5)).Select(i => IPAddress.Parse($"192.0.2.{i + 10}"))];
    }

    public SimulatedClock Clock { get; } = new();

    public Random Random { get; }

    public SimulatedSegment Segment { get; }

    public SimulatedRouter Router { get; }

    public SimulatedApi Api { get; }

    public SimulatedManager Manager { get; }

    public Judge Judge { get; }

    public Recorder Recorder => _recorder;

    public IReadOnlyList<SimulatedSpeaker> Speakers { get; }

    public List<IPAddress> Addresses { get; }

    public PlantedFaults Planted { get; }

    public int MaxClaims { get; init; } = 40;

    /// <summary>Runs it.</summary>
    public static RunResult Run(FaultClass faults, int seed, PlantedFaults planted = PlantedFaults.None, bool trace = false)
    {
        var simulation = new Simulation(faults, seed, planted, trace);
        simulation.Run();
        return new RunResult(
            faults, seed, simulation.Judge.Violations, simulation.Judge.WorstSilence, simulation.Judge.WorstDouble, simulation.Judge.Takes,
            simulation._timeline);
    }

    public void Touch() => _touched = true;

    public void Note(string who, string what, object? about = null, object? more = null)
    {
        if (_trace)
        {
            _timeline.Add($"{Clock.Now.TotalMilliseconds,9:f1}  {who,-8} {what} {about} {more}".TrimEnd());
        }
    }

    /// <summary>Something bad happens now, and must not be the last thing before the end is judged.</summary>
    public void Harm(string what)
    {
        Judge.Harm(what);
        _lastEvent = Clock.Now;
    }

    /// <summary>A fault ends, or something harmless happens.</summary>
    public void Event(string what)
    {
        Note("event", what);
        _lastEvent = Clock.Now;
    }

    public void WhenLeft(Action<SimulatedSpeaker> then) => _onLeft = then;

    public void OnLeft(SimulatedSpeaker speaker) => _onLeft(speaker);

    public SimulatedSpeaker? OwnerOf(IPAddress address) => Speakers.FirstOrDefault(s => s.IsAnswering(address));

    public void SendHello(SimulatedSpeaker from, Hello hello)
    {
        _recorder.Record(from.Index, hello);
        foreach (var to in Speakers)
        {
            if (to != from)
            {
                Segment.Carry(from.Index, to.Index, isHello: true, () => to.HearHello(hello));
            }
        }
    }

    public void SendGratuitous(SimulatedSpeaker from, IPAddress address)
    {
        Judge.Announced();
        Segment.Carry(from.Index, Segment.Router, isHello: false, () => Router.HearGratuitous(address, from.Index));
        foreach (var to in Speakers)
        {
            if (to != from)
            {
                Segment.Carry(from.Index, to.Index, isHello: false, () => to.SeeAddress(address, from, unasked: true));
            }
        }
    }

    public void SendProbe(SimulatedSpeaker from, IPAddress address)
    {
        Note(from.Name, "asks for", address);
        foreach (var to in Speakers)
        {
            if (to == from)
            {
                continue;
            }

            Segment.Carry(from.Index, to.Index, isHello: false, () =>
            {
                if (to.IsAnswering(address))
                {
                    Segment.Carry(to.Index, from.Index, isHello: false, () => from.SeeAddress(address, to, unasked: false));
                }
            });
        }
    }

    public void ProbeRouter(SimulatedSpeaker from) =>
        Segment.Carry(from.Index, Segment.Router, isHello: false, () =>
            Segment.Carry(Segment.Router, from.Index, isHello: false, from.HearNeighbor));

    private void Run()
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
        Scenarios.Arrange(_faults, this);

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
internal sealed record RunResult(
    FaultClass Faults,
    int Seed,
    IReadOnlyList<string> Violations,
    TimeSpan WorstSilence,
    TimeSpan WorstDouble,
    int Takes,
    IReadOnlyList<string> Timeline);
