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
    private readonly Dictionary<MacAddress, string> _knownSpeakers = [];
    private readonly HashSet<IPAddress> _announced = [];
    private ImmutableDictionary<IPAddress, AddressRights> _disk = NoRights;
    private bool _hasDisk;
    private TimeSpan _origin;
    private TimeSpan _captureError;
    private TimeSpan _deadline;
    private TimeSpan _heardAt;
    private TimeSpan _tellHeardAt;
    private TimeSpan _busyUntil;
    private long _ticket;
    private int _boot;
    private byte _card;

    public int Index { get; } = index;

    public string Name { get; } = index < 26 ? $"node-{(char)('a' + index)}" : $"node-{index}";

    /// <summary>How long each pass of the loop is put off at most, in ms: a starved process.</summary>
    public int Slow { get; set; }

    public MacAddress Mac => MacAddress.Parse($"02:00:00:00:{_card:x2}:{Index + 1:x2}");

    public SegmentMachine? Machine { get; private set; }

    /// <summary>The node itself is down: nobody forwards there either.</summary>
    public bool NodeDown { get; private set; }

    public bool Frozen { get; private set; }

    public bool ApiUp { get; set; } = true;

    /// <summary>Addresses that the shell's table answers for.</summary>
    public HashSet<IPAddress> Answers { get; } = [];

    /// <summary>The rights as this node knows them.</summary>
    public ImmutableDictionary<IPAddress, AddressRights> Rights { get; private set; } = NoRights;

    /// <summary>The rights that this node was ever told last, by this process or an earlier one.</summary>
    public ImmutableDictionary<IPAddress, AddressRights> Told => _disk;

    public bool IsRunning => Machine is not null && !Frozen;

    public bool IsLeaving => Machine?.State == SpeakerState.Leaving;

    /// <summary>The thread that answers runs beside the loop, but only until the deadline that the loop renews.</summary>
    public bool IsAnswering(IPAddress address) =>
        IsRunning && Answers.Contains(address) && (Clock <= _deadline || world.IsBroken(ShellFaults.ThawedAnswers));

    public bool Knows(SimulatedSpeaker other) => _knownSpeakers.ContainsValue(other.Name);

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
        _announced.Clear();
        _busyUntil = default;
        _captureError = default;
        _heardAt = _tellHeardAt = default;
        _origin = TimeSpan.FromMilliseconds(world.Random.Next(1, 1_000_000));
        Span<byte> bits = stackalloc byte[8];
        world.Random.NextBytes(bits);
        Machine = new SegmentMachine(
            new SegmentOptions { Node = Name, Process = BitConverter.ToUInt64(bits), Planted = world.Settings.Planted },
            new Random(world.Random.Next()));
        world.Note(Name, "starts");
        Rights = NoRights;
        if (_hasDisk && !world.IsBroken(ShellFaults.NoRightsOnDisk))
        {
            Rights = _disk;
            Handle(new Input.RightsChanged(_disk) { Resumed = true });
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
        if (!world.IsBroken(ShellFaults.CarrierIgnored))
        {
            Receive(_ => new Input.LinkChanged(up, Mac));
        }
    }

    /// <summary>The interface has another hardware address from now on.</summary>
    public void ChangeCard()
    {
        _card++;
        Receive(_ => new Input.LinkChanged(world.Segment.Up[Index], Mac));
    }

    /// <summary>The machine was suspended: its clock has gone on, its process has not.</summary>
    public void JumpAhead(double milliseconds) => _origin += TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>The wall clock, from which capture times are reckoned, is off from the machine's.</summary>
    public void MistakeCaptureTime(double milliseconds) => _captureError = TimeSpan.FromMilliseconds(milliseconds);

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
        world.Judge.Thawed(this);
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

    public void SetContact(bool fresh)
    {
        Receive(_ => new Input.ContactChanged(fresh));
        if (!fresh && world.IsBroken(ShellFaults.RightsNeedContact))
        {
            TakeRights(NoRights);
        }
    }

    public void SetDataPlane(bool healthy) => Receive(_ => new Input.DataPlaneChanged(healthy));

    public void TakeRights(ImmutableDictionary<IPAddress, AddressRights> rights)
    {
        if (Machine is null)
        {
            return;
        }

        _disk = rights;
        _hasDisk = true;
        if (world.IsBroken(ShellFaults.AlwaysEligible))
        {
            rights = rights.ToImmutableDictionary(r => r.Key, r => r.Value with { Eligible = [.. r.Value.Eligible.Append(Name).Distinct().Order(StringComparer.Ordinal)] });
        }

        Receive(_ =>
        {
            Rights = rights;
            world.Touch();
            return new Input.RightsChanged(rights);
        });
    }

    public void HearHello(Hello hello, MacAddress mac)
    {
        _heardAt = Clock;
        _knownSpeakers[mac] = hello.Node;
        Receive(capturedAt => new Input.HelloHeard(hello, capturedAt) { More = true });
    }

    public void SeeAddress(IPAddress address, MacAddress mac, bool unasked)
    {
        _heardAt = Clock;
        if (mac != SimulatedStranger.Mac || !world.IsBroken(ShellFaults.StrangersIgnored))
        {
            Receive(_ => new Input.AddressSeen(address, mac, _knownSpeakers.GetValueOrDefault(mac)) { Unasked = unasked });
        }
    }

    public void HearNeighbor(bool isSpeaker)
    {
        _heardAt = Clock;
        if (!isSpeaker || world.IsBroken(ShellFaults.SpeakersAreNeighbors))
        {
            Receive(_ => Input.NeighborAnswered.Instance);
        }
    }

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

        var capturedAt = Clock + _captureError;
        if (Frozen)
        {
            if (_queued.Count < KernelQueue)
            {
                _queued.Enqueue((make, capturedAt));
            }
        }
        else if (Slow == 0)
        {
            Handle(make(capturedAt));
        }
        else
        {
            // One after the other, each when the process gets the processor.
            var free = _busyUntil <= world.Clock.Now;
            _busyUntil = free && world.Random.NextDouble() < 0.05 ? world.Clock.Now + TimeSpan.FromMilliseconds(world.Random.Next(Slow))
                : free ? world.Clock.Now : _busyUntil;
            world.Clock.At(_busyUntil, WhileBooted(() => Handle(make(capturedAt))));
        }
    }

    private void Handle(Input input)
    {
        if (Frozen)
        {
            return;
        }

        if (_heardAt > default(TimeSpan) && Clock >= _tellHeardAt && input is not Input.FrameHeard)
        {
            var heard = _heardAt;
            _heardAt = default;
            _tellHeardAt = Clock + TimeSpan.FromMilliseconds(50);
            Handle(new Input.FrameHeard(heard));
        }

        var machine = Machine;
        if (machine is null)
        {
            return;
        }

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
                Receive(_ => Input.Tick.Instance);
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
                    world.Judge.Took(this, answer.Address);
                    _announced.Remove(answer.Address);
                }

                world.Note(Name, "answers for", answer.Address, answer.Rank);
                world.Touch();
                break;
            case Effect.Silence silence:
                Answers.Remove(silence.Address);
                world.Note(Name, "is silent for", silence.Address);
                world.Touch();
                break;
            case Effect.SendGratuitous gratuitous when _announced.Add(gratuitous.Address) || !world.IsBroken(ShellFaults.AnnouncedOnce):
                world.SendGratuitous(this, gratuitous.Address);
                break;
            case Effect.SendProbe probe:
                world.SendProbe(this, probe.Address);
                break;
            case Effect.ProbeNeighbors:
                world.ProbeNeighbors(this);
                break;
            case Effect.RenewAnswers renew:
                _deadline = renew.Deadline;
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
}
