using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;

namespace PorterLB.Tests.Speaker.Loop;

/// <summary>One machine on a bench: time passes by its own deadlines, peers are words put into its ear.</summary>
internal sealed class MachineBench
{
    public const ulong Process = 42;
    public static readonly IPAddress Address = IPAddress.Parse("192.0.2.10");
    public static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:01");
    public static readonly MacAddress Stranger = MacAddress.Parse("02:00:00:00:00:99");
    public static readonly Standing Well = new(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true);

    private readonly List<Effect> _all = [];
    private readonly Dictionary<string, ulong> _sequences = [];

    public MachineBench(string node = "a", int helloLength = 1200) => Machine = new SegmentMachine(
        new SegmentOptions { Node = node, Process = Process, HelloLength = helloLength }, new Random(1));

    public SegmentMachine Machine { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(100);

    /// <summary>How often the machine was run.</summary>
    public int Runs { get; private set; }

    /// <summary>The most that was to be done after one run.</summary>
    public int MostEffects { get; private set; }

    /// <summary>Frames of a gateway arrive all the time.</summary>
    public bool Neighbor { get; set; } = true;

    public bool Holds(IPAddress? address = null) => Machine.Held.Any(h => h.Address.Equals(address ?? Address));

    public IEnumerable<T> Effects<T>()
        where T : Effect => _all.OfType<T>();

    public IEnumerable<ReportKind> Reports => Effects<Effect.Report>().Select(r => r.What);

    public void Forget()
    {
        _all.Clear();
        MostEffects = 0;
    }

    public List<Effect> Do(Input input)
    {
        var effects = new List<Effect>();
        Runs++;
        Machine.Handle(Now, input, effects);
        _all.AddRange(effects);
        MostEffects = Math.Max(MostEffects, effects.Count);
        if (Neighbor && effects.Contains(Effect.ProbeNeighbors.Instance))
        {
            effects.AddRange(Do(Input.NeighborAnswered.Instance));
        }

        return effects;
    }

    /// <summary>Lets time pass, tick by tick; <paramref name="each"/> runs every 100 ms (peers that say hello).</summary>
    public void Pass(double milliseconds, Action? each = null)
    {
        var end = Now + TimeSpan.FromMilliseconds(milliseconds);
        var next = Now;
        while (true)
        {
            var at = Machine.NextDeadline < next || each is null ? Machine.NextDeadline : next;
            if (at > end)
            {
                Now = end;
                return;
            }

            Now = at > Now ? at : Now;
            if (each is not null && at == next)
            {
                next += TimeSpan.FromMilliseconds(100);
                each();
            }
            else
            {
                Do(Input.Tick.Instance);
            }
        }
    }

    /// <summary>Time passes without the machine being run.</summary>
    public void Freeze(double milliseconds) => Now += TimeSpan.FromMilliseconds(milliseconds);

    public void Grant(string? elected, long epoch = 5, AnnouncementPolicy? policy = null, params string[] eligible) =>
        Do(new Input.RightsChanged(ImmutableDictionary<IPAddress, AddressRights>.Empty.Add(Address, Right(Address, elected, epoch, policy, eligible))));

    public static AddressRights Right(IPAddress address, string? elected, long epoch, AnnouncementPolicy? policy, params string[] eligible) => new()
    {
        Address = address,
        Epoch = epoch,
        Elected = elected,
        Eligible = [.. eligible.Order(StringComparer.Ordinal)],
        Policy = policy ?? AnnouncementPolicy.Default,
    };

    public void Release() => Do(new Input.RightsChanged(ImmutableDictionary<IPAddress, AddressRights>.Empty));

    public void LinkUp() => Do(new Input.LinkChanged(true, Mac));

    /// <summary>A hello of another speaker; one that is not delivered yet can be given in later.</summary>
    public Input Hear(string node, Standing? standing = null, ulong process = 7, bool namesMe = true, bool deliver = true, params Claim[] claims)
    {
        var sequence = _sequences[node + process] = _sequences.GetValueOrDefault(node + process) + 1;
        var heard = new Input.HelloHeard(
            new Hello
            {
                Node = node,
                Incarnation = new Incarnation(process, 1),
                Sequence = sequence,
                Standing = standing ?? Well,
                Hears = namesMe ? [new HeardPeer("a", Machine.Incarnation, 1, TimeSpan.Zero, Direct: true, Proven: true, Well)] : [],
                Claims = [.. claims.Select(c => c with { Sequence = sequence })],
            },
            Now);
        if (deliver)
        {
            Do(heard);
        }

        return heard;
    }

    public static Claim ClaimOf(string node, long epoch, int term, ulong process = 7, IPAddress? address = null) =>
        new(address ?? Address, new ClaimRank(epoch, term, true, true, false), node, new Incarnation(process, 1), 0);

    public static Claim Tombstone(long epoch) => new(Address, new ClaimRank(epoch, ClaimRank.Released, false, false, false), "", default, 0);

    /// <summary>Holds <see cref="Address"/> by election under epoch 5, with b as the other eligible node, alive or not.</summary>
    public static MachineBench Owner(bool withPeer = true)
    {
        var bench = new MachineBench();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Grant("a", 5, null, "a", "b");
        bench.Pass(700, withPeer ? () => bench.Hear("b") : null);
        Assert.True(bench.Holds());
        bench.Forget();
        return bench;
    }
}
