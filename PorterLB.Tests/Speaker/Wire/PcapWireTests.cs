using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>Real interfaces in network namespaces.</summary>
public sealed class PcapWireTests
{
    private const ushort HelloPort = 7474;
    private static readonly MacAddress FirstMac = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress SecondMac = MacAddress.Parse("02:00:00:00:00:02");
    private static readonly IPAddress Target = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress TargetV6 = IPAddress.Parse("2001:db8:1::91");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_thousand_swaps_of_the_filter_under_a_flood_lose_no_frame_and_other_addresses_wake_nobody()
    {
        using var hosts = Hosts();
        var sink = new Counting();
        CaptureFilter[] filters = [.. new[] { 1, 1_000, 10_000 }.Select(FilterOf)];
        using var listening = Open(hosts, "h1", sink, filters[0]);
        using var asking = Open(hosts, "h2", new Counting(), CaptureFilter.For(SecondMac, [], HelloPort));
        byte[][] questions = [PreparedFrames.Probe(SecondMac, Target), PreparedFrames.Probe(SecondMac, TargetV6)];
        byte[][] others = [PreparedFrames.Probe(SecondMac, IPAddress.Parse("192.168.7.7")), PreparedFrames.Probe(SecondMac, IPAddress.Parse("2001:db8::7:7"))];
        var sent = 0;
        for (var swap = 0; swap < 1_000; swap++)
        {
            Assert.Same(filters[swap % 3], listening.Admit(_ => filters[swap % 3]));
            for (var i = 0; i < 20; i++)
            {
                Assert.True(asking.Send(questions[i % 2]));
                Assert.True(asking.Send(others[i % 2]));
                sent++;
            }

            // The ring holds some 500 frames: ours to lose when the sender runs ahead, not the filter's.
            Assert.True(SpinWait.SpinUntil(() => sink.Frames >= sent - 200, Patience), $"{sink.Frames} of {sent} after {swap} swaps");
        }

        Assert.True(SpinWait.SpinUntil(() => sink.Frames >= sent, Patience), $"{sink.Frames} of {sent}");
        Assert.Equal(sent, sink.Frames);

        // So many of each family, in pools of a hundred.
        static CaptureFilter FilterOf(int count) => CaptureFilter.For(
            FirstMac,
            Enumerable.Range(1, count - 1).Select(i => (i / 100 * 256) + (i % 100)).SelectMany(i => new[] { Numbered(i, ipv6: false), Numbered(i, ipv6: true) })
                .Append(Target).Append(TargetV6),
            HelloPort);
    }

