using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// A speaker on one segment, without I/O: it is told what happens and when, and says what to do. It has no clock, socket, thread or log,
/// and may be used by one thread at a time.
/// </summary>
/// <param name="options">Who we are.</param>
/// <param name="random">For jitter only.</param>
public sealed class SegmentMachine(SegmentOptions options, Random random)
{
    /// <summary>Where this speaker stands on the segment; Joining as well while the interface is down.</summary>
    public SpeakerState State { get; private set; }

    /// <summary>Whether nothing is heard: no hello, and no neighbour's answer, within the dead-after time.</summary>
    public bool Deaf { get; private set; }

    /// <summary>Whether peers that are heard do not hear us.</summary>
    public bool Mute { get; private set; }

    /// <summary>Changes whenever <see cref="State"/>, <see cref="Deaf"/>, <see cref="Mute"/> or one of the lists below may have changed.</summary>
    public long Version { get; private set; }

    /// <summary>The latest time at which <see cref="Input.Tick"/> is wanted; <see cref="TimeSpan.MaxValue"/> when nothing is pending.</summary>
    public TimeSpan NextDeadline { get; private set; } = TimeSpan.MaxValue;

    /// <summary>The addresses answered for now.</summary>
    public IEnumerable<HeldAddress> Held { get; } = [];

    /// <summary>The speakers known on this segment.</summary>
    public IEnumerable<KnownPeer> Peers { get; } = [];

    /// <summary>The addresses that strangers answer for.</summary>
    public IEnumerable<ForeignAnswer> Conflicts { get; } = [];

    /// <summary>Takes in what happened and appends what is to be done, in order.</summary>
    /// <param name="now">Monotonic time, from any origin; never before that of the last call.</param>
    /// <param name="input">What happened.</param>
    /// <param name="effects">Appended to; never read.</param>
    public void Handle(TimeSpan now, Input input, List<Effect> effects)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(effects);
        _ = (options, random, now);
    }
}
