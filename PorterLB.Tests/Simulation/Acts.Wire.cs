using PorterLB.Speaker.Hellos;

namespace PorterLB.Tests.Simulation;

// Classes that are about the wire: what is lost, cut, doubled, forged or foreign.
internal sealed partial class Acts
{
    /// <summary>An owner, mostly, that hears no speaker while the manager goes on deciding.</summary>
    public void DeafenToHellos()
    {
        var target = Target();
        if (world.Harm($"{target.Name} hears no hello"))
        {
            foreach (var from in world.Speakers)
            {
                world.Segment.CutHellos(from.Index, target.Index, true);
            }

            After(Between(2000, 8000), () =>
            {
                world.End($"{target.Name} hears hellos");
                world.Segment.Heal();
            });
        }

        After(Between(500, 4000), Move);
        After(Between(500, 4000), ChangeEligibility);
    }

    public void CutHellos(double duration)
    {
        if (!world.Harm("hellos are filtered"))
        {
            return;
        }

        foreach (var from in world.Speakers)
        {
            foreach (var to in world.Speakers)
            {
                world.Segment.CutHellos(from.Index, to.Index, true);
            }
        }

        After(duration, () =>
        {
            world.End("hellos pass");
            world.Segment.Heal();
        });
    }

    public void CutDirections(bool hellosOnly)
    {
        var cuts = new List<string>();
        foreach (var (from, to) in LostDirections(connected: !hellosOnly))
        {
            cuts.Add($"{from.Name[^1]}>{to.Name[^1]}");
            if (hellosOnly)
            {
                world.Segment.CutHellos(from.Index, to.Index, true);
            }
            else
            {
                world.Segment.Cut(from.Index, to.Index, true);
            }
        }

        if (!world.Harm("lost: " + string.Join(' ', cuts)))
        {
            world.Segment.Heal();
        }

        After(Between(2000, 8000), () =>
        {
            world.End("all directions work");
            world.Segment.Heal();
        });
        After(Between(0, 4000), Move);
        if (Random.NextDouble() < 0.5)
        {
            After(Between(0, 6000), () => Kill(Target()));
        }
    }

    public void PartitionTwice()
    {
        Partition();
        After(Between(4000, 9000), Partition);
        if (Random.NextDouble() < 0.3)
        {
            After(Between(0, 6000), () => Kill(Target()));
        }
    }

    public void DrainUnderLoss()
    {
        Lose(Random.NextDouble() * 0.3, 3, 5000);
        After(Between(0, 1000), () => Drain(Target()));
    }

    public void LoseAndKill()
    {
        Lose(0.10, 60, 8000);
        After(Between(500, 4000), () => Kill(Target()));
    }

    /// <summary>
    /// An owner dies while all others are restarting, so that nobody remembers its hellos, and these are played again, claims and all.
    /// </summary>
    public void Replay()
    {
        world.Recorder.On = true;
        var target = world.OwnerOf(world.Addresses[0]) ?? world.Speakers[0];
        After(4000, () =>
        {
            world.Recorder.On = false;
            if (world.Harm($"{target.Name} dies; its hellos are played again"))
            {
                target.Crash();
                var at = 0.0;
                foreach (var datagram in world.Recorder.Of(target.Index))
                {
                    After(at += 100, () => world.Inject(datagram, except: target));
                }

                After(at + 500, () =>
                {
                    world.End($"{target.Name} is back");
                    target.Start();
                });
            }
        });
        After(4000 + Random.Next(300), () =>
        {
            foreach (var other in world.Speakers.Where(s => s != target))
            {
                if (world.Harm($"{other.Name}'s process is killed"))
                {
                    other.Kill();
                    Return(other, Between(40, 400));
                }
            }
        });
    }

