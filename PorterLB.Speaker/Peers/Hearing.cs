using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Peers;

/// <summary>
/// Whether this speaker hears its segment at all: a node that has turned deaf misses all peers at once and must not take that for their
/// death. A hello from anybody, or a neighbour's answer to a probe, is a sign (protocol section 3, ears and deaf).
/// </summary>
internal struct Hearing
{
    private TimeSpan _since;
    private TimeSpan? _hello;
    private TimeSpan? _neighbor;
    private TimeSpan? _probed;

    /// <summary>Whether any neighbour ever answered on this link: if so, its silence means something.</summary>
    public bool NeighborsAnswer { get; private set; }

    /// <summary>Begins anew, at start or when the interface comes up: nothing heard yet, deaf in a dead-after time.</summary>
    public void Restart(TimeSpan now, bool newLink)
    {
        _since = now;
        _hello = _neighbor = _probed = null;
        NeighborsAnswer &= !newLink;
    }

    /// <summary>A hello was heard, proven or not.</summary>
    public void HeardHello(TimeSpan at) => _hello = Later(_hello, at);

    /// <summary>A neighbour gave a sign of life.</summary>
    public void HeardNeighbor(TimeSpan at)
    {
        _neighbor = Later(_neighbor, at);
        NeighborsAnswer = true;
    }

    /// <summary>Whether something was heard a moment ago.</summary>
    public readonly bool Ears(TimeSpan now) => Within(_hello, now, Timers.Ears) || Within(_neighbor, now, Timers.Ears);

    /// <summary>Whether no hello was heard for this long.</summary>
    public readonly bool NoHello(TimeSpan now, TimeSpan duration) => now - Base(_hello) >= duration;

    /// <summary>Whether nothing at all was heard for this long.</summary>
    public readonly bool Nothing(TimeSpan now, TimeSpan duration) => now - Max(Base(_hello), Base(_neighbor)) >= duration;

    /// <summary>When <see cref="NoHello"/> becomes true.</summary>
    public readonly TimeSpan NoHelloAt(TimeSpan duration) => Base(_hello) + duration;

    /// <summary>When <see cref="Nothing"/> becomes true.</summary>
    public readonly TimeSpan NothingAt(TimeSpan duration) => Max(Base(_hello), Base(_neighbor)) + duration;

    /// <summary>
    /// When neighbours are to be asked next: when hellos stay out, and now and then until one has ever answered, so that it is known what
    /// their silence means before it comes to that.
    /// </summary>
    public readonly TimeSpan NextProbe(TimeSpan interval)
    {
        if (_probed is not { } probed)
        {
            return _since;
        }

        var quiet = Max(Base(_hello) + Timers.NeighborProbeAfter, probed + interval);
        var unknown = probed + Timers.LonelyProbeInterval;
        return NeighborsAnswer || quiet < unknown ? quiet : unknown;
    }

    /// <summary>Neighbours were asked.</summary>
    public void Probed(TimeSpan now) => _probed = now;

    private readonly TimeSpan Base(TimeSpan? heard) => heard ?? _since;

    private static bool Within(TimeSpan? heard, TimeSpan now, TimeSpan duration) => heard is { } at && now - at < duration;

    private static TimeSpan Later(TimeSpan? known, TimeSpan at) => known is { } before && before > at ? before : at;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
