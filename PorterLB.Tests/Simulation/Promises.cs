using System.Net;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// How long an address may go unanswered after the last fault that could do that, how long two may answer, and how long a released one may
/// be answered for once some connected node knows of the release.
/// </summary>
internal readonly record struct Promises(double SilentMilliseconds, double DoubleMilliseconds)
{
    public double ReleasedMilliseconds { get; init; } = 500;

    /// <summary>The share of runs in which a promise that the protocol cannot keep may be broken.</summary>
    public double Exceptions { get; init; }
}

/// <summary>
/// Watches the promises at every step of a run. An answerer is a running speaker that holds the address and that the router reaches both
/// ways. Silence counts only while a node exists that could answer: running (joining counts), connected, eligible, and told of the address.
/// </summary>
internal sealed class Judge(Simulation world, Promises promises)
{
    private readonly Dictionary<IPAddress, Watched> _watched = [];
    private readonly List<string> _violations = [];
    private TimeSpan _lastHarm;
    private TimeSpan _lastTake;
    private TimeSpan _lastGratuitous;

    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Longest silence seen, counted from the last harmful fault.</summary>
    public TimeSpan WorstSilence { get; private set; }

    /// <summary>Longest time with two answerers.</summary>
    public TimeSpan WorstDouble { get; private set; }

    public int Takes { get; private set; }

    public bool On { get; set; }

    public void Harm(string what)
    {
        _lastHarm = world.Clock.Now;
        world.Note("fault", what);
    }

    public void Took(IPAddress address)
    {
        Takes += On ? 1 : 0;
        _lastTake = world.Clock.Now;
        _ = address;
    }

    public void Announced() => _lastGratuitous = world.Clock.Now;

    public void Look()
    {
        foreach (var address in world.Addresses)
        {
            if (!_watched.TryGetValue(address, out var watched))
            {
                _watched[address] = watched = new Watched();
            }

            var answerers = 0;
            var able = false;
            var released = false;
            var eligible = world.Api.Rights.GetValueOrDefault(address)?.Eligible;
            foreach (var speaker in world.Speakers)
            {
                if (!speaker.IsRunning || !world.Segment.ReachesBothWays(speaker.Index))
                {
                    continue;
                }

                answerers += speaker.IsAnswering(address) ? 1 : 0;
                able |= eligible is { } nodes && !speaker.IsLeaving && nodes.Contains(speaker.Name) && speaker.Rights.TryGetValue(address, out var known) && known.Epoch >= world.Api.GivenOut[address];
                released |= eligible is null && speaker.ApiUp && !speaker.Rights.ContainsKey(address);
            }

            Track(ref watched.SilentSince, On && answerers == 0 && able, since => EndSilence(address, since));
            Track(ref watched.DoubleSince, On && answerers > 1, since => EndDouble(address, since));
            Track(ref watched.ReleasedSince, On && answerers > 0 && released, since => EndReleased(address, since));
        }
    }

    /// <summary>Nine to eleven seconds after the last fault all must be well, and quiet.</summary>
    public void Finish()
    {
        foreach (var address in world.Addresses)
        {
            if (_watched.TryGetValue(address, out var watched))
            {
                Track(ref watched.SilentSince, false, since => EndSilence(address, since));
                Track(ref watched.DoubleSince, false, since => EndDouble(address, since));
                Track(ref watched.ReleasedSince, false, since => EndReleased(address, since));
            }

            var rights = world.Api.Rights.GetValueOrDefault(address);
            var holders = world.Speakers.Where(s => s.IsAnswering(address)).ToList();
            if (rights is null ? holders.Count != 0 : holders.Count != 1 || !rights.Eligible.Contains(holders[0].Name))
            {
                Violate($"{address} ends with {(holders.Count == 0 ? "no owner" : "owners " + string.Join(", ", holders.Select(h => h.Name)))}, "
                    + (rights is null ? "though it is released" : "not with one of " + string.Join(", ", rights.Eligible)));
            }
        }

        if (world.Clock.Now - _lastTake < TimeSpan.FromSeconds(2) || world.Clock.Now - _lastGratuitous < TimeSpan.FromSeconds(2))
        {
            Violate("the end is not quiet: claims or gratuitous ARP within the last 2 s");
        }
    }

    private void Track(ref TimeSpan? since, bool holds, Action<TimeSpan> ended)
    {
        if (holds)
        {
            since ??= world.Clock.Now;
        }
        else if (since is { } began)
        {
            since = null;
            ended(began);
        }
    }

    private void EndSilence(IPAddress address, TimeSpan since)
    {
        var lasted = world.Clock.Now - (since > _lastHarm ? since : _lastHarm);
        WorstSilence = lasted > WorstSilence ? lasted : WorstSilence;
        if (lasted.TotalMilliseconds > promises.SilentMilliseconds)
        {
            Violate($"nobody answered for {address} during {lasted.TotalMilliseconds:f0} ms, {promises.SilentMilliseconds} allowed");
        }
    }

    private void EndDouble(IPAddress address, TimeSpan since)
    {
        var lasted = world.Clock.Now - since;
        WorstDouble = lasted > WorstDouble ? lasted : WorstDouble;
        if (lasted.TotalMilliseconds > promises.DoubleMilliseconds)
        {
            Violate($"two answered for {address} during {lasted.TotalMilliseconds:f0} ms, {promises.DoubleMilliseconds} allowed");
        }
    }

    private void EndReleased(IPAddress address, TimeSpan since)
    {
        var lasted = world.Clock.Now - since;
        if (lasted.TotalMilliseconds > promises.ReleasedMilliseconds)
        {
            Violate($"{address} was answered for during {lasted.TotalMilliseconds:f0} ms after its release was known, {promises.ReleasedMilliseconds} allowed");
        }
    }

    private void Violate(string what)
    {
        _violations.Add($"{world.Clock.Now.TotalMilliseconds:f0} ms: {what}");
        world.Note("JUDGE", what);
    }

    private sealed class Watched
    {
        public TimeSpan? SilentSince;
        public TimeSpan? DoubleSince;
        public TimeSpan? ReleasedSince;
    }
}
