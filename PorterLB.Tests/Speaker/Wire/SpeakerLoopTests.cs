using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Packets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>The shell around the machines: interfaces that come, go and change, and what is told of them. Wires and time are the test's.</summary>
public sealed class SpeakerLoopTests : IDisposable
{
    // The kernel knows no such interfaces, so nothing here touches a real one.
    private const int First = 1_000_001;
    private const int Second = 1_000_002;
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress NewMac = MacAddress.Parse("02:00:00:00:00:0f");
    private static readonly MacAddress Stranger = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::91");
    private static readonly IPAddress OnSecond = IPAddress.Parse("10.0.0.91");
    private static readonly byte[] Tag = [1, 2, 3, 4, 5, 6, 7, 8];
    private static readonly HelloKeys Keys = new([new byte[32]]);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeWires _wires;
    private readonly Mailbox _mailbox = new();
    private readonly Channel<SpeakerReport> _reports = Channel.CreateUnbounded<SpeakerReport>();
    private readonly SpeakerLoop _loop;
    private List<Mail> _mail = [];

    public SpeakerLoopTests()
    {
        var clock = new MachineClock(_time);
        _wires = new FakeWires(clock);
        _loop = new SpeakerLoop(
            new SpeakerOptions { NodeName = "a", ClusterTag = [.. Tag], Keys = [new byte[32]], Random = new Random(1) },
            [Interface(First, "eth0", "192.168.0.1/24", "2001:db8::1/64")],
            _mailbox,
            clock,
            _wires,
            file: null,
            NullLogger.Instance,
            Channel.CreateUnbounded<SpeakerStatus>().Writer,
            _reports.Writer);
    }

    [Fact]
    public void Addresses_on_several_segments_are_answered_each_on_its_own()
    {
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24"), Interface(Second, "eth1", "10.0.0.1/8")]), Apply(V4, OnSecond));
        Pass(2);
        Assert.Equal([("10.0.0.91", "eth1"), ("192.168.0.91", "eth0")], _loop.Status.Announced.Select(held => (held.Address.ToString(), held.Interface)));
        Assert.True(Answers("eth0", V4));
        Assert.False(Answers("eth0", OnSecond));
        Assert.True(Answers("eth1", OnSecond));
    }

    [Fact]
    public void An_address_that_belongs_on_another_interface_now_is_answered_there_alone_and_may_come_back()
    {
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24"), Interface(Second, "eth1", "10.0.0.1/8")]));
        foreach (var (here, elsewhere) in (ReadOnlySpan<(string, string)>)[("eth0", "eth1"), ("eth1", "eth0"), ("eth0", "eth1")])
        {
            Post(new Mail.Apply(new Rights(Apply(V4, OnSecond).Rights.Addresses.SetItem(
                V4, new AddressRights { Address = V4, Epoch = 1, Elected = "a", Eligible = ["a"], Interfaces = [here] }))));
            Pass(2);
            Assert.True(Answers(here, V4));
            Assert.False(Answers(elsewhere, V4));
        }
    }

    [Fact]
    public void Where_addresses_may_come_is_listened_to_before_the_first_comes()
    {
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24"), Interface(Second, "eth1", "10.0.0.1/8")]));
        Post(new Mail.Apply(Rights.None with { Expected = [new ExpectedAddresses(IPAddress.Parse("10.0.0.90"), [])] }));
        Pass(2);
        Assert.Equal(SpeakerState.Active, LastHello("eth1").Standing.State);
        Post(Apply(OnSecond));
        Pass(0.2);
        Assert.True(Answers("eth1", OnSecond));
    }

    [Fact]
    public void A_new_hardware_address_is_announced_and_answered_with()
    {
        Post(Apply(V4, V6));
        Pass(2);
        Sent("eth0").Clear();
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24", "2001:db8::1/64") with { Mac = NewMac }]));
        Pass(0.2);
        Assert.Contains(Sent("eth0"), frame => frame.AsSpan().SequenceEqual(PreparedFrames.ArpAnnouncement(NewMac, V4)));
        Assert.Contains(Sent("eth0"), frame => frame.AsSpan().SequenceEqual(PreparedFrames.UnsolicitedAdvertisement(NewMac, V6)));
        Assert.DoesNotContain(Sent("eth0"), frame => MacAddress.Read(frame.AsSpan(6)) == Mac);
        Assert.True(Answers("eth0", V4, NewMac));
        Assert.Equal(NewMac, _loop.Status.Announced[0].Mac);
    }

