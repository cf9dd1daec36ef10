using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Tests.Simulation;

/// <summary>What a class of faults is held to, in milliseconds unless said.</summary>
/// <param name="Silent">How long an address may go unanswered after the last fault that could do that.</param>
/// <param name="Double">How long two may answer.</param>
internal sealed record Promises(double Silent, double Double)
{
    /// <summary>How long a released address may be answered for once some connected node knows of the release.</summary>
    public double Released { get; init; } = 500;

    /// <summary>
    /// How long one may answer that the rights do not name, while another could that knows so: a second for the election, a second for the
    /// pass-over, and the slots (protocol rules 13 and 14).
    /// </summary>
    public double Ineligible { get; init; } = 1700;

    /// <summary>How long the router may point at a machine that is dead or out of reach while another answers.</summary>
    public double Router { get; init; } = 1700;

    /// <summary>Whether the end must find each address with the node that is elected then.</summary>
    public bool Obeyed { get; init; }

    /// <summary>How many owners an address may have within a second.</summary>
    public int Moves { get; init; } = 4;

    /// <summary>How many owners an address has in a run, on average over the addresses, at most.</summary>
    public double Takes { get; init; } = double.MaxValue;
}

/// <summary>
/// Watches the promises at every step of a run. An answerer is a running speaker that holds the address, whose table has not run out, and
/// that the router reaches both ways. Silence counts only while a node exists that could answer: running (joining counts), connected,
/// eligible, and told of the address.
/// </summary>
internal sealed class Judge(Simulation world, Promises promises)
{
    /// <summary>At rest: a hello each 95 to 100 ms (47 to 50 where an address asks for that), or as slow as many speakers make it.</summary>
    private int HellosPerSecond => world.Settings.Faults.MixedPolicies ? 23 : 12;

    private readonly Dictionary<IPAddress, Watched> _watched = [];
    private readonly List<string> _violations = [];
    private readonly Dictionary<SimulatedSpeaker, int> _hellos = [];
    private TimeSpan _lastHarm;
    private TimeSpan _lastTake;
    private TimeSpan _lastGratuitous;
    private TimeSpan _lastAsk;
    private int _lastSecond;

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Each silence, in ms, its clock begun again by each further harmful fault.</summary>
    public List<double> Silences { get; } = [];

    /// <summary>Each silence whole.</summary>
    public List<double> UncutSilences { get; } = [];

    /// <summary>Each time with two answerers, in ms.</summary>
    public List<double> Doubles { get; } = [];

    /// <summary>Each time that the router pointed at a dead machine, in ms.</summary>
    public List<double> Astray { get; } = [];

    /// <summary>How often an owner began, or began again.</summary>
    public int Takes { get; private set; }

    /// <summary>The most of these for one address within a second.</summary>
    public int MostInASecond { get; private set; }

    /// <summary>Frames that asked for an address.</summary>
    public int Probes { get; private set; }

    public bool On { get; set; }

    public void Harmed() => _lastHarm = world.Clock.Now;

    public void Took(SimulatedSpeaker by, IPAddress address)
    {
        if (by.Machine!.State == SpeakerState.Joining)
        {
            Violate($"{by.Name} answers for {address} while it joins");
        }

        _lastTake = world.Clock.Now;
        if (!On)
        {
            return;
        }

        Takes++;
        var takes = Of(address).Takes;
        takes.Enqueue(world.Clock.Now);
        while (world.Clock.Now - takes.Peek() > TimeSpan.FromSeconds(1))
        {
            takes.Dequeue();
        }

        MostInASecond = Math.Max(MostInASecond, takes.Count);
        if (takes.Count > promises.Moves)
        {
            Violate($"{address} was taken {takes.Count} times within a second, {promises.Moves} allowed");
        }
    }

    public void Announced() => _lastGratuitous = world.Clock.Now;

    public void Asked()
    {
        Probes += On ? 1 : 0;
        _lastAsk = world.Clock.Now;
    }

