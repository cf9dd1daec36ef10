using System.Collections.Immutable;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Election;

/// <summary>What the manager knows about the nodes, as one snapshot that is made anew when something changed.</summary>
internal sealed class ClusterState : IDisposable
{
    private readonly Informer<NodeView> _nodes;
    private readonly Informer<V1Alpha2Speaker> _speakers;
    private readonly SpeakerLives _lives;
    private readonly IDisposable[] _subscriptions;
    private readonly Lock _lock = new();
    private volatile object? _snapshot;
    private HashSet<string> _changed = new(StringComparer.Ordinal);
    private ImmutableDictionary<string, Presence> _presence = ImmutableDictionary<string, Presence>.Empty;

    public ClusterState(
        Informer<NodeView> nodes, Informer<V1Alpha2Speaker> speakers, Informer<LeaseView> leases, SpeakerLives lives, Announcements announcements)
    {
        _nodes = nodes;
        _speakers = speakers;
        _lives = lives;
        announcements.IsPresent = IsPresent;
        _subscriptions =
        [
            leases.Subscribe(delta => lives.Saw(delta.Old, delta.New)),
            leases.SubscribeConnected(connected =>
            {
                if (connected)
                {
                    lives.CountAnew();
                }
            }),
            nodes.Subscribe(_ => _snapshot = null),
            speakers.Subscribe(delta =>
            {
                _snapshot = null;
                announcements.Saw(delta.Latest.Metadata.Name, delta.New);
                Judge();
            }),
        ];
    }

    /// <summary>All nodes, in ordinal order.</summary>
    public ImmutableArray<NodeFacts> Nodes => _snapshot is ImmutableArray<NodeFacts> facts ? facts : Gather();

    public bool IsPresent(string node) => _presence.GetValueOrDefault(node) == Presence.Present;

    /// <summary>Whether any speaker runs: without one, nothing needs to be waited for.</summary>
    public bool HasSpeakers => _presence.ContainsValue(Presence.Present);

    /// <summary>The nodes that came or went since this was asked last; time alone may have changed it.</summary>
    public IReadOnlySet<string> TakeChanged()
    {
        lock (_lock)
        {
            Judge();
            var changed = _changed;
            _changed = new HashSet<string>(StringComparer.Ordinal);
            return changed;
        }
    }

    public TimeSpan GoneFor(string node) => _lives.GoneFor(node);

    public void Dispose()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private void Judge()
    {
        lock (_lock)
        {
            var before = _presence;
            _presence = _lives.Judge(_speakers.List());
            var changed = before.Keys.Union(_presence.Keys)
                .Where(node => before.GetValueOrDefault(node) != _presence.GetValueOrDefault(node))
                .ToArray();
            if (changed.Length > 0)
            {
                _snapshot = null;
                _changed.UnionWith(changed);
            }
        }
    }

    private ImmutableArray<NodeFacts> Gather()
    {
        var presence = _presence;
        ImmutableArray<NodeFacts> facts =
        [
            .. _nodes.List().OrderBy(node => node.Name, StringComparer.Ordinal).Select(node => new NodeFacts
            {
                Node = node,
                Presence = presence.GetValueOrDefault(node.Name),
                Interfaces = _speakers.Get(new EntityKey(null, node.Name)) is { } speaker ? NodeFacts.InterfacesOf(speaker) : [],
            }),
        ];
        _snapshot = facts;
        return facts;
    }
}
