namespace PorterLB.Speaker.Ownership;

/// <summary>The times that the ownership rules wait, tuned together in simulation. Hello interval and dead-after time come with the rights.</summary>
internal static class Timers
{
    /// <summary>Between a candidate's turn to take over and the next one's: longer than a hello needs to cross the segment.</summary>
    public static readonly TimeSpan Slot = Milliseconds(30);

    /// <summary>Added to the slot of a speaker that nobody seems to hear: its claim might silence nobody.</summary>
    public static readonly TimeSpan MutePenalty = Milliseconds(100);

    /// <summary>How long an elected node that seems well is left alone with an address that nobody ever held.</summary>
    public static readonly TimeSpan Grace = Milliseconds(300);

    /// <summary>
    /// The same with one of many addresses that are given out at once: some speakers hear of theirs a second or two after the others, and
    /// each that is taken meanwhile would be elected anew.
    /// </summary>
    public static readonly TimeSpan BurstGrace = Milliseconds(2000);

    /// <summary>More new addresses than <see cref="BurstSize"/> within this time are many.</summary>
    public static readonly TimeSpan BurstMemory = Milliseconds(5000);

    /// <summary>See <see cref="BurstMemory"/>.</summary>
    public const int BurstSize = 8;

    /// <summary>The same when that node is joining, dead or cut off from the API server.</summary>
    public static readonly TimeSpan ShortGrace = Milliseconds(50);

    /// <summary>
    /// How long an elected node that is still joining is left alone with a new address: until it has joined, and a little. Speakers that
    /// open a segment for its first address all join at once, some a little later than others.
    /// </summary>
    public static readonly TimeSpan JoiningGrace = Milliseconds(450);

    /// <summary>How long an elected node may take to claim before it is passed over.</summary>
    public static readonly TimeSpan PassOver = Milliseconds(1000);

    /// <summary>The same while no hello is heard: its claim would not be heard either.</summary>
    public static readonly TimeSpan PassOverUnheard = Milliseconds(500);

    /// <summary>How long an elected node asks in vain for an address that somebody unheard answers for, before it claims all the same.</summary>
    public static readonly TimeSpan AskAtMost = Milliseconds(700);

    /// <summary>
    /// A speaker that is not heard and answers for this long for an address of mine, told each 100 ms of my claim, does not hear it: the
    /// lesser of the two falls silent.
    /// </summary>
    public static readonly TimeSpan RivalLesser = Milliseconds(300);

    /// <summary>The same for the greater of the two, in case that the lesser does not know that there are two.</summary>
    public static readonly TimeSpan RivalGreater = Milliseconds(700);

    /// <summary>A rival that was not seen for this long is none any more.</summary>
    public static readonly TimeSpan RivalMemory = Milliseconds(1000);

    /// <summary>Without any sign of hearing for this long, nothing is taken over.</summary>
    public static readonly TimeSpan Ears = Milliseconds(200);

    /// <summary>A claim that its holder has not repeated for this long is forgotten, unless its round robin is longer.</summary>
    public static readonly TimeSpan ClaimExpiry = Milliseconds(1000);

    /// <summary>A speaker that still holds something leaves after this, successor or not.</summary>
    public static readonly TimeSpan LeaveAtMost = Milliseconds(2000);

    /// <summary>Two entries into Joining within this time are flapping.</summary>
    public static readonly TimeSpan FlapMemory = TimeSpan.FromSeconds(60);

    /// <summary>After a silence of the segment this long, neighbours are asked for a sign of life.</summary>
    public static readonly TimeSpan NeighborProbeAfter = Milliseconds(150);

    /// <summary>Interval of those probes.</summary>
    public static readonly TimeSpan NeighborProbeInterval = Milliseconds(50);

    /// <summary>The same on a segment where no other speaker is known or expected, and until a neighbour has ever answered.</summary>
    public static readonly TimeSpan LonelyProbeInterval = Milliseconds(1000);

    /// <summary>The same while hellos arrive and a neighbour has answered before: it may leave the segment.</summary>
    public static readonly TimeSpan NeighborCheckInterval = Milliseconds(20_000);

    /// <summary>After this long without any neighbour's answer, ever, the last of two nodes stops waiting for one.</summary>
    public static readonly TimeSpan NoNeighborAtAll = Milliseconds(1000);

    /// <summary>When a peer comes back, everything held is announced again after these times: the router may point at the losing side.</summary>
    public static readonly TimeSpan HealedFirst = Milliseconds(150);

    /// <inheritdoc cref="HealedFirst"/>
    public static readonly TimeSpan HealedAgain = Milliseconds(1150);

    /// <summary>A contested address is announced again at most this often.</summary>
    public static readonly TimeSpan ContestInterval = Milliseconds(1000);

    /// <summary>
    /// A release learnt from a peer that our own API contact still contradicts after this long was no release: its lag is 1.5 s at worst.
    /// </summary>
    public static readonly TimeSpan TombstoneDoubt = TimeSpan.FromSeconds(10);

    /// <summary>
    /// An epoch that was claimed and that our own API contact still does not know after this long is of a past that was lost: the cluster's
    /// store was brought back from a backup, and a peer that learnt of it later than we did told its old claim once more.
    /// </summary>
    public static readonly TimeSpan EpochDoubt = TimeSpan.FromSeconds(10);

    private static TimeSpan Milliseconds(int value) => TimeSpan.FromMilliseconds(value);
}
