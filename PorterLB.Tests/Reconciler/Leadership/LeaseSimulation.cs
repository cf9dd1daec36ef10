using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Leadership;

/// <summary>
/// Candidates, a network and a server with one Lease, driven by one seed. True time is seconds since the start; a candidate knows its
/// own clock only.
/// </summary>
internal sealed class LeaseSimulation
{
    private const int Candidates = 3;

    // A timer never fires before its time, however the clocks are rounded.
    private const double ClockTick = 1e-6;
    private static readonly LeaseTimes Times = new();

    private readonly Random _random;
    private readonly bool _trouble;
    private readonly PriorityQueue<Action, (double At, long Order)> _events = new();
    private readonly List<Candidate> _candidates = [];
    private double _now;
    private long _order;

    private LeaseSpec? _lease;
    private int _version;
    private int _leaders;

    public LeaseSimulation(int seed, bool trouble)
    {
        _random = new Random(seed);
        _trouble = trouble;
        for (var i = 0; i < Candidates; i++)
        {
            Start(i);
        }
    }

    /// <returns>How often leadership was won.</returns>
    public int Run(TimeSpan length)
    {
        for (var at = 0.0; at < length.TotalSeconds; at += 0.1)
        {
            At(at, () => { });
        }

        while (_events.TryDequeue(out var act, out var when))
        {
            _now = when.At;
            if (_now > length.TotalSeconds)
            {
                break;
            }

            Check();
            act();
            Check();
        }

        return _leaders;
    }

    private void Check()
    {
        var acting = _candidates.Where(candidate => candidate.Election.MayAct(candidate.Clock(_now))).ToList();
        Assert.True(acting.Count <= 1, $"{string.Join(" and ", acting.Select(candidate => candidate.Name))} may both act at {_now:0.00} s.");
        foreach (var candidate in _candidates)
        {
            Assert.True(!candidate.Election.MayWrite(candidate.Clock(_now)) || candidate.Election.MayAct(candidate.Clock(_now) + Times.WriteTimeout));
        }
    }

    private void Start(int place)
    {
        var candidate = new Candidate(
            $"c{place}-{_order}",
            new LeaseElection(Times, $"c{place}-{_order}", new Random(_random.Next())),
            Offset: _random.NextDouble() * 10_000,
            Rate: _trouble ? 0.87 + (0.26 * _random.NextDouble()) : 1);
        if (_candidates.Count <= place)
        {
            _candidates.Add(candidate);
        }
        else
        {
            // What it was stays where it is: a process that is gone does nothing, but its requests may still arrive.
            _candidates[place] = candidate;
        }

        At(_now + _random.NextDouble(), () => Step(candidate, place));
    }

    private void Step(Candidate candidate, int place)
    {
        if (!_candidates.Contains(candidate))
        {
            return;
        }

        if (_trouble && _random.Next(40) == 0)
        {
            At(_now + (40 * _random.NextDouble()), () => Step(candidate, place));
            return;
        }

        if (_trouble && _random.Next(60) == 0)
        {
            Stop(candidate, place);
            return;
        }

        if (_random.Next(20) == 0)
        {
            candidate.Election.Look();
        }

        var local = candidate.Clock(_now);
        switch (candidate.Election.Next(local))
        {
            case LeaseStep.Lost:
                // The process exits; another takes its place.
                Start(place);
                break;
            case LeaseStep.Wait wait:
                At(candidate.TrueTime(wait.Until) + ClockTick, () => Step(candidate, place));
                break;
            case LeaseStep.Read:
                Request(
                    candidate,
                    place,
                    () => (_lease, _version),
                    answer => candidate.Election.Read(candidate.Clock(_now), answer._lease, answer._lease is null ? null : $"{answer._version}"));
                break;
            case LeaseStep.Create create:
                Request(candidate, place, () => Store(create.Spec, version: null), stored => Stored(candidate, local, create.Spec, stored));
                break;
            case LeaseStep.Replace replace:
                Request(
                    candidate, place, () => Store(replace.Spec, replace.ResourceVersion), stored => Stored(candidate, local, replace.Spec, stored));
                break;
        }
    }

    private void Stop(Candidate candidate, int place)
    {
        if (_random.Next(2) == 0 && candidate.Election.Release(candidate.Clock(_now)) is { } release)
        {
            At(_now + Latency(), () => Store(release.Spec, release.ResourceVersion));
        }

        Start(place);
    }

    private void Stored(Candidate candidate, TimeSpan startedAt, LeaseSpec spec, int? version)
    {
        if (version is null)
        {
            candidate.Election.Refused(candidate.Clock(_now));
            return;
        }

        var led = candidate.Election.Deadline is not null;
        candidate.Election.Accepted(startedAt, spec, $"{version}");
        if (!led)
        {
            _leaders++;
        }
    }

    private int? Store(LeaseSpec spec, string? version)
    {
        if (_lease is null != version is null || (version is not null && version != $"{_version}"))
        {
            return null;
        }

        // The candidate's clock stamps it; its epoch is its own.
        _lease = spec;
        return ++_version;
    }

    /// <summary>A request arrives late or never, and so does its answer; whoever waits gives up after a while, the request does not.</summary>
    private void Request<T>(Candidate candidate, int place, Func<T> serve, Action<T> answered)
    {
        var open = true;
        var givesUp = candidate.TrueTime(candidate.Clock(_now) + Times.RequestTimeout);
        At(givesUp, () =>
        {
            if (open)
            {
                open = false;
                candidate.Election.Failed(candidate.Clock(_now));
                Step(candidate, place);
            }
        });
        if (Lost())
        {
            return;
        }

        At(_now + Latency(), () =>
        {
            var answer = serve();
            if (Lost())
            {
                return;
            }

            At(_now + Latency(), () =>
            {
                if (open && _candidates.Contains(candidate))
                {
                    open = false;
                    answered(answer);
                    Step(candidate, place);
                }
            });
        });
    }

    private bool Lost() => _trouble && _random.Next(6) == 0;

    private double Latency() => _trouble && _random.Next(8) == 0 ? 12 * _random.NextDouble() : 0.05 * _random.NextDouble();

    private void At(double time, Action act) => _events.Enqueue(act, (Math.Max(time, _now), _order++));

    private sealed record Candidate(string Name, LeaseElection Election, double Offset, double Rate)
    {
        public TimeSpan Clock(double trueTime) => TimeSpan.FromSeconds(Offset + (trueTime * Rate));

        public double TrueTime(TimeSpan clock) => (clock.TotalSeconds - Offset) / Rate;
    }
}
