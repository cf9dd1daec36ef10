using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>What is remembered of Services between two looks at them.</summary>
internal sealed class ServiceMemories(TimeProvider time)
{
    private readonly ConcurrentDictionary<EntityKey, ServiceMemory> _memories = [];

    /// <summary>A Service that was made again under the same name is another one.</summary>
    public ServiceMemory Of(EntityKey key, string? uid) =>
        _memories.AddOrUpdate(key, _ => new ServiceMemory(uid, time), (_, known) => known.Uid == uid ? known : new ServiceMemory(uid, time));

    public void Forget(EntityKey key) => _memories.TryRemove(key, out _);
}

/// <summary>What is remembered of one Service. Not for several threads: the queue never has one Service worked on twice at once.</summary>
internal sealed class ServiceMemory(string? uid, TimeProvider time)
{
    /// <summary>For how long another program's addresses are left alone.</summary>
    public static readonly TimeSpan DisputePause = TimeSpan.FromMinutes(1);

    /// <summary>Between two writes of conditions.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan OwnWriteDue = TimeSpan.FromSeconds(10);

    // Once may be a restore or a hand edit.
    private const int PutBackMost = 3;

    private readonly Dictionary<string, string[]> _told = new(StringComparer.Ordinal);
    private readonly List<PlannedEvent> _pending = [];
    private readonly Queue<long> _overwritten = [];
    private long _ownVersion;
    private long? _writtenAt;
    private long? _electedAt;
    private long _overwrittenIn;

    public string? Uid => uid;

    /// <summary>
    /// For how long this state, from before our own last write, is not to be decided from: that one comes back within this time, or never,
    /// when the API server's store was brought back from a backup.
    /// </summary>
    public TimeSpan AwaitsOwnWrite(ServiceView service) =>
        ResourceVersion.Of(service) < _ownVersion && _writtenAt is { } at && time.GetElapsedTime(at) is var since && since < OwnWriteDue ? OwnWriteDue - since : TimeSpan.Zero;

    /// <summary>How long ago its addresses or its election were written; null if that was another leader's deed.</summary>
    public TimeSpan? SinceElected => _electedAt is { } at ? time.GetElapsedTime(at) : null;

    /// <summary>How long to wait before conditions may be written.</summary>
    public TimeSpan ConditionsDueIn => _writtenAt is { } at && time.GetElapsedTime(at) is var since && since < Pace ? Pace - since : TimeSpan.Zero;

    /// <summary>The addresses that were written last.</summary>
    public ImmutableArray<IPAddress>? Ingress { get; private set; }

    /// <summary>Conditions that the server did not take as they were written: they are not sent again and again.</summary>
    public ImmutableArray<Condition> NotTaken { get; set; } = [];

    /// <summary>Addresses and election were written.</summary>
    public void Elected(ServiceView written, ImmutableArray<IPAddress> ingress)
    {
        Wrote(written);
        _electedAt = _writtenAt;
        Ingress = ingress;
    }

    public void Wrote(ServiceView written)
    {
        _ownVersion = ResourceVersion.Of(written);
        _writtenAt = time.GetTimestamp();
    }

    /// <summary>Whether another program keeps putting its addresses in place of ours.</summary>
    public bool IsDisputed(ServiceView service, ImmutableArray<IPAddress> wanted)
    {
        if (Ingress is not { } ours || !ours.SequenceEqual(wanted) || ServiceRequest.Says(service, wanted))
        {
            return false;
        }

        while (_overwritten.TryPeek(out var first) && time.GetElapsedTime(first) >= DisputePause)
        {
            _overwritten.Dequeue();
        }

        // The same state seen twice (a conflict, something else that changed) was not written twice.
        if (ResourceVersion.Of(service) is var version && version != _overwrittenIn)
        {
            _overwrittenIn = version;
            _overwritten.Enqueue(time.GetTimestamp());
        }

        return _overwritten.Count > PutBackMost;
    }

    /// <summary>Keeps Events until the write that they tell of has succeeded: a conflict must not swallow them.</summary>
    public void Keep(ImmutableArray<PlannedEvent> events)
    {
        // Of one reason there may be several: each of a Service's addresses may have a node of its own.
        _pending.RemoveAll(old => events.Any(item => item.Reason == old.Reason));
        _pending.AddRange(events);

        foreach (var reason in _told.Keys.Where(reason => !events.Any(item => item.Reason == reason)).ToArray())
        {
            _told.Remove(reason);
        }
    }

    /// <summary>The Events that were kept, without what was said already and has not changed.</summary>
    public PlannedEvent[] Take()
    {
        var events = _pending.Where(item => !_told.TryGetValue(item.Reason, out var told) || !told.Contains(item.Message, StringComparer.Ordinal)).ToArray();
        foreach (var group in _pending.GroupBy(item => item.Reason, item => item.Message, StringComparer.Ordinal))
        {
            _told[group.Key] = [.. group];
        }

        _pending.Clear();
        return events;
    }
}