    /// <summary>Whatever was said in the last seconds comes again at any time, also of a node that has died since, and a stranger signs lies.</summary>
    public void Forge()
    {
        world.Recorder.On = true;
        world.Segment.Doubled = 0.3;
        After(3000, () => Crash(Target()));
        for (var at = 500.0; at < 9000; at += Between(5, 60))
        {
            After(at, () =>
            {
                var all = world.Recorder.All;
                if (all.Count > 0)
                {
                    world.Inject(all[Random.Next(all.Count)].Datagram);
                }
            });
        }

        for (var at = 500.0; at < 9000; at += Between(200, 800))
        {
            After(at, () =>
            {
                var liar = world.Speakers[Random.Next(world.Speakers.Count)];
                var incarnation = liar.Machine?.Incarnation ?? new Incarnation((ulong)Random.NextInt64(), 1);
                world.Forge(new Hello
                {
                    Node = liar.Name,
                    Incarnation = incarnation,
                    Sequence = 1_000_000,
                    Standing = new Standing(SpeakerState.Active, true, true, false, true),
                    Claims = [.. world.Addresses.Select(a => new Claim(a, new ClaimRank(1_000_000, 5, true, true, true), liar.Name, incarnation, 1_000_000))],
                });
            });
        }

        After(9000, () =>
        {
            world.Recorder.On = false;
            world.Segment.Doubled = 0;
            world.End("nobody lies any more");
        });
    }

    public void ReplaceCard()
    {
        var target = Target();
        if (Random.NextDouble() < 0.5)
        {
            Unplug(target, Between(1, 1500));
        }

        After(Between(0, 1000), () =>
        {
            if (world.Harm($"{target.Name} has another hardware address"))
            {
                target.ChangeCard();
            }
        });
        After(Between(1000, 3000), () => Kill(Target()));
    }

    /// <summary>One stranger has an address before anybody held it; and claims one that is held.</summary>
    public void Intrude()
    {
        var held = world.Addresses[0];
        var wanted = Simulation.AddressOf(101);
        if (world.Begin($"a stranger has {wanted}, which is given out"))
        {
            world.Stranger.Take(wanted);
            world.Addresses.Add(wanted);
            world.Api.Elect(wanted, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
            After(Between(500, 6000), () =>
            {
                foreach (var speaker in world.Speakers.Where(s => s.IsAnswering(wanted)))
                {
                    world.Judge.Violate($"{speaker.Name} answers for {wanted}, which a stranger has");
                }
            });
            After(6500, () =>
            {
                world.End($"the stranger leaves {wanted}");
                world.Stranger.Leave(wanted);
                world.Judge.Forgive(wanted, TimeSpan.FromSeconds(11));
            });
        }

        if (world.Begin($"a stranger claims {held}"))
        {
            for (var at = 0.0; at < 5000; at += Between(100, 900))
            {
                After(at, () => world.Stranger.Claim(held));
            }
        }

        After(Between(1000, 5000), () => Kill(Target()));
        After(8000, () => world.End("no stranger any more"));
    }

    /// <summary>
    /// Some of them; where connected, such that of any two speakers each hears the other, if only through others: else the segment is parted
    /// between them, if only in one direction (who never hears an answer can prove to nobody that it lives now).
    /// </summary>
    private List<(SimulatedSpeaker From, SimulatedSpeaker To)> LostDirections(bool connected)
    {
        var nodes = world.Speakers.Count;
        while (true)
        {
            var lost = (from a in world.Speakers from b in world.Speakers where a != b && Random.NextDouble() < 0.3 select (a, b)).ToList();
            var hears = new bool[nodes, nodes];
            for (var i = 0; i < nodes * nodes; i++)
            {
                hears[i / nodes, i % nodes] = !lost.Contains((world.Speakers[i / nodes], world.Speakers[i % nodes]));
            }

            for (var k = 0; k < nodes; k++)
            {
                for (var i = 0; i < nodes * nodes; i++)
                {
                    hears[i / nodes, i % nodes] |= hears[i / nodes, k] && hears[k, i % nodes];
                }
            }

            if (!connected || Enumerable.Range(0, nodes * nodes).All(i => hears[i / nodes, i % nodes]))
            {
                return lost;
            }
        }
    }
}
