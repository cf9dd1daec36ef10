namespace PorterLB.Tests.Simulation;

/// <summary>The single acts that classes of faults are made of.</summary>
internal sealed partial class Acts(Simulation world)
{
    private Random Random => world.Random;

    public double Between(int least, int most) => Random.Next(least, most);

    /// <summary>Mostly the owner of some address: that is where it hurts.</summary>
    public SimulatedSpeaker Target()
    {
        var owner = world.OwnerOf(world.Addresses[Random.Next(world.Addresses.Count)]);
        return owner is not null && Random.NextDouble() < 0.8 ? owner : world.Speakers[Random.Next(world.Speakers.Count)];
    }

    public void Crash(SimulatedSpeaker speaker)
    {
        // Somebody must be left at the end: who does not return soon returns late.
        var after = Random.NextDouble() < 0.7 ? Random.Next(500, 6000) : Random.Next(6000, 8000);
        if (!speaker.NodeDown && world.Harm($"{speaker.Name} dies"))
        {
            speaker.Crash();
            Return(speaker, after);
        }
    }

    public void Kill(SimulatedSpeaker speaker)
    {
        var after = Random.Next(40, 2000);
        if (speaker.Machine is not null && world.Harm($"{speaker.Name}'s process is killed"))
        {
            speaker.Kill();
            Return(speaker, after);
        }
    }

    public void Unplug(SimulatedSpeaker speaker, double duration)
    {
        if (!world.Segment.Up[speaker.Index] || !world.Harm($"{speaker.Name}'s cable is out"))
        {
            return;
        }

        speaker.SetLink(false);
        After(duration, () =>
        {
            if (!speaker.NodeDown)
            {
                world.End($"{speaker.Name}'s cable is back");
                speaker.SetLink(true);
            }
        });
    }

    public void Flap(SimulatedSpeaker speaker)
    {
        var at = 0.0;
        for (var n = Random.Next(4, 13); n > 0; n--)
        {
            var down = Random.Next(20, 500);
            After(at, () => Unplug(speaker, down));
            at += down + Random.Next(20, 800);
        }
    }

    public void Stall(SimulatedSpeaker speaker, double duration)
    {
        if (speaker.IsRunning && world.Harm($"{speaker.Name} freezes"))
        {
            speaker.Freeze();
            After(duration, () =>
            {
                world.End($"{speaker.Name} thaws");
                speaker.Thaw();
            });
        }
    }

    public void Partition()
    {
        var side = world.Speakers.Select(_ => Random.NextDouble() < 0.5).Append(Random.NextDouble() < 0.5).ToArray();
        var duration = Random.Next(300, 4000);
        if (!world.Harm("the segment parts: router's side " + string.Join(' ', world.Speakers.Where(s => side[s.Index] == side[^1]).Select(s => s.Name))))
        {
            return;
        }

        for (var from = 0; from < side.Length; from++)
        {
            for (var to = 0; to < side.Length; to++)
            {
                world.Segment.Cut(from, to, side[from] != side[to]);
            }
        }

        world.Touch();
        After(duration, () =>
        {
            world.End("the segment is whole");
            world.Segment.Heal();
        });
    }

    public void Lose(double loss, double delay, double duration)
    {
        if (!world.Harm($"{loss:p0} loss, delays up to {delay} ms"))
        {
            return;
        }

        (world.Segment.Loss, world.Segment.DelayAtMost, world.Segment.Doubled) = (loss, delay, 0.02);
        After(duration, () =>
        {
            world.End("no loss any more");
            (world.Segment.Loss, world.Segment.DelayAtMost, world.Segment.Doubled) = (0, 3, 0);
        });
    }

    public void Drain(SimulatedSpeaker speaker)
    {
        if (speaker.Machine is not null && world.Begin($"{speaker.Name} is told to stop"))
        {
            world.WhenLeft(left => Return(left, Random.Next(300, 3000)));
            speaker.Leave();
        }
    }

    public void Deafen(SimulatedSpeaker speaker, double duration)
    {
        if (!world.Harm($"{speaker.Name} receives nothing"))
        {
            return;
        }

        world.Segment.Deaf[speaker.Index] = true;
        world.Touch();
        After(duration, () =>
        {
            world.End($"{speaker.Name} receives again");
            world.Segment.Deaf[speaker.Index] = false;
        });
    }

    public void Silence(SimulatedSpeaker speaker, double duration)
    {
        if (!world.Harm($"{speaker.Name} sends nothing"))
        {
            return;
        }

        world.Segment.Mute[speaker.Index] = true;
        world.Touch();
        After(duration, () =>
        {
            world.End($"{speaker.Name} sends again");
            world.Segment.Mute[speaker.Index] = false;
        });
    }

    public void CutApi(double duration)
    {
        var cut = world.Speakers.Where(_ => Random.NextDouble() < 0.5).ToList();
        if (!world.Begin("no API: " + string.Join(' ', cut.Select(s => s.Name))))
        {
            return;
        }

        cut.ForEach(world.Api.Disconnect);
        After(duration, () =>
        {
            world.End("API is back");
            cut.ForEach(world.Api.Connect);
        });
    }

    /// <summary>The manager elects another node, for reasons of its own.</summary>
    public void Move()
    {
        var address = world.Addresses[Random.Next(world.Addresses.Count)];
        if (world.Api.Rights.TryGetValue(address, out var rights) && world.Begin($"{address} is to move"))
        {
            world.Api.Elect(address, rights.Eligible[Random.Next(rights.Eligible.Length)]);
        }
    }

    public void ChangeEligibility()
    {
        var address = world.Addresses[Random.Next(world.Addresses.Count)];
        var eligible = world.Speakers.Where(_ => Random.NextDouble() < 0.6).Select(s => s.Name).ToList();
        if (eligible.Count > 0 && world.Begin($"{address}: eligible are {string.Join(' ', eligible)}"))
        {
            world.Api.SetEligible(address, eligible);
        }
    }

    public void Release(double givenOutAfter)
    {
        var address = world.Addresses[Random.Next(world.Addresses.Count)];
        if (!world.Begin($"{address} is released"))
        {
            return;
        }

        world.Api.Release(address);
        if (Random.NextDouble() < 0.8)
        {
            After(givenOutAfter, () =>
            {
                world.End($"{address} is given out again");
                world.Api.Elect(address, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
            });
        }
    }

    private void After(double milliseconds, Action what) => world.Clock.After(milliseconds, what);

    private void Return(SimulatedSpeaker speaker, double after) => After(after, () =>
    {
        if (speaker.Machine is null)
        {
            world.End($"{speaker.Name} is back");
            speaker.Start();
        }
    });
}
