using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Peers;

/// <summary>Another speaker on the segment: which life of it is trusted, and the newest evidence of that life.</summary>
internal sealed class Peer(string node)
{
    /// <summary>
    /// Processes that came before the present one. Their recorded hellos may well name our own process, so they are remembered as long as
    /// we live; a node whose speaker restarted more often than this under our eyes has other worries.
    /// </summary>
    private const int MaxRetired = 256;

    private readonly Queue<ulong> _retired = [];
    private ReplayWindow _window;
    private ReplayWindow _unprovenWindow;

    public string Node { get; } = node;

    /// <summary>Whether any life was ever proven; before that the peer counts as dead.</summary>
    public bool Known { get; private set; }

    /// <summary>The trusted life.</summary>
    public Incarnation Incarnation { get; private set; }

    /// <summary>The newest hello of that life known by any way.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>What it said of itself in that hello.</summary>
    public Standing Standing { get; private set; }

    /// <summary>When the newest evidence of its life came into being (protocol section 3, proof).</summary>
    public TimeSpan Proof { get; private set; }

    /// <summary>When a hello of the trusted life was last heard here; null when never.</summary>
    public TimeSpan? DirectAt { get; private set; }

    /// <summary>A life that was heard but is not proven yet, to be named in our hellos; null when there is none.</summary>
    public HeardPeer? Unproven { get; private set; }

    /// <summary>When that unproven life was heard.</summary>
    public TimeSpan UnprovenAt { get; private set; }

    /// <summary>Addresses whose best known claim is this peer's.</summary>
    public HashSet<AddressState> Claims { get; } = [];

    /// <summary>Whom it hears by itself, in which life, and when it last said so.</summary>
    public Dictionary<string, (Incarnation Incarnation, TimeSpan At)> Hears { get; } = [];

    /// <summary>Addresses whose inquiries are about its silence.</summary>
    public int Inquiries { get; set; }

    /// <summary>How many of these ask by themselves.</summary>
    public int Asking { get; set; }

    /// <summary>Counts how often all of these have had a turn to ask.</summary>
    public int AskingRound { get; set; }

    /// <summary>How many of these have had their turn in this round.</summary>
    public int AskedInRound { get; set; }

    /// <summary>When it last answered for one of these.</summary>
    public TimeSpan? AnsweredAt { get; set; }

    /// <summary>Whether it was alive when last looked at.</summary>
    public bool WasAlive { get; set; }

    /// <summary>How many of the table's age limits its proof had passed when last looked at.</summary>
    public int LimitsPassed { get; set; } = int.MaxValue;

    /// <summary>Whether there is evidence of its life younger than <paramref name="deadAfter"/>.</summary>
    public bool IsAlive(TimeSpan now, TimeSpan deadAfter) => Known && now - Proof < deadAfter;

    /// <summary>Whether its own hellos arrive here.</summary>
    public bool IsDirect(TimeSpan now, TimeSpan deadAfter) => DirectAt is { } at && now - at < deadAfter;

    /// <summary>Whether it is known to hear another speaker's present life.</summary>
    public bool IsKnownToHear(Peer other, TimeSpan now, TimeSpan within) =>
        Hears.TryGetValue(other.Node, out var heard) && heard.Incarnation == other.Incarnation && now - heard.At < within;

    /// <summary>Judges one of its hellos.</summary>
    /// <param name="hello">The hello.</param>
    /// <param name="capturedAt">When the kernel saw it.</param>
    /// <param name="namesMe">Whether it names our process: then it cannot be older than our memory.</param>
    /// <param name="newLife">Whether a new life was adopted by it.</param>
    /// <returns><see cref="Arrival.Replayed"/> for all that proves nothing.</returns>
    public Arrival Hear(Hello hello, TimeSpan capturedAt, bool namesMe, out bool newLife)
    {
        newLife = false;
        var life = hello.Incarnation;
        if (!Known || life != Incarnation)
        {
            if (IsOver(life))
            {
                return Arrival.Replayed;
            }

            // A later life of a trusted process is as good as a later sequence: nobody else can have signed it since.
            if (!(Known && life.Process == Incarnation.Process) && !namesMe)
            {
                Remember(hello, capturedAt);
                return Arrival.Replayed;
            }

            newLife = true;
            Adopt(life);
        }

        var arrival = _window.Accept(hello.Sequence);
        if (arrival == Arrival.Newest)
        {
            DirectAt = capturedAt;
            Proof = newLife ? capturedAt : Max(Proof, capturedAt);
            if (hello.Sequence > Sequence)
            {
                Sequence = hello.Sequence;
                Standing = hello.Standing;
            }
        }

        return arrival;
    }

