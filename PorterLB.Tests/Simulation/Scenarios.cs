using System.Net;

namespace PorterLB.Tests.Simulation;

/// <summary>Kinds of faults, each tried with many seeds.</summary>
internal enum FaultClass
{
    Crash,
    Kill,
    Double,
    Carrier,
    Flap,
    Stall,
    StallAll,
    Partition,
    Loss10,
    Loss30,
    Drain,
    Rolling,
    Deaf,
    Mute,
    OneWay,
    NewAddress,
    Reallocate,
    ApiCut,
    HellosCut,
    AllRestart,
    Eligibility,
    Replay,
    Mix,
}

/// <summary>What happens in a run of each class.</summary>
internal static class Scenarios
{
    /// <summary>
    /// The promises of the product are 500 ms of silence and 1 s of double answers. Where the measured bounds of the protocol are far
    /// better, a run is held to those, with some room: a rule that got lost shows there first.
    /// </summary>
    public static Promises PromisesOf(FaultClass faults) => faults switch
    {
        FaultClass.Drain => new(0, 1000),
        FaultClass.Rolling or FaultClass.HellosCut => new(0, 50),
        FaultClass.Loss30 => new(500, 1000),

        // Where lost directions happen to split the speakers into two groups while ARP passes everywhere, and a node dies in that moment,
        // both sides may ask at once, hear nobody and claim; nobody can tell them before a direction works again.
        FaultClass.OneWay => new(500, 1000) { Exceptions = 0.01 },
        FaultClass.Partition or FaultClass.Mix or FaultClass.Loss10 => new(500, 1000),
        FaultClass.Deaf => new(500, 250),
        FaultClass.Reallocate => new(500, 1500),
        _ => new(500, 50),
    };

    public static int NodesFor(FaultClass faults, Random random) => faults switch
    {
        FaultClass.Double => random.Next(3, 8),
        FaultClass.Replay => random.Next(2, 4),
        _ => random.Next(2, 8),
    };

    public static void Arrange(FaultClass faults, Simulation world)
    {
        var act = new Acts(world);
        switch (faults)
        {
            case FaultClass.Crash:
                act.Crash(act.Target());
                break;
            case FaultClass.Kill:
                act.Kill(act.Target());
                break;
            case FaultClass.Double:
                act.Crash(act.Target());
                world.Clock.After(world.Random.Next(800), () => act.Crash(act.Target()));
                break;
            case FaultClass.Carrier:
                act.Unplug(act.Target(), world.Random.Next(30, 4000));
                break;
            case FaultClass.Flap:
                act.Flap(act.Target());
                break;
            case FaultClass.Stall:
                act.Stall(act.Target(), world.Random.Next(50, 5000));
                break;
            case FaultClass.StallAll:
                foreach (var speaker in world.Speakers)
                {
                    act.Stall(speaker, world.Random.Next(50, 5000));
                }

                break;
            case FaultClass.Partition:
                act.Partition();
                world.Clock.After(world.Random.Next(4000, 9000), act.Partition);
                if (world.Random.NextDouble() < 0.3)
                {
                    world.Clock.After(world.Random.Next(6000), () => act.Kill(act.Target()));
                }

                break;
            case FaultClass.Loss10:
                act.Lose(0.10, 60, 8000);
                world.Clock.After(world.Random.Next(500, 4000), () => act.Kill(act.Target()));
                break;
            case FaultClass.Loss30:
                act.Lose(0.30, 120, 8000);
                break;
            case FaultClass.Drain:
                act.Lose(world.Random.NextDouble() * 0.3, 3, 5000);
                world.Clock.After(world.Random.Next(1000), () => act.Drain(act.Target()));
                break;
            case FaultClass.Rolling:
                act.Roll();
                break;
            case FaultClass.Deaf:
                act.Deafen(act.Target(), world.Random.Next(300, 5000));
                break;
            case FaultClass.Mute:
                act.Silence(act.Target(), world.Random.Next(300, 5000));
                break;
            case FaultClass.OneWay:
                act.CutDirections(world.Random.Next(2000, 8000));
                world.Clock.After(world.Random.Next(4000), act.Move);
                if (world.Random.NextDouble() < 0.5)
                {
                    world.Clock.After(world.Random.Next(6000), () => act.Kill(act.Target()));
                }

                break;
            case FaultClass.NewAddress:
                act.CutApi(world.Random.Next(1000, 5000));
                world.Clock.After(world.Random.Next(100, 1000), act.Allocate);
                break;
            case FaultClass.Reallocate:
                act.CutApi(world.Random.Next(1000, 5000));
                world.Clock.After(world.Random.Next(100, 1000), act.Reallocate);
                break;
            case FaultClass.ApiCut:
                act.CutApi(world.Random.Next(3000, 8000));
                world.Clock.After(world.Random.Next(500, 4000), () => act.Crash(act.Target()));
                world.Clock.After(world.Random.Next(500, 4000), act.Move);
                break;
            case FaultClass.HellosCut:
                act.CutHellos(world.Random.Next(2000, 8000));
                break;
            case FaultClass.AllRestart:
                act.RestartAll();
                break;
            case FaultClass.Eligibility:
                act.ChangeEligibility();
                world.Clock.After(world.Random.Next(500, 3000), act.ChangeEligibility);
                if (world.Random.NextDouble() < 0.5)
                {
                    act.CutApi(world.Random.Next(2000, 6000));
                }

                break;
            case FaultClass.Replay:
                act.Replay();
                break;
            case FaultClass.Mix:
                act.Mix();
                break;
        }
    }

