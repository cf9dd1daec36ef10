namespace PorterLB.Tests.Simulation;

// Classes that are about nodes and processes, and those that have of everything.
internal sealed partial class Acts
{
    public void Twice(int within, Action act)
    {
        act();
        After(Between(0, within), act);
    }

    public void FlapAll()
    {
        world.Manager.Down = Random.NextDouble() < 0.5;
        foreach (var speaker in world.Speakers)
        {
            After(Random.Next(300), () => Flap(speaker));
        }

        After(14_000, () => world.Manager.Down = false);
    }

    public void StallAll()
    {
        foreach (var speaker in world.Speakers)
        {
            Stall(speaker, Between(50, 5000));
        }
    }

    /// <summary>As many owners die as leave one node alive.</summary>
    public void Chain()
    {
        world.Manager.Down = true;
        var at = 0.0;
        for (var n = 1; n < world.Speakers.Count; n++)
        {
            After(at, () =>
            {
                if (world.OwnerOf(world.Addresses[0]) is { } owner && world.Speakers.Count(s => s.IsRunning) > 1 && world.Harm($"{owner.Name} dies"))
                {
                    owner.Crash();
                    Return(owner, Between(9000, 12_000));
                }
            });
            at += Between(100, 2500);
        }

        After(at + 12_500, () =>
        {
            world.Manager.Down = false;
            world.End("the manager is back");
        });
    }

    public void Roll()
    {
        var order = world.Speakers.OrderBy(_ => Random.Next()).ToList();
        var next = 0;
        world.WhenLeft(left =>
        {
            Return(left, Between(200, 1000));
            if (++next < order.Count)
            {
                After(Between(2000, 3000), () => Stop(order[next]));
            }
        });
        Stop(order[0]);

        void Stop(SimulatedSpeaker speaker)
        {
            if (world.Begin($"{speaker.Name} is told to stop"))
            {
                speaker.Leave();
            }
        }
    }

    public void RestartAll()
    {
        var restart = world.Harm("all processes are killed, the API is down");
        foreach (var speaker in world.Speakers)
        {
            var after = Between(40, 1500);
            if (restart)
            {
                world.Api.Disconnect(speaker);
                speaker.Kill();
                Return(speaker, after);
            }
        }

        After(Between(3000, 6000), () =>
        {
            world.End("API is back");
            foreach (var speaker in world.Speakers)
            {
                world.Api.Connect(speaker);
            }
        });
    }

    /// <summary>Suspended machines are dead while they sleep; a mistaken wall clock kills nobody.</summary>
    public void JumpClocks()
    {
        for (var at = 0.0; at < 5000; at += Between(500, 3000))
        {
            After(at, () =>
            {
                var target = Target();
                if (Random.NextDouble() < 0.4)
                {
                    var slept = Between(100, 5000);
                    Stall(target, slept);
                    return;
                }

                var error = Random.Next(-5000, 5000);
                if (Random.NextDouble() < 0.5 ? world.Begin($"{target.Name}'s capture times are off by {error} ms") : world.Harm($"{target.Name}'s clock jumps"))
                {
                    target.MistakeCaptureTime(error);
                    After(Between(1, 30), () => target.MistakeCaptureTime(0));
                }
            });
        }
    }

    public void Starve()
    {
        if (world.Begin("every process is starved"))
        {
            foreach (var speaker in world.Speakers)
            {
                speaker.Slow = 250;
            }
        }

        After(Between(5000, 8000), () =>
        {
            world.End("processes run freely");
            foreach (var speaker in world.Speakers)
            {
                speaker.Slow = 0;
            }
        });
    }

    public void TryPatience()
    {
        Crash(Target());
        After(Between(3000, 5000), () => Stall(Target(), Between(50, 3000)));
        After(Between(8000, 10_000), Partition);
    }

    public void ManyNodes()
    {
        Crash(Target());
        After(Between(1500, 2500), () => Drain(Target()));
        After(Between(4500, 5500), Partition);
    }

    public void ManyAddresses()
    {
        switch (Random.Next(3))
        {
            case 0:
                Kill(Target());
                break;
            case 1:
                Drain(Target());
                break;
            default:
                Partition();
                break;
        }
    }

    public void Mix()
    {
        var at = 0.0;
        for (var n = Random.Next(4, 11); n > 0; n--)
        {
            After(at, Any);
            at += Between(200, 3000);
        }
    }

    private void Any()
    {
        switch (Random.Next(14))
        {
            case 0:
                Crash(Target());
                break;
            case 1 or 2:
                Kill(Target());
                break;
            case 3:
                Unplug(Target(), Between(30, 4000));
                break;
            case 4:
                Stall(Target(), Between(50, 5000));
                break;
            case 5:
                Partition();
                break;
            case 6:
                Deafen(Target(), Between(300, 3000));
                break;
            case 7:
                Silence(Target(), Between(300, 3000));
                break;
            case 8:
                Drain(Target());
                break;
            case 9 or 10:
                Move();
                break;
            case 11:
                ChangeEligibility();
                break;
            case 12:
                ReplaceCard();
                break;
            default:
                CutApi(Between(1000, 5000));
                break;
        }
    }
}
