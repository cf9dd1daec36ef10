using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Watching;

namespace PorterLB.Reconciler.Caching;

/// <summary>
/// A cache that follows the API server, and tells its subscribers what changes. One instance per kind and process, shared by all.
/// </summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public sealed class Informer<TEntity> : IEntityCache<TEntity>, IInformer, IReflectorTarget<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly IKubernetesClient _client;
    private readonly EntityType<TEntity> _type;
    private readonly InformerOptions<TEntity> _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly IEntityLabelSelector<TEntity>? _labels;
    private readonly IEntityFieldSelector<TEntity>? _fields;
    private readonly Store<TEntity> _store;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Held while a change is stored and handed out, and while a subscriber is added with what is there:
    // each subscriber sees every change once, in order, however late it came.
    private readonly Lock _delivery = new();
    private readonly List<Action<Delta<TEntity>>> _subscribers = [];
    private readonly List<Action<bool>> _connectedSubscribers = [];
    private readonly List<Action> _watchOpenedSubscribers = [];
    private readonly List<Action> _wentBackSubscribers = [];
    private volatile bool _connected;
    private volatile string? _lastError;

    /// <summary>Makes one; it does nothing before <see cref="RunAsync"/>.</summary>
    public Informer(
        IKubernetesClient client,
        EntityType<TEntity> type,
        InformerOptions<TEntity> options,
        TimeProvider time,
        Random random,
        ILogger<Informer<TEntity>> logger,
        IEntityLabelSelector<TEntity>? labels = null,
        IEntityFieldSelector<TEntity>? fields = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(options);
        _client = client;
        _type = type;
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
        _labels = labels;
        _fields = fields;
        _store = new Store<TEntity>(options.Indexes);
        Name = string.IsNullOrEmpty(type.Metadata.Group) ? type.Metadata.PluralName : $"{type.Metadata.PluralName}.{type.Metadata.Group}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    internal EntityType<TEntity> Type => _type;

    /// <inheritdoc cref="IEntityCache{TEntity}.HasSynced"/>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <inheritdoc/>
    public bool Connected => _connected;

    /// <inheritdoc/>
    public string? LastError => _connected ? null : _lastError;

    /// <inheritdoc/>
    public TEntity? Get(EntityKey key) => _store.Get(key);

    /// <inheritdoc/>
    public IReadOnlyCollection<TEntity> List() => _store.List();

    /// <inheritdoc/>
    public IReadOnlyCollection<TEntity> ByIndex(string index, string value) => _store.ByIndex(index, value);

    /// <summary>Makes objects findable by what <paramref name="values"/> gives for each.</summary>
    public void AddIndex(string name, Func<TEntity, IEnumerable<string>> values) => _store.AddIndex(name, values);

    /// <summary>
    /// Calls back for every change, on the informer's own thread and in order: be quick, do no I/O. What the cache holds already comes
    /// first, as replayed additions. What a handler throws is logged and costs nobody else anything. Dispose to end it.
    /// </summary>
    public IDisposable Subscribe(Action<Delta<TEntity>> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_delivery)
        {
            foreach (var item in _store.List())
            {
                Call(handler, new Delta<TEntity>(null, item) { IsReplay = true });
            }

            _subscribers.Add(handler);
        }

        return new Subscription(() =>
        {
            lock (_delivery)
            {
                _subscribers.Remove(handler);
            }
        });
    }

    /// <inheritdoc/>
    public IDisposable SubscribeConnected(Action<bool> handler) => Subscribe(_connectedSubscribers, handler);

    /// <inheritdoc/>
    public IDisposable SubscribeWatchOpened(Action handler) => Subscribe(_watchOpenedSubscribers, handler);

    /// <inheritdoc/>
    public IDisposable SubscribeWentBack(Action handler) => Subscribe(_wentBackSubscribers, handler);

    /// <inheritdoc/>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var scope = new ListOptions
        {
            Namespace = _options.Namespace,
            LabelSelector = Both(_options.LabelSelector, _labels is null ? null : await _labels.GetLabelSelectorAsync(cancellationToken)),
            FieldSelector = Both(_options.FieldSelector, _fields is null ? null : await _fields.GetFieldSelectorAsync(cancellationToken)),
        };
        var reflector = new Reflector<TEntity>(_client, [_type, .. _options.AlsoServedAs], scope, this, Name, _time, _random, _logger)
        {
            SilenceCheck = _options.SilenceCheck,
        };
        await Task.WhenAll(reflector.RunAsync(cancellationToken), ResyncAsync(cancellationToken));
    }

    int IReflectorTarget<TEntity>.Count => _store.Count;

    void IReflectorTarget<TEntity>.Replace(EntityList<TEntity> list)
    {
        var keep = list.Unreadable.Select(unreadable => unreadable.Key).ToHashSet();
        var items = new List<TEntity>(list.Items.Count);
        foreach (var entity in list.Items)
        {
            var key = EntityKey.Of(entity);
            if ((ReferenceEquals(_store.Get(key), entity) ? entity : Transform(entity)) is { } item)
            {
                items.Add(item);
            }
            else
            {
                keep.Add(key);
            }
        }

        lock (_delivery)
        {
            var initial = !HasSynced;
            var deltas = _store.Replace(items, keep);

            // The server's versions may have caught up meanwhile; those of objects have not.
            if (deltas.Find(IsOlder) is { Old: { } seen, New: { } now })
            {
                _logger.StoreWentBack(Name, seen.Metadata.ResourceVersion, now.Metadata.ResourceVersion);
                ((IReflectorTarget<TEntity>)this).WentBack();
            }

            foreach (var delta in deltas)
            {
                Deliver(initial ? delta with { IsReplay = true } : delta);
            }

            _synced.TrySetResult();
        }
    }

    void IReflectorTarget<TEntity>.WentBack()
    {
        lock (_delivery)
        {
            Tell(_wentBackSubscribers);
        }
    }

    void IReflectorTarget<TEntity>.Set(TEntity entity)
    {
        if (Transform(entity) is not { } item)
        {
            return;
        }

        lock (_delivery)
        {
            Deliver(new Delta<TEntity>(_store.Set(EntityKey.Of(item), item), item));
        }
    }

    void IReflectorTarget<TEntity>.Remove(TEntity entity)
    {
        lock (_delivery)
        {
            // The event carries the last state, which may be newer than ours.
            if (_store.Remove(EntityKey.Of(entity)) is { } old)
            {
                Deliver(new Delta<TEntity>(Transform(entity) ?? old, null));
            }
        }
    }

    void IReflectorTarget<TEntity>.Remove(EntityKey key)
    {
        lock (_delivery)
        {
            if (_store.Remove(key) is { } old)
            {
                Deliver(new Delta<TEntity>(old, null));
            }
        }
    }

    void IReflectorTarget<TEntity>.SetConnected(bool connected, string? error)
    {
        if (error is not null)
        {
            _lastError = error;
        }

        lock (_delivery)
        {
            if (_connected != connected)
            {
                _connected = connected;
                foreach (var handler in _connectedSubscribers.ToArray())
                {
                    Call(handler, connected);
                }
            }

            if (connected)
            {
                Tell(_watchOpenedSubscribers);
            }
        }
    }

    private static bool IsOlder(Delta<TEntity> delta) =>
        delta is { Old: { } old, New: { } now } && old.Metadata.Uid == now.Metadata.Uid
        && ServerVersion.IsLater(old.Metadata.ResourceVersion, now.Metadata.ResourceVersion);

    private static string? Both(string? one, string? other) =>
        string.IsNullOrEmpty(one) ? other : string.IsNullOrEmpty(other) ? one : $"{one},{other}";

    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Spread, so that informers started together do not wake every reconciler at once.
            await Task.Delay(_options.ResyncPeriod * (0.9 + (0.2 * _random.NextDouble())), _time, cancellationToken);
            lock (_delivery)
            {
                foreach (var item in _store.List())
                {
                    Deliver(new Delta<TEntity>(item, item) { IsReplay = true });
                }
            }
        }
    }

    /// <summary>What is kept of an object; null when that cannot be said: as with one that cannot be read, its last state stays in use.</summary>
    private TEntity? Transform(TEntity entity)
    {
        try
        {
            return _type.Transform is null ? entity : _type.Transform(entity);
        }
        catch (Exception exception)
        {
            _logger.EntityUnreadable(Name, EntityKey.Of(entity), exception.Message);
            return null;
        }
    }

    private void Deliver(Delta<TEntity> delta)
    {
        foreach (var handler in _subscribers.ToArray())
        {
            Call(handler, delta);
        }
    }

    private void Tell(List<Action> subscribers)
    {
        foreach (var handler in subscribers.ToArray())
        {
            Call(static handler => handler(), handler);
        }
    }

    private Subscription Subscribe<THandler>(List<THandler> subscribers, THandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_delivery)
        {
            subscribers.Add(handler);
        }

        return new Subscription(() =>
        {
            lock (_delivery)
            {
                subscribers.Remove(handler);
            }
        });
    }

    private void Call<TArgument>(Action<TArgument> handler, TArgument argument)
    {
        try
        {
            handler(argument);
        }
        catch (Exception exception)
        {
            _logger.SubscriberFailed(exception, Name);
        }
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
