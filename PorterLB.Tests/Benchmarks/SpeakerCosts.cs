using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;
using PorterLB.Tests.Speaker.Wire;

namespace PorterLB.Tests.Benchmarks;

/// <summary>
/// What a speaker costs: the sample of docs/samples, built ahead of time, on a host of its own. Run by <c>make bench WHAT=answers</c>,
/// which says where that program is; else skipped.
/// </summary>
[Trait("Category", "Benchmark")]
public sealed class SpeakerCosts(ITestOutputHelper output)
{
    private const ushort HelloPort = 7474;
    private const string Secret = "secret-of-sixteen-letters";
    private const int FloodPerSecond = 10_000;
    private static readonly byte[] Cluster = [.. "shared-1"u8];
    private static readonly HelloKeys Keys = new([Encoding.UTF8.GetBytes(Secret)]);
    private static readonly MacAddress Other = MacAddress.Parse("02:00:00:00:00:02");
    private static readonly string? Program = Environment.GetEnvironmentVariable("PORTERLB_SHARED_ADDRESS");
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Measuring = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(99)]
    public void At_rest_among_so_many_other_speakers(int peers)
    {
        using var hosts = Hosts();
        using var wire = Wire(hosts, out var sink);
        using var chorus = new Chorus(peers, wire, sink);
        var speaker = Speaker(hosts, ["192.168.0.91"]);
        Thread.Sleep(Settling);
        var cpu = CpuOver(speaker, Measuring);
        output.WriteLine($"at rest, {peers + 1} speakers on the segment: {cpu:0.00} % of a core; {chorus.Hellos / Measuring.Add(Settling).TotalSeconds:0} hellos a second of others; {ResidentMegabytes(speaker):0.0} MB resident");
    }

    [Fact]
    public void Under_a_flood_of_requests_for_other_addresses()
    {
        using var hosts = Hosts();
        using var wire = Wire(hosts, out _);
        var speaker = Speaker(hosts, ["192.168.0.91"]);
        Thread.Sleep(Settling);
        var question = PreparedFrames.ArpProbe(Other, IPAddress.Parse("192.168.7.7"));
        var flooding = true;
        var sent = 0;
        var flood = new Thread(() =>
        {
            var started = Stopwatch.GetTimestamp();
            while (Volatile.Read(ref flooding))
            {
                for (var due = (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * FloodPerSecond); sent < due; sent++)
                {
                    wire.Send(question);
                }

                Thread.Sleep(5);
            }
        });
        flood.Start();
        var cpu = CpuOver(speaker, Measuring);
        Volatile.Write(ref flooding, false);
        flood.Join();
        output.WriteLine($"{sent / Measuring.TotalSeconds:0} requests a second for other addresses: {cpu:0.00} % of a core");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public void Resident_with_so_many_addresses_of_each_family_half(int addresses)
    {
        using var hosts = Hosts();
        var speaker = Speaker(hosts, [.. Enumerable.Range(0, addresses).Select(i => i % 2 == 0 ? $"10.77.{i >> 8}.{i & 255}" : $"2001:db8:77::{i:x}")]);

        // Taken one batch after the other, each announced six times within 5 s.
        Thread.Sleep(TimeSpan.FromSeconds(12));
        var resident = ResidentMegabytes(speaker);
        output.WriteLine($"{addresses} addresses held: {resident:0.0} MB resident; then {CpuOver(speaker, TimeSpan.FromSeconds(5)):0.00} % of a core");
    }

    private static BridgedHosts Hosts()
    {
        Assert.SkipWhen(Program is null, "make bench WHAT=answers runs this");
        var hosts = new BridgedHosts(2);
        hosts.Ip("-n", hosts.In("h1"), "address", "add", "10.77.255.1/16", "dev", "eth0");
        hosts.Ip("-n", hosts.In("h1"), "address", "add", "2001:db8:77::ffff:1/64", "dev", "eth0", "nodad");
        return hosts;
    }

    private static Process Speaker(BridgedHosts hosts, IEnumerable<string> addresses)
    {
        // Nobody but a: the others only speak.
        var process = hosts.Start(1, [Program!, "a", "a", Secret, .. addresses]);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static IWire Wire(BridgedHosts hosts, out Ears sink)
    {
        var ears = sink = new Ears();
        return InNamespace.Run(hosts.In("h2"), () =>
            new PcapWireFactory(new MachineClock(TimeProvider.System)).Open("eth0", _ => CaptureFilter.For(Other, [], HelloPort), ears));
    }

    private static double CpuOver(Process process, TimeSpan time)
    {
        var before = process.TotalProcessorTime;
        Thread.Sleep(time);
        process.Refresh();
        return 100 * (process.TotalProcessorTime - before) / time;
    }

    private static double ResidentMegabytes(Process process) =>
        File.ReadLines($"/proc/{process.Id}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024).Single();

    /// <summary>Hears the speaker, so that the others can say that they do.</summary>
    private sealed class Ears : IFrameSink
    {
        private Hello? _last;

        public Hello? Last => Volatile.Read(ref _last);

        public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> frame, in Capture capture)
        {
            if (HelloFrame.IsOurs(frame, HelloPort) && HelloFrame.Check(frame, out var message) == DropReason.None
                && HelloCodec.TryRead(message, Cluster, Keys, out var hello, out _) == DropReason.None)
            {
                Volatile.Write(ref _last, hello);
            }

            return default;
        }

        public void Lost(string reason)
        {
        }
    }

    /// <summary>Many speakers that say hello each 100 ms, with as many of each other as there is room for.</summary>
    private sealed class Chorus : IDisposable
    {
        private const int IntervalMilliseconds = 100;
        private static readonly Standing Well = new(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true);
        private readonly int _peers;
        private readonly IWire _wire;
        private readonly Ears _ears;
        private readonly Thread _thread;
        private readonly byte[] _frame = new byte[HelloFrame.HeadersMax + HelloLayout.MaxLength];
        private bool _ended;

        public Chorus(int peers, IWire wire, Ears ears)
        {
            (_peers, _wire, _ears) = (peers, wire, ears);
            _thread = new Thread(Run);
            _thread.Start();
        }

        public long Hellos { get; private set; }

        public void Dispose()
        {
            Volatile.Write(ref _ended, true);
            _thread.Join();
        }

        private static Incarnation LifeOf(int peer) => new(0x5eed_0000_0000_0000 + (ulong)peer, 1);

        private void Run()
        {
            var started = Stopwatch.GetTimestamp();
            while (!Volatile.Read(ref _ended))
            {
                for (var due = (long)(Stopwatch.GetElapsedTime(started).TotalMilliseconds * _peers / IntervalMilliseconds); Hellos < due; Hellos++)
                {
                    Say((int)(Hellos % _peers), 1 + (ulong)(Hellos / _peers));
                }

                Thread.Sleep(1);
            }
        }

        private void Say(int peer, ulong sequence)
        {
            var draft = new HelloDraft($"worker-{peer}", LifeOf(peer), sequence, HelloLayout.MaxLength);
            if (_ears.Last is { } speaker)
            {
                draft.TryAdd(new HeardPeer(speaker.Node, speaker.Incarnation, speaker.Sequence, TimeSpan.FromMilliseconds(50), Direct: true, Proven: true, speaker.Standing));
            }

            for (var i = 1; i < _peers; i++)
            {
                var heard = (int)((peer + (long)sequence + i) % _peers);
                if (heard != peer && !draft.TryAdd(new HeardPeer($"worker-{heard}", LifeOf(heard), sequence, TimeSpan.FromMilliseconds(50), Direct: true, Proven: true, Well)))
                {
                    break;
                }
            }

            var offset = HelloFrame.MessageOffset(ipv6: false);
            var mac = MacAddress.Read([2, 0, 0, 1, (byte)(peer >> 8), (byte)peer]);
            var length = HelloCodec.Write(draft.Finish(Well), mac, Cluster, Keys, _frame.AsSpan(offset));
            var frame = _frame.AsSpan(0, offset + length);
            HelloFrame.WriteHeaders(frame, mac, new IPAddress([192, 168, 1, (byte)peer]), HelloPort);
            _wire.Send(frame);
        }
    }
}