    [Fact]
    public void Between_a_request_and_its_answer_the_thread_that_captures_allocates_nothing()
    {
        using var hosts = Hosts();
        var sink = new Answering();
        using var listening = Open(hosts, "h1", sink, CaptureFilter.For(FirstMac, [Target], HelloPort));
        using var asking = Open(hosts, "h2", new Counting(), CaptureFilter.For(SecondMac, [], HelloPort));
        var question = PreparedFrames.Probe(SecondMac, Target);
        for (var sent = 1; sent <= 2_000; sent++)
        {
            Assert.True(asking.Send(question));
            Assert.True(SpinWait.SpinUntil(() => sink.Frames >= sent - 100, Patience), $"{sink.Frames} of {sent}");
        }

        Assert.True(SpinWait.SpinUntil(() => sink.Frames == 2_000, Patience), $"{sink.Frames} of 2000");
        Assert.Equal(0, sink.AllocatedAfter(1_000));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1_000, false)]
    [InlineData(10_000, false)]
    [InlineData(1, true)]
    [InlineData(1_000, true)]
    [InlineData(10_000, true)]
    public void In_a_flood_of_questions_for_other_addresses_only_those_for_ours_get_through(int count, bool ipv6)
    {
        using var hosts = Hosts();
        var sink = new Counting();

        // Pools of a hundred, as people have them, with others' addresses in between.
        var targets = Enumerable.Range(0, count).Select(i => Numbered((i / 100 * 256) + (i % 100), ipv6)).ToArray();
        using var listening = Open(hosts, "h1", sink, CaptureFilter.For(FirstMac, [], HelloPort));
        var inForce = listening.Admit(most => CaptureFilter.For(FirstMac, targets, HelloPort, most));
        Assert.Equal(UInt128.Zero, inForce.Excess);
        using var asking = Open(hosts, "h2", new Counting(), CaptureFilter.For(SecondMac, [], HelloPort));
        var sent = 0;
        for (var i = 0; i < 5_000; i++)
        {
            Assert.True(asking.Send(PreparedFrames.Probe(SecondMac, Numbered((i % 200 * 256) + 100 + (i % 156), ipv6))));
            if (i % 10 == 0)
            {
                Assert.True(asking.Send(PreparedFrames.Probe(SecondMac, targets[i * 7 % count])));
                sent++;
            }
        }

        Assert.True(SpinWait.SpinUntil(() => sink.Frames >= sent, Patience), $"{sink.Frames} of {sent}");
        Assert.Equal(sent, sink.Frames);
    }

    [Fact]
    public void Our_own_frames_do_not_come_back_and_a_vanished_interface_is_told()
    {
        using var hosts = Hosts();
        var sink = new Counting();
        using var wire = Open(hosts, "h1", sink, CaptureFilter.For(FirstMac, [Target], HelloPort));
        Assert.True(wire.Send(PreparedFrames.ArpAnnouncement(FirstMac, Target)));
        hosts.Ip("-n", hosts.In("h1"), "link", "delete", "eth0");
        Assert.True(SpinWait.SpinUntil(() => sink.LostBecause is not null, Patience));
        Assert.Equal(0, sink.Frames);
        Assert.False(wire.Send(PreparedFrames.ArpAnnouncement(FirstMac, Target)));
    }

    [Fact]
    public void Changes_of_interfaces_are_told_as_they_happen_and_bridge_ports_are_skipped()
    {
        using var hosts = Hosts();
        using var seen = new BlockingCollection<ImmutableArray<LocalInterface>>();
        using var watch = InNamespace.Run(hosts.In("h1"), () => new InterfaceWatch(seen.Add, error => throw error));
        watch.Start();
        var before = Assert.Single(watch.Current, candidate => candidate.Name == "eth0");
        Assert.Equal(FirstMac, before.Mac);
        Assert.True(before.Up);
        Assert.Null(before.Skipped);
        Assert.Contains(IPNetwork.Parse("192.168.0.0/24"), before.Subnets);

        hosts.Ip("-n", hosts.In("h1"), "address", "add", "10.7.0.1/16", "dev", "eth0");
        Until(eth0 => eth0?.Subnets.Contains(IPNetwork.Parse("10.7.0.0/16")) == true);
        hosts.CutCable(1);
        Until(eth0 => eth0?.Up == false);
        hosts.PlugCable(1);
        Until(eth0 => eth0?.Up == true);
        hosts.Ip("-n", hosts.In("h1"), "link", "add", "bridge", "type", "bridge");
        hosts.Ip("-n", hosts.In("h1"), "link", "set", "eth0", "master", "bridge");
        Until(eth0 => eth0?.Skipped == "is part of bridge");
        hosts.Ip("-n", hosts.In("h1"), "link", "set", "eth0", "nomaster");
        hosts.Ip("-n", hosts.In("h1"), "link", "set", "eth0", "arp", "off");
        Until(eth0 => eth0?.Skipped == "ARP is off (NOARP)");
        hosts.Ip("-n", hosts.In("h1"), "link", "set", "eth0", "arp", "on", "down", "address", "02:00:00:00:00:0f");
        Until(eth0 => eth0 is { Skipped: null, Up: false } && eth0.Mac == MacAddress.Parse("02:00:00:00:00:0f"));
        hosts.Ip("-n", hosts.In("h1"), "link", "delete", "eth0");
        Until(eth0 => eth0 is null);

        void Until(Func<LocalInterface?, bool> holds)
        {
            ImmutableArray<LocalInterface> all;
            do
            {
                Assert.True(seen.TryTake(out all, Patience), "no event");
            }
            while (!holds(all.FirstOrDefault(candidate => candidate.Name == "eth0")));
        }
    }

    [Fact]
    public void A_cable_that_is_cut_is_told_within_100_ms()
    {
        using var hosts = Hosts();
        using var seen = new BlockingCollection<(ImmutableArray<LocalInterface> All, long At)>();
        using var watch = InNamespace.Run(hosts.In("h1"), () => new InterfaceWatch(all => seen.Add((all, Stopwatch.GetTimestamp())), error => throw error));
        watch.Start();

        // Of several only the quickest counts: a busy machine delays this test as much as what it tests.
        var quickest = TimeSpan.MaxValue;
        for (var i = 0; i < 10 && quickest > TimeSpan.FromMilliseconds(100); i++)
        {
            hosts.CutCable(1);
            var cut = Stopwatch.GetTimestamp();
            var told = Until(up: false);
            quickest = told < cut ? TimeSpan.Zero : Stopwatch.GetElapsedTime(cut, told);
            hosts.PlugCable(1);
            Until(up: true);
        }

        Assert.True(quickest <= TimeSpan.FromMilliseconds(100), $"told after {quickest.TotalMilliseconds} ms");

        long Until(bool up)
        {
            (ImmutableArray<LocalInterface> All, long At) seenNow;
            do
            {
                Assert.True(seen.TryTake(out seenNow, Patience), "no event");
            }
            while (seenNow.All.FirstOrDefault(candidate => candidate.Name == "eth0")?.Up != up);
            return seenNow.At;
        }
    }

    [Fact]
    public void An_interface_that_is_not_there_is_told_in_words() =>
        Assert.Contains("nope0", Assert.Throws<IOException>(() =>
            new PcapWireFactory(new MachineClock(TimeProvider.System)).Open("nope0", _ => CaptureFilter.For(FirstMac, [], HelloPort), new Counting())).Message,
            StringComparison.Ordinal);

    private static IPAddress Numbered(int number, bool ipv6) => ipv6
        ? new IPAddress([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number])
        : new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private static BridgedHosts Hosts()
    {
        var lacking = BridgedHosts.Lacking();
        Assert.SkipWhen(lacking is not null, lacking ?? "");
        return new BridgedHosts(2);
    }

    private static IWire Open(BridgedHosts hosts, string host, IFrameSink sink, CaptureFilter filter) => InNamespace.Run(
        hosts.In(host), () => new PcapWireFactory(new MachineClock(TimeProvider.System)).Open("eth0", _ => filter, sink));

    private sealed class Counting : IFrameSink
    {
        private int _frames;

        public int Frames => Volatile.Read(ref _frames);

        public string? LostBecause { get; private set; }

        public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> frame, in Capture capture)
        {
            Interlocked.Increment(ref _frames);
            return default;
        }

        public void Lost(string reason) => LostBecause = reason;
    }

    /// <summary>Answers each frame, and writes down what its thread had allocated by then.</summary>
    private sealed class Answering : IFrameSink
    {
        private readonly byte[] _answer = PreparedFrames.ArpReply(FirstMac, Target);
        private readonly long[] _allocated = new long[2_000];
        private int _frames;

        public int Frames => Volatile.Read(ref _frames);

        public long AllocatedAfter(int frames) => _allocated[Frames - 1] - _allocated[frames];

        public ReadOnlySpan<byte> Take(ReadOnlySpan<byte> frame, in Capture capture)
        {
            _allocated[_frames] = GC.GetAllocatedBytesForCurrentThread();
            Volatile.Write(ref _frames, _frames + 1);
            return _answer;
        }

        public void Lost(string reason)
        {
        }
    }
}