    [Fact]
    public void An_interface_that_is_made_again_begins_anew_and_answers_again()
    {
        Post(Apply(V4));
        Pass(2);
        var life = LastHello("eth0");
        Post(new Mail.Interfaces([]));
        Pass(0.1);
        Assert.Empty(_loop.Status.Announced);
        Assert.True(_wires.Last("eth0").Closed);
        Assert.Equal(ReportKind.NoInterface, Reports().Last().Kind);
        Post(new Mail.Interfaces([Interface(Second, "eth0", "192.168.0.1/24")]));
        Pass(0.3);
        Assert.False(Answers("eth0", V4));
        Pass(2);
        Assert.True(Answers("eth0", V4));

        // Sequence numbers begin anew: under the same incarnation every peer would take them for a recording.
        Assert.True(LastHello("eth0").Sequence < life.Sequence + 20);
        Assert.NotEqual(life.Incarnation.Process, LastHello("eth0").Incarnation.Process);
    }

    [Theory]
    [InlineData("is part of bridge")]
    [InlineData("ARP is off (NOARP)")]
    public void An_interface_that_becomes_unusable_is_left_at_once(string reason)
    {
        Post(Apply(V4));
        Pass(2);
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24") with { Skipped = reason }]));
        Pass(0);
        Assert.True(_wires.Last("eth0").Closed);
        Pass(0.1);
        Assert.Empty(_loop.Status.Announced);
        Assert.Equal(reason, _loop.Status.Interfaces[0].Skipped);
    }

    [Fact]
    public void An_interface_that_is_renamed_is_opened_by_its_new_name()
    {
        Post(Apply(V4));
        Pass(2);
        Post(new Mail.Interfaces([Interface(First, "lan0", "192.168.0.1/24")]));
        Pass(2);
        Assert.True(_wires.Last("eth0").Closed);
        Assert.True(Answers("lan0", V4));
    }

    [Fact]
    public void A_wire_that_is_lost_is_told_once_and_opened_again()
    {
        Post(Apply(V4));
        Pass(2);
        _wires.Refuse = true;
        _wires.Last("eth0").Sink.Lost("the interface is gone or down");
        Pass(3);
        Assert.Single(Reports(), report => report.Kind == ReportKind.InterfaceLost);
        Assert.Empty(_loop.Status.Announced);
        _wires.Refuse = false;
        Pass(3);
        Assert.True(Answers("eth0", V4));
    }

    [Fact]
    public void Leaving_does_not_wait_for_a_link_that_is_down()
    {
        Post(Apply(V4));
        Pass(2);
        Post(new Mail.Interfaces([Interface(First, "eth0", "192.168.0.1/24") with { Up = false }]), new Mail.Leave());
        Pass(0);
        Assert.True(_loop.Left.IsCompletedSuccessfully);
    }

    [Fact]
    public void Leaving_with_nobody_to_take_over_ends_after_two_seconds()
    {
        Post(Apply(V4));
        Pass(2);
        Post(new Mail.Leave());
        Pass(1.9);
        Assert.False(_loop.Left.IsCompleted);
        Assert.True(Answers("eth0", V4));
        Pass(0.2);
        Assert.True(_loop.Left.IsCompletedSuccessfully);
        Assert.False(Answers("eth0", V4));
    }

    [Fact]
    public void A_speaker_with_another_key_is_named_until_it_falls_silent()
    {
        Post(Apply(V4));
        Pass(1);
        Take("eth0", HelloOf("b", new HelloKeys([[.. Enumerable.Repeat((byte)7, 32)]])));
        Pass(0.1);
        var refused = Assert.Single(_loop.Status.Refused);
        Assert.Equal(("b", "eth0", Stranger), (refused.Node, refused.Interface, refused.Mac));
        var told = Assert.Single(Reports(), report => report.Kind == ReportKind.WrongKey);
        Assert.Equal("b", told.Node);
        Pass(9);
        Assert.Single(_loop.Status.Refused);
        Pass(1);
        Assert.Empty(_loop.Status.Refused);
    }

