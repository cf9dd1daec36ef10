namespace PorterLB.Reconciler.Events;

/// <summary>Something said about an object, before it is known whether it becomes an Event of its own.</summary>
internal sealed record EventStatement(EventSubject Subject, EventType Type, string Reason, string Message, DateTimeOffset At);

/// <summary>What becomes of a statement.</summary>
/// <param name="Key">Under which the stored Event is remembered: see <see cref="EventCorrelator.Stored"/>.</param>
/// <param name="Message">The text, perhaps marked as combined.</param>
/// <param name="Count">How often it was said.</param>
/// <param name="First">When it was said first.</param>
/// <param name="StoredName">The name of the Event to count up; null = a new one is needed.</param>
internal sealed record CorrelatedEvent(object Key, string Message, int Count, DateTimeOffset First, string? StoredName);

/// <summary>
/// Keeps Events few, as client-go's recorder does: the same again is counted up; of statements that differ in the message alone the
/// first nine in ten minutes stand for themselves and the others are combined; about one object 25 may come at once, then one in five
/// minutes. Reads no clock. Not thread-safe.
/// </summary>
internal sealed class EventCorrelator
{
    private const int CacheSize = 4096;
    private const int AlikeMax = 10;
    private const double Burst = 25;
    private const string CombinedPrefix = "(combined from similar events): ";
    private static readonly TimeSpan AlikeWithin = TimeSpan.FromSeconds(600);
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(300);

    private readonly LruCache<AlikeKey, Alike> _alike = new(CacheSize);
    private readonly LruCache<object, Observation> _observed = new(CacheSize);
    private readonly LruCache<EventSubject, Bucket> _buckets = new(CacheSize);

    /// <summary>Null = it is dropped, for too much was said about this object.</summary>
    public CorrelatedEvent? Correlate(TimeSpan now, EventStatement statement)
    {
        // Another version of the object is the same object.
        var subject = statement.Subject with { ResourceVersion = null };
        var (key, message) = Combine(now, subject, statement);

        var observation = _observed.TryGet(key, out var known)
            ? known with { Count = known.Count + 1 }
            : new Observation(Count: 1, statement.At, StoredName: null);
        _observed.Set(key, observation);
        return TakeToken(now, subject)
            ? new CorrelatedEvent(key, message, observation.Count, observation.First, observation.StoredName)
            : null;
    }

    /// <summary>The Event stands in the API under this name; null = it does no longer.</summary>
    public void Stored(object key, string? name)
    {
        if (_observed.TryGet(key, out var observation))
        {
            _observed.Set(key, observation with { StoredName = name });
        }
    }

    private (object Key, string Message) Combine(TimeSpan now, EventSubject subject, EventStatement statement)
    {
        var alikeKey = new AlikeKey(subject, statement.Type, statement.Reason);
        if (!_alike.TryGet(alikeKey, out var alike) || now - alike.Last > AlikeWithin)
        {
            alike = new Alike([], now);
        }

        alike.Messages.Add(statement.Message);
        _alike.Set(alikeKey, alike with { Last = now });
        if (alike.Messages.Count < AlikeMax)
        {
            return ((alikeKey, statement.Message), statement.Message);
        }

        // One goes out, so that the set stays bounded and the next new message is combined too.
        alike.Messages.Remove(alike.Messages.First(message => message != statement.Message));
        return (alikeKey, CombinedPrefix + statement.Message);
    }

    private bool TakeToken(TimeSpan now, EventSubject subject)
    {
        var bucket = _buckets.TryGet(subject, out var known)
            ? known with { Tokens = Math.Min(Burst, known.Tokens + ((now - known.At) / Refill)), At = now }
            : new Bucket(Burst, now);
        var granted = bucket.Tokens >= 1;
        _buckets.Set(subject, granted ? bucket with { Tokens = bucket.Tokens - 1 } : bucket);
        return granted;
    }

    private sealed record AlikeKey(EventSubject Subject, EventType Type, string Reason);

    private sealed record Alike(HashSet<string> Messages, TimeSpan Last);

    private sealed record Observation(int Count, DateTimeOffset First, string? StoredName);

    private sealed record Bucket(double Tokens, TimeSpan At);
}
