namespace PorterLB.Reconciler.Queueing;

/// <summary>
/// Which key is worked on next. Reads no clock: every call is told the time. Not thread-safe.
/// <code>
///   Add ──► waiting (not before its time) ──► ready (highest priority, then first come) ──Take──► running ──Done──► gone
///                                                ▲                                                   │
///                                                └──────── added again while running ────────────────┘
/// </code>
/// A key is pending (waiting or ready) at most once, and runs at most once at a time; it may be both pending and running.
/// Adding a pending key again keeps the earlier time and the higher priority.
/// </summary>
/// <typeparam name="TKey">What is worked on.</typeparam>
internal sealed class WorkQueue<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Entry> _entries = [];

    // Entries move by being pushed again under a new stamp; what is popped under an old stamp is passed over.
    private readonly PriorityQueue<(Entry Entry, long Stamp), (int MinusPriority, long Arrival)> _ready = new();
    private readonly PriorityQueue<(Entry Entry, long Stamp), TimeSpan> _waiting = new();
    private long _stamp;
    private long _arrival;

    /// <summary>Keys that are running.</summary>
    public int Running { get; private set; }

    /// <summary>Keys that are waiting or ready.</summary>
    public int Pending { get; private set; }

    /// <summary>Asks for a key to be worked on, not before <paramref name="delay"/> is over.</summary>
    /// <returns>Whether it was not pending already.</returns>
    public bool Add(TKey key, TimeSpan now, int priority = Priorities.Change, TimeSpan delay = default)
    {
        var readyAt = delay > TimeSpan.Zero ? now + delay : now;
        var entry = EntryOf(key);
        if (!entry.IsPending)
        {
            entry.IsPending = true;
            entry.Priority = priority;
            entry.ReadyAt = readyAt;
            entry.Arrival = ++_arrival;
            Pending++;
            Place(entry, now);
            return true;
        }

        if (priority > entry.Priority || readyAt < entry.ReadyAt)
        {
            entry.Priority = Math.Max(priority, entry.Priority);
            entry.ReadyAt = readyAt < entry.ReadyAt ? readyAt : entry.ReadyAt;
            Place(entry, now);
        }

        return false;
    }

    /// <summary>
    /// Asks for a key that failed to be worked on again, the later the oftener it failed, and not before <paramref name="atLeast"/> is over.
    /// Returns the delay.
    /// </summary>
    public TimeSpan AddAfterFailure(TKey key, TimeSpan now, int priority = Priorities.Change, TimeSpan atLeast = default)
    {
        var delay = RateLimit.DelayAfter(EntryOf(key).Failures++);
        delay = delay > atLeast ? delay : atLeast;
        Add(key, now, priority, delay);
        return delay;
    }

    /// <summary>The key did not fail: its failures are counted from zero again.</summary>
    public void Forget(TKey key)
    {
        if (_entries.TryGetValue(key, out var entry))
        {
            entry.Failures = 0;
            Trim(entry);
        }
    }

    /// <summary>How often the key has failed in a row.</summary>
    public int FailuresOf(TKey key) => _entries.TryGetValue(key, out var entry) ? entry.Failures : 0;

    /// <summary>Takes the next key, if one is ready. The caller must call <see cref="Done"/>.</summary>
    public bool TryTake(TimeSpan now, out WorkItem<TKey> item)
    {
        Promote(now);
        while (_ready.TryDequeue(out var next, out _))
        {
            var entry = next.Entry;
            if (entry.Stamp != next.Stamp)
            {
                continue;
            }

            entry.Stamp = 0;
            entry.IsPending = false;
            entry.StartedAt = now;
            entry.IsRunning = true;
            Pending--;
            Running++;
            item = new WorkItem<TKey>(entry.Key, entry.Priority, entry.ReadyAt);
            return true;
        }

        item = default;
        return false;
    }

    /// <summary>The key is no longer worked on. Returns for how long it was.</summary>
    /// <exception cref="InvalidOperationException">It was not taken.</exception>
    public TimeSpan Done(TKey key, TimeSpan now)
    {
        if (!_entries.TryGetValue(key, out var entry) || !entry.IsRunning)
        {
            throw new InvalidOperationException($"'{key}' is done, but nobody took it.");
        }

        entry.IsRunning = false;
        Running--;
        if (entry.IsPending)
        {
            Place(entry, now);
        }

        Trim(entry);
        return now - entry.StartedAt;
    }

    /// <summary>When a key can be taken; null = not before something is added or done. May lie in the past.</summary>
    public TimeSpan? NextReadyAt()
    {
        while (_ready.TryPeek(out var next, out _))
        {
            if (next.Entry.Stamp == next.Stamp)
            {
                return next.Entry.ReadyAt;
            }

            _ready.Dequeue();
        }

        while (_waiting.TryPeek(out var next, out var readyAt))
        {
            if (next.Entry.Stamp == next.Stamp)
            {
                return readyAt;
            }

            _waiting.Dequeue();
        }

        return null;
    }

    /// <summary>How many keys could be taken, by priority.</summary>
    public Dictionary<int, int> Depths(TimeSpan now)
    {
        var depths = new Dictionary<int, int>();
        foreach (var entry in _entries.Values)
        {
            if (entry.IsPending && entry.ReadyAt <= now)
            {
                depths[entry.Priority] = depths.GetValueOrDefault(entry.Priority) + 1;
            }
        }

        return depths;
    }

    /// <summary>For how long each running key has been worked on.</summary>
    public IEnumerable<TimeSpan> RunningFor(TimeSpan now) =>
        from entry in _entries.Values where entry.IsRunning select now - entry.StartedAt;

    private Entry EntryOf(TKey key)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            _entries.Add(key, entry = new Entry(key));
        }

        return entry;
    }

    /// <summary>Puts a pending entry where its time says; one that is running waits for its end.</summary>
    private void Place(Entry entry, TimeSpan now)
    {
        if (entry.IsRunning)
        {
            return;
        }

        entry.Stamp = ++_stamp;
        if (entry.ReadyAt <= now)
        {
            _ready.Enqueue((entry, entry.Stamp), (-entry.Priority, entry.Arrival));
        }
        else
        {
            _waiting.Enqueue((entry, entry.Stamp), entry.ReadyAt);
        }
    }

    private void Promote(TimeSpan now)
    {
        while (_waiting.TryPeek(out var next, out var readyAt) && readyAt <= now)
        {
            _waiting.Dequeue();
            if (next.Entry.Stamp == next.Stamp)
            {
                // First come is first served from when its time has come, not from when it was asked for.
                next.Entry.Arrival = ++_arrival;
                Place(next.Entry, now);
            }
        }
    }

    private void Trim(Entry entry)
    {
        if (entry is { IsPending: false, IsRunning: false, Failures: 0 })
        {
            _entries.Remove(entry.Key);
        }
    }

    private sealed class Entry(TKey key)
    {
        public TKey Key { get; } = key;

        public int Priority { get; set; }

        public TimeSpan ReadyAt { get; set; }

        public TimeSpan StartedAt { get; set; }

        public long Arrival { get; set; }

        /// <summary>Under which stamp it stands in a queue; 0 = in none.</summary>
        public long Stamp { get; set; }

        public bool IsPending { get; set; }

        public bool IsRunning { get; set; }

        public int Failures { get; set; }
    }
}
