using System.Net;
using PorterLB.Speaker.Hellos;

namespace PorterLB.Tests.Simulation;

/// <summary>The manager's part in ownership: it elects, adopts who took over, and moves nothing that somebody holds well (protocol section 4).</summary>
internal sealed class SimulatedManager(Simulation world)
{
    private const double Pace = 250;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Settled = TimeSpan.FromMilliseconds(1500);
    private readonly Dictionary<string, Report> _reports = [];
    private readonly Dictionary<IPAddress, (string Why, TimeSpan Since)> _pending = [];

    public bool Down { get; set; }

    /// <summary>A second manager that takes itself for the leader, and acts on what it knew when it was cut off.</summary>
    public void RunSecond(TimeSpan until)
    {
        var second = new SimulatedManager(world);
        foreach (var (node, report) in _reports)
        {
            second._reports[node] = report with { At = until };
        }

        world.Clock.After(Pace / 2, second.Turn);
        world.Clock.At(until, () => second.Down = true);
    }

    public void Run()
    {
        world.Clock.After(Pace, Turn);
        foreach (var speaker in world.Speakers)
        {
            world.Clock.After(world.Random.Next(1000), () => Say(speaker, -1));
        }
    }

    private void Say(SimulatedSpeaker speaker, long version)
    {
        // On change, at most once a second; unchanged ones are renewed each second here, for the lease that stands behind them.
        if (speaker.IsRunning && speaker.ApiUp && speaker.Machine is { } machine)
        {
            version = machine.Version;
            var report = new Report(
                machine.Held.ToDictionary(h => h.Address, h => h.Rank),
                [.. machine.Peers.Where(p => p.Alive).Select(p => p.Node)],
                machine.Deaf);
            world.Clock.At(world.Clock.Now + world.Api.Delay(), () => _reports[speaker.Name] = report with { At = world.Clock.Now });
        }

        world.Clock.After(1000, () => Say(speaker, version));
    }

    private void Turn()
    {
        world.Clock.After(Pace, Turn);
        if (Down)
        {
            _pending.Clear();
            return;
        }

        foreach (var (address, rights) in world.Api.Rights.OrderBy(a => a.Key.ToString(), StringComparer.Ordinal))
        {
            var holders = _reports.Where(r => IsFresh(r.Value) && !r.Value.Deaf && r.Value.Held.ContainsKey(address)).Select(r => r.Key).ToList();
            if (rights.Elected is null || !rights.Eligible.Contains(rights.Elected))
            {
                var best = holders.Where(rights.Eligible.Contains).OrderByDescending(h => _reports[h].Held[address].Term).FirstOrDefault();
                if ((best ?? Pick(rights.Eligible)) is { } chosen)
                {
                    world.Api.Elect(address, chosen);
                }

                continue;
            }

            var reason = holders switch
            {
                [var sole] when sole != rights.Elected && rights.Eligible.Contains(sole) => "adopt " + sole,
                [] when !IsPresent(rights.Elected) => "replace",
                _ => null,
            };
            if (reason is null)
            {
                _pending.Remove(address);
                continue;
            }

            if (!_pending.TryGetValue(address, out var pending) || pending.Why != reason)
            {
                _pending[address] = pending = (reason, world.Clock.Now);
            }

            if (world.Clock.Now - pending.Since >= Settled && (holders.Count == 1 ? holders[0] : Pick(rights.Eligible)) is { } next)
            {
                _pending.Remove(address);
                world.Api.Elect(address, next);
            }
        }
    }

    private string? Pick(IEnumerable<string> eligible)
    {
        var present = eligible.Where(IsPresent).ToList();
        return present.Count == 0 ? null : present[world.Random.Next(present.Count)];
    }

    private bool IsFresh(Report report) => world.Clock.Now - report.At < Fresh;

    private bool IsPresent(string node) =>
        (_reports.TryGetValue(node, out var own) && IsFresh(own) && !own.Deaf)
        || _reports.Any(r => r.Key != node && IsFresh(r.Value) && r.Value.Hears.Contains(node));

    private sealed record Report(Dictionary<IPAddress, ClaimRank> Held, HashSet<string> Hears, bool Deaf)
    {
        public TimeSpan At { get; init; }
    }
}