    [Fact]
    public void A_neighbor_cluster_is_told_once()
    {
        Post(Apply(V4));
        Pass(1);
        for (var i = 0; i < 5; i++)
        {
            Take("eth0", HelloOf("b", Keys, tag: new byte[8]));
            Pass(2);
        }

        Assert.Equal("cluster 0000000000000000", Assert.Single(Reports(), report => report.Kind == ReportKind.OtherCluster).Detail);
        Assert.Empty(_loop.Status.Refused);
    }

    [Fact]
    public void What_queued_while_the_process_was_frozen_is_not_answered()
    {
        Post(Apply(V4));
        Pass(2);
        Assert.True(Answers("eth0", V4));

        // The capture thread may wake first: nothing was decided yet, and the answers have not been renewed.
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(Answers("eth0", V4));
        Pass(0);
        Assert.False(Answers("eth0", V4));
        Assert.Contains(Reports(), report => report.Kind == ReportKind.Stalled);
    }

    [Fact]
    public void An_IPv6_address_that_a_stranger_answers_the_probe_for_is_not_announced()
    {
        Post(Apply(V6));
        for (var passed = 0; passed < 100; passed++)
        {
            Pass(0.01);
            if (Sent("eth0").Exists(frame => frame.AsSpan().SequenceEqual(PreparedFrames.DuplicateProbe(Mac, V6))))
            {
                // RFC 4861, section 7.2.4: who asks from :: is answered to all nodes.
                Take("eth0", PreparedFrames.UnsolicitedAdvertisement(Stranger, V6));
                Sent("eth0").Clear();
            }
        }

        Assert.Empty(_loop.Status.Announced);
        var told = Assert.Single(Reports(), report => report.Kind == ReportKind.ConflictRefused);
        Assert.Equal((V6, Stranger), (told.Address, told.Mac));
        Assert.DoesNotContain(Sent("eth0"), frame => frame.AsSpan().SequenceEqual(PreparedFrames.UnsolicitedAdvertisement(Mac, V6)));
    }

    [Theory]
    [InlineData("192.168.0.91")]
    [InlineData("2001:db8::91")]
    public void A_held_address_that_a_stranger_claims_is_defended_on_the_wire_once_in_ten_seconds(string text)
    {
        var address = IPAddress.Parse(text);
        Post(Apply(address));
        Pass(8);
        Sent("eth0").Clear();
        for (var second = 0; second < 9; second++)
        {
            Take("eth0", Announcement(Stranger, address));
            Pass(1);
        }

        Assert.Single(Sent("eth0"), frame => frame.AsSpan().SequenceEqual(Announcement(Mac, address)));
        Assert.True(Answers("eth0", address));
        Assert.Equal(Stranger, Assert.Single(Reports(), report => report.Kind == ReportKind.ConflictDefended).Mac);
    }

    [Fact]
    public void What_a_speaker_announces_is_not_told_to_the_loop_while_its_hellos_are_heard()
    {
        Post(Apply(V4));
        Pass(2);
        Take("eth0", HelloOf("b", Keys, heard: LastHello("eth0")));
        Pass(0.05);
        Take("eth0", PreparedFrames.ArpAnnouncement(Stranger, V4));
        Take("eth0", PreparedFrames.ArpAnnouncementReply(Stranger, V4));
        Assert.False(_mailbox.HasMail);

        // An answer to a question of ours counts, whoever gives it.
        var answer = PreparedFrames.ArpReply(Stranger, V4);
        Mac.Write(answer);
        Take("eth0", answer);
        Assert.True(_mailbox.HasMail);
        Pass(0.3);
        Take("eth0", PreparedFrames.ArpAnnouncement(Stranger, V4));
        Assert.True(_mailbox.HasMail);
    }

    [Fact]
    public void A_flood_of_claims_does_not_push_out_the_hellos()
    {
        Post(Apply(V4));
        Pass(2);
        for (var i = 0; i < 10_000; i++)
        {
            Take("eth0", PreparedFrames.ArpAnnouncement(NewMac, V4));
        }

        Take("eth0", HelloOf("b", Keys, heard: LastHello("eth0")));
        Pass(0.05);
        Assert.Contains(Reports(), report => report is { Kind: ReportKind.PeerAlive, Node: "b" });
    }

