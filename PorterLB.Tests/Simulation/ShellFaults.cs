using PorterLB.Speaker.Hellos;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// What can be wrong around the machine: in the shell, on disk, in the codec, at the manager. Planted by tests, to see that the simulator
/// finds what then goes wrong; what can be wrong inside the machine is <see cref="PorterLB.Speaker.Loop.PlantedFaults"/>.
/// </summary>
[Flags]
internal enum ShellFaults
{
    None = 0,

    /// <summary>The answering table has no deadline: what was queued while the process slept is answered.</summary>
    ThawedAnswers = 1 << 0,

    /// <summary>An address that is given out again begins at epoch 1.</summary>
    EpochLost = 1 << 1,

    /// <summary>Rights are not kept on disk.</summary>
    NoRightsOnDisk = 1 << 2,

    /// <summary>A deaf speaker does not say so.</summary>
    DeafNotTold = 1 << 3,

    /// <summary>A leaving speaker does not say so.</summary>
    LeavingNotTold = 1 << 4,

    /// <summary>An address is announced once, when it is taken.</summary>
    AnnouncedOnce = 1 << 6,

    /// <summary>Claims of others are not relayed.</summary>
    NoRelays = 1 << 7,

    /// <summary>Whom others hear is passed on as if it had been heard just now, for ever.</summary>
    RumoursForEver = 1 << 8,

    /// <summary>The loss of the carrier is not noticed.</summary>
    CarrierIgnored = 1 << 9,

    /// <summary>Any signature will do.</summary>
    SignaturesIgnored = 1 << 10,

    /// <summary>A recorded hello of the present life counts as a new one.</summary>
    RecordingsRenumbered = 1 << 11,

    /// <summary>A node counts itself among the eligible.</summary>
    AlwaysEligible = 1 << 12,

    /// <summary>Answers of strangers are not noticed.</summary>
    StrangersIgnored = 1 << 13,

    /// <summary>The machine of another speaker counts as an independent neighbour.</summary>
    SpeakersAreNeighbors = 1 << 14,

    /// <summary>When the API server is out of reach, so are the rights.</summary>
    RightsNeedContact = 1 << 15,

    /// <summary>Nobody says whom it hears.</summary>
    HearsNotTold = 1 << 16,
}

/// <summary>Where a fault of the shell touches what is sent.</summary>
internal static class ShellFaultsAt
{
    public static Hello Telling(Hello hello, Simulation world)
    {
        if (world.Settings.Broken == ShellFaults.None)
        {
            return hello;
        }

        var standing = hello.Standing;
        if (world.IsBroken(ShellFaults.DeafNotTold))
        {
            standing = standing with { Deaf = false };
        }

        if (world.IsBroken(ShellFaults.LeavingNotTold) && standing.State == SpeakerState.Leaving)
        {
            standing = standing with { State = SpeakerState.Active };
        }

        return hello with
        {
            Standing = standing,
            Claims = world.IsBroken(ShellFaults.NoRelays) ? [.. hello.Claims.Where(c => c.IsTombstone || c.Holder == hello.Node)] : hello.Claims,
            Hears = world.IsBroken(ShellFaults.HearsNotTold) ? [.. hello.Hears.Where(h => !h.Proven)]
                : world.IsBroken(ShellFaults.RumoursForEver) ? [.. hello.Hears.Select(h => h with { Age = TimeSpan.Zero, Sequence = h.Sequence + 3 })]
                : hello.Hears,
        };
    }
}
