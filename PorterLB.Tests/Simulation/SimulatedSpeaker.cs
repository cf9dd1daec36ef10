using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;

namespace PorterLB.Tests.Simulation;

/// <summary>A node with its speaker: the machine under test in a shell that can be killed, frozen, unplugged and cut off.</summary>
internal sealed class SimulatedSpeaker(Simulation world, int index)
{
    private const int KernelQueue = 200;
    private static readonly ImmutableDictionary<IPAddress, AddressRights> NoRights = ImmutableDictionary<IPAddress, AddressRights>.Empty;

    private readonly List<Effect> _effects = [];
    private readonly Queue<(Func<TimeSpan, Input> Make, TimeSpan CapturedAt)> _queued = [];
    private readonly HashSet<string> _knownSpeakers = [];
    private ImmutableDictionary<IPAddress, AddressRights> _disk = NoRights;
    private bool _hasDisk;
    private TimeSpan _origin;
    private long _ticket;
    private int _boot;

    public int Index { get; } = index;

    public string Name { get; } = $"node-{(char)('a' + index)}";

    public MacAddress Mac { get; } = MacAddress.Parse($"02:00:00:00:00:{index + 1:x2}");

    public SegmentMachine? Machine { get; private set; }

    /// <summary>The node itself is down: nobody forwards there either.</summary>
    public bool NodeDown { get; private set; }

    public bool Frozen { get; private set; }

    public bool ApiUp { get; set; } = true;

    /// <summary>Addresses that the shell's table answers for.</summary>
    public HashSet<IPAddress> Answers { get; } = [];

    /// <summary>The rights as this node knows them.</summary>
    public ImmutableDictionary<IPAddress, AddressRights> Rights { get; private set; } = NoRights;

    public bool IsRunning => Machine is not null && !Frozen;

    public bool IsLeaving => Machine?.State == SpeakerState.Leaving;

    public bool IsAnswering(IPAddress address) => IsRunning && Answers.Contains(address);

    private TimeSpan Clock => world.Clock.Now + _origin;

    public void Start()
    {
        if (Machine is not null)
        {
            return;
        }

        NodeDown = false;
        Frozen = false;
        world.Segment.Up[Index] = true;
        _boot++;
        _queued.Clear();
        _knownSpeakers.Clear();
        _origin = TimeSpan.FromMilliseconds(world.Random.Next(1, 1_000_000));
        Span<byte> bits = stackalloc byte[8];
        world.Random.NextBytes(bits);
        Machine = new SegmentMachine(
            new SegmentOptions { Node = Name, Process = BitConverter.ToUInt64(bits), MaxClaims = world.MaxClaims, Planted = world.Planted },
            new Random(world.Random.Next()));
        world.Note(Name, "starts");
        Rights = NoRights;
        if (_hasDisk)
        {
            Rights = _disk;
            Handle(new Input.RightsChanged(_disk));
        }

        Handle(new Input.LinkChanged(true, Mac));
        if (ApiUp)
        {
            world.Api.Connect(this);
        }
    }

    /// <summary>The process is gone, the node goes on forwarding.</summary>
    public void Kill()
    {
        if (Machine is not null)
        {
            world.Note(Name, "process ends");
        }

        Machine = null;
        Frozen = false;
        Answers.Clear();
        world.Touch();
    }

    public void Crash()
    {
        Kill();
        NodeDown = true;
        world.Segment.Up[Index] = false;
    }

    public void SetLink(bool up)
    {
        world.Segment.Up[Index] = up;
        world.Touch();
        Receive(_ => new Input.LinkChanged(up, Mac));
    }

    public void Freeze()
    {
        Frozen = Machine is not null;
        world.Touch();
    }

    public void Thaw()
    {
        if (!Frozen)
        {
            return;
        }

        Frozen = false;
        world.Touch();
        while (Machine is not null && _queued.TryDequeue(out var queued))
        {
            Handle(queued.Make(queued.CapturedAt));
        }

        if (Machine is not null)
        {
            Handle(Input.Tick.Instance);
        }
    }

    public void Leave()
    {
        Receive(_ => Input.Leave.Instance);
        world.Touch();
    }

    public void SetContact(bool fresh) => Receive(_ => new Input.ContactChanged(fresh));

    public void TakeRights(ImmutableDictionary<IPAddress, AddressRights> rights)
    {
        if (Machine is null)
        {
            return;
        }

        _disk = rights;
        _hasDisk = true;
        Receive(_ =>
        {
            Rights = rights;
            world.Touch();
            return new Input.RightsChanged(rights);
        });
    }

    public void HearHello(Hello hello)
    {
        _knownSpeakers.Add(hello.Node);
        Receive(capturedAt => new Input.HelloHeard(hello, capturedAt));
    }

    public void SeeAddress(IPAddress address, SimulatedSpeaker at, bool unasked) =>
        Receive(_ => new Input.AddressSeen(address, at.Mac, _knownSpeakers.Contains(at.Name) ? at.Name : null) { Unasked = unasked });

    /// <summary>Ends the events of earlier processes on this node.</summary>
    public Action WhileBooted(Action what)
    {
        var boot = _boot;
        return () =>
        {
            if (boot == _boot && Machine is not null)
            {
                what();
            }
        };
    }

    private void Receive(Func<TimeSpan, Input> make)
    {
        if (Machine is null)
        {
            return;
        }

        if (!Frozen)
        {
            Handle(make(Clock));
        }
        else if (_queued.Count < KernelQueue)
        {
            _queued.Enqueue((make, Clock));
        }
    }

    private void Handle(Input input)
    {
        var machine = Machine!;
        _effects.Clear();
        machine.Handle(Clock, input, _effects);
        foreach (var effect in _effects.ToArray())
        {
            CarryOut(effect);
        }

        if (Machine == machine)
        {
            Arm(machine);
        }
    }

    private void Arm(SegmentMachine machine)
    {
        var ticket = ++_ticket;
        if (machine.NextDeadline == TimeSpan.MaxValue)
        {
            return;
        }

        // Timers are late, never early.
        var at = machine.NextDeadline - _origin + TimeSpan.FromMicroseconds(world.Random.Next(1000));
        world.Clock.At(at, () =>
        {
            if (ticket == _ticket && Machine == machine && !Frozen)
            {
                Handle(Input.Tick.Instance);
            }
        });
    }

    private void CarryOut(Effect effect)
    {
        switch (effect)
        {
            case Effect.SendHello { Hello: var hello }:
                world.SendHello(this, hello);
                break;
            case Effect.Answer answer:
                if (Answers.Add(answer.Address))
                {
                    world.Judge.Took(answer.Address);
                }

                world.Note(Name, "answers for", answer.Address, answer.Rank);
                world.Touch();
                break;
            case Effect.Silence silence:
                Answers.Remove(silence.Address);
                world.Note(Name, "is silent for", silence.Address);
                world.Touch();
                break;
            case Effect.SendGratuitous gratuitous:
                world.SendGratuitous(this, gratuitous.Address);
                break;
            case Effect.SendProbe probe:
                world.SendProbe(this, probe.Address);
                break;
            case Effect.ProbeNeighbors:
                world.ProbeRouter(this);
                break;
            case Effect.Report report:
                world.Note(Name, "reports", report.What, report.Address ?? (object?)report.Node);
                break;
            case Effect.Left:
                Kill();
                world.OnLeft(this);
                break;
        }
    }

    public void HearNeighbor() => Receive(_ => Input.NeighborAnswered.Instance);
}