    [Fact]
    public void From_request_to_answer_nothing_is_allocated()
    {
        Post(Apply(V4, V6));
        Pass(2);
        var sink = _wires.Last("eth0").Sink;
        byte[][] frames =
        [
            PreparedFrames.ArpProbe(Stranger, V4), PreparedFrames.DuplicateProbe(Stranger, V6),
            PreparedFrames.ArpProbe(Stranger, OnSecond), PreparedFrames.Solicitation(Stranger, IPAddress.Parse("fe80::b"), V6, null),
        ];
        var capture = new Capture(_wires.Clock.Now, _wires.Clock.Now, _time.GetUtcNow());
        Assert.Equal(300, Run(100));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var answered = Run(10_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(30_000, answered);

        int Run(int times)
        {
            var answers = 0;
            for (var i = 0; i < times; i++)
            {
                foreach (var frame in frames)
                {
                    answers += sink.Take(frame, capture).IsEmpty ? 0 : 1;
                }
            }

            return answers;
        }
    }

    [Fact]
    public void Nobody_is_declared_dead_while_frames_wait_to_be_read()
    {
        Post(Apply(V4));
        Pass(2);
        Take("eth0", HelloOf("b", Keys, heard: LastHello("eth0")));
        Pass(0.38);
        _wires.Last("eth0").HasUnread = true;
        Pass(0.08);
        Assert.Contains(Reports(), report => report.Kind == ReportKind.PeerAlive);
        Assert.DoesNotContain(Reports(), report => report.Kind is ReportKind.PeerDead or ReportKind.Deaf);

        // It was its hello that waited.
        Take("eth0", HelloOf("b", Keys, sequence: 2, heard: LastHello("eth0")));
        _wires.Last("eth0").HasUnread = false;
        Pass(0.3);
        Assert.DoesNotContain(Reports(), report => report.Kind is ReportKind.PeerDead or ReportKind.Deaf);
        Pass(0.2);
        Assert.Contains(Reports(), report => report.Kind == ReportKind.PeerDead);

        // A reader that gets no time at all is no excuse: the speaker itself would be dead.
        Take("eth0", HelloOf("b", Keys, sequence: 3, heard: LastHello("eth0")));
        _wires.Last("eth0").HasUnread = true;
        var hellos = Sent("eth0").Count;
        Pass(0.5);
        Assert.True(Sent("eth0").Count >= hellos + 3);
    }

    [Fact]
    public void A_coarse_filter_and_a_refused_group_are_told_once()
    {
        _wires.InstructionsMax = 200;
        Post(Apply([.. Enumerable.Range(0, 200).Select(i => new IPAddress([192, 168, 0, (byte)(i | 1)])).Distinct()]));
        Pass(2);
        Post(Apply([.. Enumerable.Range(0, 201).Select(i => new IPAddress([192, 168, 0, (byte)(i | 1)])).Distinct()]));
        Pass(2);
        var coarse = Assert.Single(Reports(), report => report.Kind == ReportKind.FilterCoarse);
        Assert.Contains("net.core.optmem_max", coarse.Detail, StringComparison.Ordinal);

        // No such interface, so the kernel refuses both groups of the hellos.
        Assert.Single(_seen, report => report.Kind == ReportKind.GroupRefused);
    }

    [Fact]
    public void An_address_that_no_interface_serves_is_told_once_with_what_to_do()
    {
        Post(Apply(IPAddress.Parse("203.0.113.9")));
        Pass(1);
        Post(Apply(IPAddress.Parse("203.0.113.9"), V4));
        Pass(1);
        var told = Assert.Single(Reports(), report => report.Kind == ReportKind.NoInterface);
        Assert.Contains("203.0.113.9", told.Detail, StringComparison.Ordinal);
    }

    public void Dispose() => _loop.Dispose();

    private static LocalInterface Interface(int index, string name, params string[] addresses) => new(
        index, name, Mac, Up: true, Skipped: null,
        [.. addresses.Select(address => new InterfaceAddress(IPAddress.Parse(address.Split('/')[0]), int.Parse(address.Split('/')[1]), Usable: true))]);

    private static Mail.Apply Apply(params IPAddress[] addresses) => new(new Rights(addresses.ToImmutableDictionary(
        address => address, address => new AddressRights { Address = address, Epoch = 1, Elected = "a", Eligible = ["a"] })));

    private static byte[] Announcement(MacAddress mac, IPAddress address) => address.Equals(V4)
        ? PreparedFrames.ArpAnnouncement(mac, address)
        : PreparedFrames.UnsolicitedAdvertisement(mac, address);

    private static byte[] HelloOf(string node, HelloKeys keys, byte[]? tag = null, ulong sequence = 1, Hello? heard = null)
    {
        var offset = HelloFrame.MessageOffset(ipv6: false);
        var frame = new byte[offset + HelloLayout.MaxLength];
        var hello = new Hello
        {
            Node = node,
            Incarnation = new(1, 1),
            Sequence = sequence,
            Standing = default,
            Hears = heard is null ? [] : [new HeardPeer(heard.Node, heard.Incarnation, heard.Sequence, TimeSpan.Zero, Direct: true, Proven: true, heard.Standing)],
        };
        frame = frame[..(offset + HelloCodec.Write(hello, Stranger, tag ?? Tag, keys, frame.AsSpan(offset)))];
        HelloFrame.WriteHeaders(frame, Stranger, IPAddress.Parse("192.168.0.2"), 7474);
        return frame;
    }

    private void Post(params Mail[] mail)
    {
        foreach (var each in mail)
        {
            _mailbox.Post(each);
        }
    }

    /// <summary>Lets the loop run, each 10 ms once.</summary>
    private void Pass(double seconds)
    {
        for (var passed = 0.0; ; passed += 0.01)
        {
            _mailbox.Take(TimeSpan.Zero, ref _mail);
            _loop.Pass(_mail);
            _mail.Clear();
            if (passed >= seconds - 0.005)
            {
                return;
            }

            _time.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    private readonly List<SpeakerReport> _seen = [];

    private List<SpeakerReport> Reports()
    {
        while (_reports.Reader.TryRead(out var report))
        {
            _seen.Add(report);
        }

        return _seen;
    }

    private Hello LastHello(string name)
    {
        var frame = Sent(name).Last(frame => HelloFrame.IsOurs(frame, 7474));
        Assert.Equal(DropReason.None, HelloCodec.TryRead(HelloFrame.MessageOf(frame), Tag, Keys, out var hello, out _));
        return hello!;
    }

    private List<byte[]> Sent(string name) => _wires.Last(name).Sent;

    private byte[] Take(string name, byte[] frame)
    {
        var wire = _wires.Last(name);
        var capture = new Capture(_wires.Clock.Now, _wires.Clock.Now, _time.GetUtcNow());
        return wire.Sink.Take(frame, capture).ToArray();
    }

    private bool Answers(string name, IPAddress address, MacAddress? with = null)
    {
        var answer = Take(name, PreparedFrames.Probe(Stranger, address));
        return answer.Length > 0 && MacAddress.Read(answer.AsSpan(6)) == (with ?? Mac);
    }

    private sealed class FakeWires(MachineClock clock) : IWireFactory
    {
        private readonly Dictionary<string, FakeWire> _last = [];

        public MachineClock Clock => clock;

        public bool Refuse { get; set; }

        public int InstructionsMax { get; set; } = CaptureFilter.InstructionsMax;

        public FakeWire Last(string name) => _last[name];

        public IWire Open(string name, Func<int, CaptureFilter> filter, IFrameSink sink) =>
            Refuse ? throw new IOException($"{name} cannot be opened") : _last[name] = new FakeWire(this, sink);
    }

    private sealed class FakeWire(FakeWires wires, IFrameSink sink) : IWire
    {
        public IFrameSink Sink => sink;

        public List<byte[]> Sent { get; } = [];

        public bool Closed { get; private set; }

        public bool HasUnread { get; set; }

        public bool Send(ReadOnlySpan<byte> frame)
        {
            Sent.Add(frame.ToArray());
            return true;
        }

        public CaptureFilter Admit(Func<int, CaptureFilter> filter) => filter(wires.InstructionsMax);

        public void Dispose() => Closed = true;
    }
}