    /// <summary>Counts the hellos of the last second of a run.</summary>
    public void Said(SimulatedSpeaker by)
    {
        var second = (int)world.Clock.Now.TotalSeconds;
        if (second != _lastSecond)
        {
            _lastSecond = second;
            _hellos.Clear();
        }

        _hellos[by] = _hellos.GetValueOrDefault(by) + 1;
    }

    /// <summary>A process runs again, and finds requests that were queued while it slept: by now they are others' to answer.</summary>
    public void Thawed(SimulatedSpeaker speaker)
    {
        foreach (var address in world.Addresses)
        {
            if (speaker.IsAnswering(address) && world.Speakers.Any(other => other != speaker && other.IsAnswering(address)))
            {
                Violate($"{speaker.Name} answers what was asked for {address} while it slept");
            }
        }
    }

    /// <summary>An address that was refused is asked for again within ten seconds, not at once.</summary>
    public void Forgive(IPAddress address, TimeSpan silence) => Of(address).ForgivenUntil = world.Clock.Now + silence;

    public void Look()
    {
        foreach (var address in world.Addresses)
        {
            var watched = Of(address);
            var answerers = 0;
            var able = false;
            var knows = false;
            var ineligible = false;
            var released = false;
            var rights = world.Api.Rights.GetValueOrDefault(address);
            foreach (var speaker in world.Speakers)
            {
                if (!speaker.IsRunning || !world.Segment.ReachesBothWays(speaker.Index))
                {
                    continue;
                }

                var answers = speaker.IsAnswering(address);
                var eligible = rights is not null && rights.Eligible.AsSpan().BinarySearch(speaker.Name, StringComparer.Ordinal) >= 0;
                answerers += answers ? 1 : 0;
                ineligible |= answers && !eligible && rights is not null;
                if (eligible && !speaker.IsLeaving && speaker.Told.TryGetValue(address, out var known) && known.Epoch >= world.Api.GivenOut[address])
                {
                    able = true;
                    knows |= speaker.ApiUp && speaker.Rights.TryGetValue(address, out var current) && ReferenceEquals(current, rights);
                }

                released |= rights is null && speaker.ApiUp && !speaker.Rights.ContainsKey(address);
            }

            var refused = world.Stranger.Has(address);
            Track(ref watched.SilentSince, On && answerers == 0 && able && !refused && world.Clock.Now >= watched.ForgivenUntil, address, EndSilence);
            Track(ref watched.DoubleSince, On && answerers > 1, address, EndDouble);
            Track(ref watched.ReleasedSince, On && answerers > 0 && released, address, EndReleased);
            Track(ref watched.IneligibleSince, On && ineligible && knows, address, EndIneligible);
            Track(ref watched.AstraySince, On && rights is not null && answerers > 0 && PointsAstray(address), address, EndAstray);
        }
    }

    /// <summary>Nine to eleven seconds after the last fault all must be well, and quiet.</summary>
    public void Finish()
    {
        Look();
        foreach (var (address, watched) in _watched)
        {
            Track(ref watched.SilentSince, false, address, EndSilence);
            Track(ref watched.DoubleSince, false, address, EndDouble);
            Track(ref watched.ReleasedSince, false, address, EndReleased);
            Track(ref watched.IneligibleSince, false, address, EndIneligible);
            Track(ref watched.AstraySince, false, address, EndAstray);
        }

        foreach (var address in world.Addresses)
        {
            var rights = world.Api.Rights.GetValueOrDefault(address);
            var holders = world.Speakers.Where(s => s.IsAnswering(address)).ToList();
            if (rights is null ? holders.Count != 0 : holders.Count != 1 || !rights.Eligible.Contains(holders[0].Name))
            {
                Violate($"{address} ends with {(holders.Count == 0 ? "no owner" : "owners " + string.Join(", ", holders.Select(h => h.Name)))}, "
                    + (rights is null ? "though it is released" : "not with one of " + string.Join(", ", rights.Eligible)));
            }
            else if (promises.Obeyed && rights?.Elected is { } elected && holders[0].Name != elected)
            {
                Violate($"{address} ends with {holders[0].Name}, though {elected} is elected");
            }
        }

        Expect(world.Clock.Now - _lastTake > TimeSpan.FromSeconds(2), "the end is not quiet: an address was taken within the last 2 s");
        Expect(world.Clock.Now - _lastGratuitous > TimeSpan.FromSeconds(2), "the end is not quiet: gratuitous ARP within the last 2 s");
        Expect(world.Clock.Now - _lastAsk > TimeSpan.FromSeconds(2), "the end is not quiet: an address was asked for within the last 2 s");
        Expect(_hellos.Values.All(said => said <= HellosPerSecond), "the end is not quiet: more hellos than one each 95 ms");
        var mean = (double)Takes / Math.Max(1, world.Addresses.Count);
        Expect(mean <= promises.Takes, $"{mean:f2} owners per address, {promises.Takes} allowed");
    }

