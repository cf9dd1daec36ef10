namespace PorterLB.Tests.Simulation;

// Classes that are about rights: the API server, the manager, elections and releases.
internal sealed partial class Acts
{
    public void CutApiAndMore()
    {
        CutApi(Between(3000, 8000));
        After(Between(500, 4000), () => Crash(Target()));
        After(Between(500, 4000), Move);
    }

    /// <summary>Elections that know nothing of who is alive.</summary>
    public void ElectBlindly()
    {
        var at = 0.0;
        for (var n = Random.Next(3, 8); n > 0; n--)
        {
            After(at, Move);
            After(at + Between(0, 600), () =>
            {
                if (world.Speakers.Count(s => s.IsRunning) > 2)
                {
                    Crash(Target());
                }
            });
            at += Between(300, 3000);
        }
    }

    public void ChangeEligibilityTwice()
    {
        world.Manager.Down = Random.NextDouble() < 0.3;
        ChangeEligibility();
        After(Between(500, 3000), ChangeEligibility);
        if (Random.NextDouble() < 0.5)
        {
            CutApi(Between(2000, 6000));
        }

        After(6000, () => world.Manager.Down = false);
    }

    public void Reallocate()
    {
        CutApi(Between(1000, 5000));
        After(Between(100, 1000), () => Release(Between(50, 2000)));
    }

    public void Allocate()
    {
        CutApi(Between(1000, 5000));
        After(Between(100, 1000), () =>
        {
            var address = Simulation.AddressOf(100);
            if (world.Begin($"{address} is new"))
            {
                world.Addresses.Add(address);
                world.Api.Elect(address, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
            }
        });
    }

    public void DoubtTheManager()
    {
        After(Between(0, 1000), () =>
        {
            if (world.Begin("a second manager believes that it leads"))
            {
                world.Manager.RunSecond(until: world.Clock.Now + TimeSpan.FromSeconds(5));
            }
        });
        After(Between(0, 2000), () => Crash(Target()));
        After(Between(500, 4000), () => Kill(Target()));
        After(Between(500, 4000), Move);
        After(6000, () => world.End("one manager"));
    }

    public void RestartFromOldRights()
    {
        CutApi(Between(5000, 9000));
        After(Between(100, 1000), () => Release(Between(50, 4000)));
        After(Between(1000, 5000), () => Kill(Target()));
        After(Between(1000, 5000), () => Kill(world.Speakers[Random.Next(world.Speakers.Count)]));
    }

    /// <summary>Speakers learn of it one after the other, and who has not yet tells those who have of numbers that never were.</summary>
    public void RestoreStore()
    {
        var backup = world.Api.BackUp();
        for (var at = 0.0; at < 2500; at += Between(800, 2500))
        {
            After(at, Move);
        }

        After(3000, () =>
        {
            if (world.Begin("the store is brought back from a backup"))
            {
                world.Api.Restore(backup);
            }
        });
        After(Between(3000, 3500), () => Crash(Target()));
        After(Between(3500, 6000), () => Kill(Target()));
        After(Between(4000, 8000), Move);

        // What was taken over under a lost number is doubted for ten seconds; then the API server's word holds again.
        After(Between(20_000, 22_000), Move);
    }

    public void MoveOften()
    {
        for (var at = 0.0; at < 6000; at += Between(100, 2500))
        {
            After(at, Move);
        }
    }

    public void BreakProxies()
    {
        for (var at = 0.0; at < 6000; at += Between(500, 2500))
        {
            var duration = Between(500, 4000);
            After(at, () =>
            {
                var target = Target();
                if (world.Begin($"{target.Name} does not forward"))
                {
                    target.SetDataPlane(false);
                    After(duration, () =>
                    {
                        world.End($"{target.Name} forwards");
                        target.SetDataPlane(true);
                    });
                }
            });
        }
    }

    /// <summary>The DaemonSet comes up, and with it the first Services.</summary>
    public void StartCold()
    {
        world.Judge.On = true;
        foreach (var speaker in world.Speakers)
        {
            After(Random.Next(1000), speaker.Start);
        }

        foreach (var address in world.Addresses)
        {
            After(Random.Next(3000), () =>
            {
                world.End($"{address} is new");
                world.Api.Elect(address, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
            });
        }
    }
}
