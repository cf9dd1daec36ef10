using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Peers;

/// <summary>
/// Whether this speaker hears its segment at all: a node that has turned deaf misses all peers at once and must not take that for their
/// death. A hello from anybody, or any other station's frame, is a sign (protocol section 3, ears and deaf).
/// </summary>
internal struct Hearing
{
    /// <summary>A neighbour that leaves so many questions in a row unanswered while hellos arrive is gone: its silence means nothing more.</summary>
    private const int Unanswered = 3;

    private TimeSpan _since;
    private TimeSpan? _hello;
    private TimeSpan? _frame;
    private TimeSpan? _probed;
    private int _unanswered;

    /// <summary>Whether a neighbour that is no speaker answers on this link: if so, its silence means something.</summary>
    public bool NeighborsAnswer { get; private set; }

    /// <summary>Begins anew, at start or when the interface comes up: nothing heard yet, deaf in a dead-after time.</summary>
    public void Restart(TimeSpan now, bool newLink)
    {
        _since = now;
        _hello = _frame = _probed = null;
        _unanswered = 0;
        NeighborsAnswer &= !newLink;
    }

    /// <summary>A hello was heard, proven or not.</summary>
    public void HeardHello(TimeSpan at) => _hello = Later(_hello, at);

    /// <summary>Some station was heard.</summary>
    public void HeardFrame(TimeSpan at) => _frame = Later(_frame, at);

    /// <summary>A neighbour that is no speaker answered.</summary>
    public void HeardNeighbor(TimeSpan at)
    {
        HeardFrame(at);
        _unanswered = 0;
        NeighborsAnswer = true;
    }

    /// <summary>Whether something was heard a moment ago.</summary>
    public readonly bool Ears(TimeSpan now) => Within(_hello, now, Timers.Ears) || Within(_frame, now, Timers.Ears);

    /// <summary>Whether no hello was heard for this long.</summary>
    public readonly bool NoHello(TimeSpan now, TimeSpan duration) => now - Base(_hello) >= duration;

    /// <summary>Whether nothing at all was heard for this long.</summary>
    public readonly bool Nothing(TimeSpan now, TimeSpan duration) => now - Max(Base(_hello), Base(_frame)) >= duration;

    /// <summary>When <see cref="NoHello"/> becomes true.</summary>
    public readonly TimeSpan NoHelloAt(TimeSpan duration) => Base(_hello) + duration;

    /// <summary>When <see cref="Nothing"/> becomes true.</summary>
    public readonly TimeSpan NothingAt(TimeSpan duration) => Max(Base(_hello), Base(_frame)) + duration;

    /// <summary>
    /// When neighbours are to be asked next: when hellos stay out; and now and then, more often until one has answered, so that it is known
    /// what their silence means before it comes to that.
    /// </summary>
    public readonly TimeSpan NextProbe(TimeSpan interval)
    {
        if (_probed is not { } probed)
        {
            return _since;
        }

        var quiet = Max(Base(_hello) + Timers.NeighborProbeAfter, probed + interval);
        var check = probed + (NeighborsAnswer && _unanswered == 0 ? Timers.NeighborCheckInterval : Timers.LonelyProbeInterval);
        return quiet < check ? quiet : check;
    }

    /// <summary>Neighbours were asked.</summary>
    public void Probed(TimeSpan now)
    {
        _probed = now;
        if (Within(_hello, now, Timers.Ears) && ++_unanswered > Unanswered)
        {
            NeighborsAnswer = false;
        }
    }

    private readonly TimeSpan Base(TimeSpan? heard) => heard ?? _since;

    private static bool Within(TimeSpan? heard, TimeSpan now, TimeSpan duration) => heard is { } at && now - at < duration;

    private static TimeSpan Later(TimeSpan? known, TimeSpan at) => known is { } before && before > at ? before : at;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