    /// <summary>Takes evidence that a trusted peer passes on.</summary>
    /// <param name="heard">What it passes on.</param>
    /// <param name="heardAt">Since when, at the latest, it may be true: the time of the passing on less its age.</param>
    /// <param name="fresh">Whether that is within the dead-after time.</param>
    /// <param name="newLife">Whether a new life was adopted by it.</param>
    public void Learn(HeardPeer heard, TimeSpan heardAt, bool fresh, out bool newLife)
    {
        newLife = false;
        if (!Known || heard.Incarnation != Incarnation)
        {
            // A process that is gone is not to come back because somebody has not noticed: all evidence of it is older than ours.
            if (IsOver(heard.Incarnation) || !fresh || (Known && heardAt <= Proof))
            {
                return;
            }

            newLife = true;
            Adopt(heard.Incarnation);
        }
        else if (heard.Sequence <= Sequence)
        {
            // Without this, speakers that pass on each other's word keep the dead alive.
            return;
        }

        Sequence = heard.Sequence;
        Standing = heard.Standing;
        Proof = newLife ? heardAt : Max(Proof, heardAt);
    }

    /// <summary>
    /// Takes word of a life that the teller cannot prove. It is only named again in our own hellos: where hellos pass in some directions
    /// only, its name comes back to it by a detour, and proves to it that we live now.
    /// </summary>
    public void Overhear(HeardPeer heard, TimeSpan heardAt)
    {
        if (IsPresent(heard.Incarnation) || IsOver(heard.Incarnation))
        {
            return;
        }

        var isSame = Unproven is { } known && known.Incarnation == heard.Incarnation;
        if (isSame ? heard.Sequence > Unproven!.Sequence : Unproven is null || heardAt > UnprovenAt)
        {
            _unprovenWindow = isSame ? _unprovenWindow : default;
            Unproven = heard with { Direct = isSame && Unproven!.Direct };
            UnprovenAt = heardAt;
        }
    }

    /// <summary>The claim of a holder is void once it has begun another life.</summary>
    public bool IsPresent(Incarnation incarnation) => Known && Incarnation == incarnation;

    private bool IsOver(Incarnation life) =>
        (Known && life.Process == Incarnation.Process && life.Life < Incarnation.Life) || _retired.Contains(life.Process);

    private void Adopt(Incarnation life)
    {
        if (Known && life.Process != Incarnation.Process)
        {
            if (_retired.Count == MaxRetired)
            {
                _retired.Dequeue();
            }

            _retired.Enqueue(Incarnation.Process);
        }

        // What was heard of the life before it was proven counts as heard: it must not be heard twice.
        _window = Unproven is { } unproven && unproven.Incarnation == life ? _unprovenWindow : default;
        Known = true;
        Incarnation = life;
        Sequence = 0;
        DirectAt = null;
        Unproven = null;
        Hears.Clear();
    }

    private void Remember(Hello hello, TimeSpan capturedAt)
    {
        if (Unproven is null || Unproven.Incarnation != hello.Incarnation)
        {
            _unprovenWindow = default;
        }

        if (_unprovenWindow.Accept(hello.Sequence) == Arrival.Newest && (Unproven is null || Unproven.Incarnation != hello.Incarnation || hello.Sequence >= Unproven.Sequence))
        {
            Unproven = new HeardPeer(hello.Node, hello.Incarnation, hello.Sequence, TimeSpan.Zero, Direct: true, Proven: false, hello.Standing);
            UnprovenAt = capturedAt;
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