    /// <summary>The single acts that scenarios are made of.</summary>
    private sealed class Acts(Simulation world)
    {
        private Random Random => world.Random;

        /// <summary>Mostly the owner of some address: that is where it hurts.</summary>
        public SimulatedSpeaker Target()
        {
            var owner = world.OwnerOf(world.Addresses[Random.Next(world.Addresses.Count)]);
            return owner is not null && Random.NextDouble() < 0.8 ? owner : world.Speakers[Random.Next(world.Speakers.Count)];
        }

        public void Crash(SimulatedSpeaker speaker)
        {
            world.Harm($"{speaker.Name} dies");
            speaker.Crash();
            if (Random.NextDouble() < 0.7)
            {
                Return(speaker, Random.Next(500, 6000));
            }
            else
            {
                // Somebody must be left at the end.
                Return(speaker, Random.Next(6000, 8000));
            }
        }

        public void Kill(SimulatedSpeaker speaker)
        {
            world.Harm($"{speaker.Name}'s process is killed");
            speaker.Kill();
            Return(speaker, Random.Next(40, 2000));
        }

        public void Unplug(SimulatedSpeaker speaker, double duration)
        {
            if (!world.Segment.Up[speaker.Index])
            {
                return;
            }

            world.Harm($"{speaker.Name}'s cable is out");
            speaker.SetLink(false);
            world.Clock.After(duration, () =>
            {
                if (!speaker.NodeDown)
                {
                    world.Event($"{speaker.Name}'s cable is back");
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
                world.Clock.After(at, () => Unplug(speaker, down));
                at += down + Random.Next(20, 800);
            }
        }

        public void Stall(SimulatedSpeaker speaker, double duration)
        {
            world.Harm($"{speaker.Name} freezes");
            speaker.Freeze();
            world.Clock.After(duration, () =>
            {
                world.Event($"{speaker.Name} thaws");
                speaker.Thaw();
            });
        }

        public void Partition()
        {
            var side = world.Speakers.Select(_ => Random.NextDouble() < 0.5).Append(Random.NextDouble() < 0.5).ToArray();
            world.Harm("the segment parts: router's side " + string.Join(' ', world.Speakers.Where(s => side[s.Index] == side[^1]).Select(s => s.Name)));
            Cut(side);
            world.Touch();
            world.Clock.After(Random.Next(300, 4000), () =>
            {
                world.Event("the segment is whole");
                world.Segment.Heal();
                world.Touch();
            });
        }

        public void Lose(double loss, double delay, double duration)
        {
            world.Harm($"{loss:p0} loss, delays up to {delay} ms");
            (world.Segment.Loss, world.Segment.DelayAtMost) = (loss, delay);
            world.Segment.Doubled = 0.02;
            world.Clock.After(duration, () =>
            {
                world.Event("no loss any more");
                (world.Segment.Loss, world.Segment.DelayAtMost, world.Segment.Doubled) = (0, 3, 0);
            });
        }

        public void Drain(SimulatedSpeaker speaker)
        {
            world.Event($"{speaker.Name} is told to stop");
            world.WhenLeft(left => Return(left, Random.Next(300, 3000)));
            speaker.Leave();
        }

        public void Roll()
        {
            var order = world.Speakers.OrderBy(_ => Random.Next()).ToList();
            var next = 0;
            world.WhenLeft(left =>
            {
                Return(left, Random.Next(200, 1000));
                if (++next < order.Count)
                {
                    world.Clock.After(Random.Next(2000, 3000), () => Stop(order[next]));
                }
            });
            Stop(order[0]);

            void Stop(SimulatedSpeaker speaker)
            {
                world.Event($"{speaker.Name} is told to stop");
                speaker.Leave();
            }
        }

        public void Deafen(SimulatedSpeaker speaker, double duration)
        {
            world.Harm($"{speaker.Name} receives nothing");
            world.Segment.Deaf[speaker.Index] = true;
            world.Touch();
            world.Clock.After(duration, () =>
            {
                world.Event($"{speaker.Name} receives again");
                world.Segment.Deaf[speaker.Index] = false;
                world.Touch();
            });
        }

        public void Silence(SimulatedSpeaker speaker, double duration)
        {
            world.Harm($"{speaker.Name} sends nothing");
            world.Segment.Mute[speaker.Index] = true;
            world.Touch();
            world.Clock.After(duration, () =>
            {
                world.Event($"{speaker.Name} sends again");
                world.Segment.Mute[speaker.Index] = false;
                world.Touch();
            });
        }

        public void CutDirections(double duration)
        {
            var cuts = new List<string>();
            foreach (var from in world.Speakers)
            {
                foreach (var to in world.Speakers)
                {
                    if (from != to && Random.NextDouble() < 0.3)
                    {
                        world.Segment.CutHellos(from.Index, to.Index, true);
                        cuts.Add($"{from.Name[^1]}>{to.Name[^1]}");
                    }
                }
            }

            world.Harm("hellos are lost: " + string.Join(' ', cuts));
            world.Clock.After(duration, () =>
            {
                world.Event("all directions work");
                world.Segment.Heal();
            });
        }

        public void CutHellos(double duration)
        {
            world.Harm("hellos are filtered");
            foreach (var from in world.Speakers)
            {
                foreach (var to in world.Speakers)
                {
                    world.Segment.CutHellos(from.Index, to.Index, true);
                }
            }

            world.Clock.After(duration, () =>
            {
                world.Event("hellos pass");
                world.Segment.Heal();
            });
        }

        public void CutApi(double duration)
        {
            var cut = world.Speakers.Where(_ => Random.NextDouble() < 0.5).ToList();
            world.Event("no API: " + string.Join(' ', cut.Select(s => s.Name)));
            foreach (var speaker in cut)
            {
                world.Api.Disconnect(speaker);
            }

            world.Clock.After(duration, () =>
            {
                world.Event("API is back");
                foreach (var speaker in cut)
                {
                    world.Api.Connect(speaker);
                }
            });
        }

        /// <summary>The manager elects another node, for reasons of its own.</summary>
        public void Move()
        {
            var address = world.Addresses[Random.Next(world.Addresses.Count)];
            if (world.Api.Rights.TryGetValue(address, out var rights))
            {
                world.Event($"{address} is to move");
                world.Api.Elect(address, rights.Eligible[Random.Next(rights.Eligible.Length)]);
            }
        }

        public void Allocate()
        {
            var address = IPAddress.Parse("192.0.2.100");
            world.Event($"{address} is new");
            world.Addresses.Add(address);
            world.Api.Elect(address, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
        }

        public void Reallocate()
        {
            var address = world.Addresses[Random.Next(world.Addresses.Count)];
            world.Event($"{address} is released");
            world.Api.Release(address);
            if (Random.NextDouble() < 0.8)
            {
                world.Clock.After(Random.Next(50, 2000), () =>
                {
                    world.Event($"{address} is given out again");
                    world.Api.Elect(address, world.Speakers[Random.Next(world.Speakers.Count)].Name, world.Speakers.Select(s => s.Name));
                });
            }
        }

        public void RestartAll()
        {
            world.Harm("all processes are killed, the API is down");
            foreach (var speaker in world.Speakers)
            {
                world.Api.Disconnect(speaker);
                speaker.Kill();
                Return(speaker, Random.Next(40, 1500));
            }

            world.Clock.After(Random.Next(3000, 6000), () =>
            {
                world.Event("API is back");
                foreach (var speaker in world.Speakers)
                {
                    world.Api.Connect(speaker);
                }
            });
        }

        public void ChangeEligibility()
        {
            var address = world.Addresses[Random.Next(world.Addresses.Count)];
            var eligible = world.Speakers.Where(_ => Random.NextDouble() < 0.6).Select(s => s.Name).ToList();
            if (eligible.Count > 0)
            {
                world.Event($"{address}: eligible are {string.Join(' ', eligible)}");
                world.Api.SetEligible(address, eligible);
            }
        }

        /// <summary>
        /// An owner dies while all others are restarting, so that nobody remembers its hellos, and these are played again, claims and all.
        /// </summary>
        public void Replay()
        {
            world.Recorder.On = true;
            var target = world.OwnerOf(world.Addresses[0]) ?? world.Speakers[0];
            world.Clock.After(4000, () =>
            {
                world.Recorder.On = false;
                world.Harm($"{target.Name} dies; its hellos are played again");
                target.Crash();
                var recorded = world.Recorder.Of(target.Index);
                for (var i = 0; i < recorded.Count; i++)
                {
                    var hello = recorded[i];
                    world.Clock.After(100 * (i + 1), () =>
                    {
                        foreach (var to in world.Speakers.Where(s => s != target))
                        {
                            to.HearHello(hello);
                        }
                    });
                }

                world.Clock.After((100 * recorded.Count) + 500, () =>
                {
                    world.Event($"{target.Name} is back");
                    target.Start();
                });
            });
            world.Clock.After(4000 + Random.Next(300), () =>
            {
                foreach (var other in world.Speakers.Where(s => s != target))
                {
                    world.Harm($"{other.Name}'s process is killed");
                    other.Kill();
                    Return(other, Random.Next(40, 400));
                }
            });
        }

        public void Mix()
        {
            var at = 0.0;
            for (var n = Random.Next(4, 11); n > 0; n--)
            {
                world.Clock.After(at, Any);
                at += Random.Next(200, 3000);
            }
        }

        private void Any()
        {
            switch (Random.Next(11))
            {
                case 0:
                    Crash(Target());
                    break;
                case 1:
                    Kill(Target());
                    break;
                case 2:
                    Unplug(Target(), Random.Next(30, 4000));
                    break;
                case 3:
                    Stall(Target(), Random.Next(50, 5000));
                    break;
                case 4:
                    Partition();
                    break;
                case 5:
                    Deafen(Target(), Random.Next(300, 3000));
                    break;
                case 6:
                    Silence(Target(), Random.Next(300, 3000));
                    break;
                case 7:
                    Drain(Target());
                    break;
                case 8:
                    Move();
                    break;
                case 9:
                    CutApi(Random.Next(1000, 5000));
                    break;
                default:
                    Kill(Target());
                    break;
            }
        }

        private void Return(SimulatedSpeaker speaker, double after) => world.Clock.After(after, () =>
        {
            if (speaker.Machine is null)
            {
                world.Event($"{speaker.Name} is back");
                speaker.Start();
                world.Touch();
            }
        });

        private void Cut(bool[] side)
        {
            for (var from = 0; from < side.Length; from++)
            {
                for (var to = 0; to < side.Length; to++)
                {
                    world.Segment.Cut(from, to, side[from] != side[to]);
                }
            }
        }
    }
}