    public void Violate(string what)
    {
        _violations.Add($"{world.Clock.Now.TotalMilliseconds:f0} ms: {what}");
        world.Note("JUDGE", what);
    }

    private Watched Of(IPAddress address) =>
        _watched.TryGetValue(address, out var watched) ? watched : _watched[address] = new Watched();

    /// <summary>A machine whose speaker alone is dead forwards on.</summary>
    private bool PointsAstray(IPAddress address) =>
        world.Router.PointsAt(address) is { } node && (world.Speakers[node].NodeDown || !world.Segment.ReachesBothWays(node));

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            Violate(otherwise);
        }
    }

    private void Track(ref TimeSpan? since, bool holds, IPAddress address, Action<IPAddress, TimeSpan> ended)
    {
        if (holds)
        {
            since ??= world.Clock.Now;
        }
        else if (since is { } began)
        {
            since = null;
            ended(address, began);
        }
    }

    private double SinceHarmed(TimeSpan since) => (world.Clock.Now - (since > _lastHarm ? since : _lastHarm)).TotalMilliseconds;

    private void EndSilence(IPAddress address, TimeSpan since)
    {
        var lasted = SinceHarmed(since);
        var asked = world.Api.Rights.GetValueOrDefault(address)?.Policy.DeadAfter.TotalMilliseconds ?? 0;
        var allowed = promises.Silent + Math.Max(0, asked - AnnouncementPolicy.Default.DeadAfter.TotalMilliseconds);
        Silences.Add(lasted);
        UncutSilences.Add((world.Clock.Now - since).TotalMilliseconds);
        Expect(lasted <= allowed, $"nobody answered for {address} during {lasted:f0} ms, {allowed} allowed");
    }

    private void EndDouble(IPAddress address, TimeSpan since)
    {
        var lasted = (world.Clock.Now - since).TotalMilliseconds;
        Doubles.Add(lasted);
        Expect(lasted <= promises.Double, $"two answered for {address} during {lasted:f0} ms, {promises.Double} allowed");
    }

    private void EndReleased(IPAddress address, TimeSpan since)
    {
        var lasted = (world.Clock.Now - since).TotalMilliseconds;
        Expect(lasted <= promises.Released, $"{address} was answered for during {lasted:f0} ms after its release was known, {promises.Released} allowed");
    }

    private void EndIneligible(IPAddress address, TimeSpan since)
    {
        var lasted = SinceHarmed(since);
        Expect(
            lasted <= promises.Ineligible,
            $"{address} was answered for by one that may not, during {lasted:f0} ms while another could, {promises.Ineligible} allowed");
    }

    private void EndAstray(IPAddress address, TimeSpan since)
    {
        var lasted = SinceHarmed(since);
        Astray.Add((world.Clock.Now - since).TotalMilliseconds);
        Expect(lasted <= promises.Router, $"the router pointed at a dead machine for {address} during {lasted:f0} ms, {promises.Router} allowed");
    }

    private sealed class Watched
    {
        public readonly Queue<TimeSpan> Takes = [];
        public TimeSpan ForgivenUntil;
        public TimeSpan? SilentSince;
        public TimeSpan? DoubleSince;
        public TimeSpan? ReleasedSince;
        public TimeSpan? IneligibleSince;
        public TimeSpan? AstraySince;
    }
}
