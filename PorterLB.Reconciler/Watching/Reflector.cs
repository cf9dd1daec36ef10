using System.Net;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

/// <summary>Makes a target mirror what the server has: carries out what <see cref="ReflectorState"/> decides, until cancelled.</summary>
/// <param name="client">Asks the server.</param>
/// <param name="forms">The kind, and what else it may be served as, the best first.</param>
/// <param name="scope">Which objects.</param>
/// <param name="target">Mirrors them.</param>
/// <param name="name">For logs.</param>
/// <param name="time">Bounds silence.</param>
/// <param name="random">Spreads requests.</param>
/// <param name="logger">Is told of outages, once each.</param>
internal sealed class Reflector<TEntity>(
    IKubernetesClient client,
    IReadOnlyList<EntityType<TEntity>> forms,
    ListOptions scope,
    IReflectorTarget<TEntity> target,
    string name,
    TimeProvider time,
    Random random,
    ILogger logger)
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    // A server sends a bookmark about once a minute. Three missing ones: something between us swallows them (a proxy without HTTP/2
    // hides a dead server from our pings). Being wrong costs one request.
    private static readonly TimeSpan IdleDeadline = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan DoubtInterval = TimeSpan.FromSeconds(5);

    private readonly ReflectorState _state = new(random, forms.Count);
    private readonly long _start = time.GetTimestamp();
    private string? _reported;
    private int _form;

    /// <summary>See <see cref="Caching.InformerOptions{TEntity}.SilenceCheck"/>.</summary>
    public Func<TimeSpan?>? SilenceCheck { get; init; }

    private TimeSpan Now => time.GetElapsedTime(_start);

    private EntityType<TEntity> Form => forms[_state.Form];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                switch (_state.Next())
                {
                    case ReflectorStep.Wait wait:
                        await Task.Delay(wait.Delay, time, cancellationToken);
                        break;
                    case ReflectorStep.List list:
                        await ListAsync(list.ResourceVersion, cancellationToken);
                        break;
                    case ReflectorStep.Watch watch:
                        await WatchAsync(watch, cancellationToken);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            target.SetConnected(false);
        }
    }

    private async Task ListAsync(string version, CancellationToken cancellationToken)
    {
        var form = _state.Form;
        EntityList<TEntity> list;
        try
        {
            list = await client.ListAsync(Form, scope with { ResourceVersion = version }, target.Get, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _state.ListFailed(Now, Classify(exception), RetryAfter(exception));
            if (_state.Form <= form)
            {
                Failed("listed", await DescribeAsync(exception, forms[0], cancellationToken));
            }

            return;
        }

        foreach (var unreadable in list.Unreadable)
        {
            logger.EntityUnreadable(name, unreadable.Key, unreadable.Reason);
        }

        if (ServerVersion.IsLater(_state.Version, list.ResourceVersion))
        {
            logger.StoreWentBack(name, _state.Version, list.ResourceVersion);
            target.WentBack();
        }

        target.Replace(list);
        _state.Listed(list.ResourceVersion);
        logger.Listed(name, list.Items.Count, list.ResourceVersion);
        if (_form != _state.Form)
        {
            _form = _state.Form;
            logger.FormChanged(name, Form.Metadata.PluralName, Form.Metadata.GroupWithVersion);
        }
    }

    private async Task WatchAsync(ReflectorStep.Watch watch, CancellationToken cancellationToken)
    {
        var form = Form;
        var opened = Now;
        var sawEvent = false;
        var accepted = false;
        using var idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var wentBack = false;
        string? newest = null;
        using var behind = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token, behind.Token);
        var check = Task.CompletedTask;
        try
        {
            await using var stream = await client.WatchAsync(
                form, scope with { ResourceVersion = watch.ResourceVersion }, watch.Timeout, cancellationToken);
            accepted = true;
            opened = Now;
            Connected();
            idle.CancelAfter(IdleDeadline);
            check = CheckAsync();
            while (await stream.ReadAsync(either.Token) is { } change)
            {
                sawEvent = true;
                idle.CancelAfter(IdleDeadline);
                Apply(change);
                _state.Advanced(change.ResourceVersion);
            }

            _state.WatchEnded(Now, Now - opened, sawEvent);
            logger.WatchEnded(name, _state.Version);
            await LookForBetterFormAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The server is there as far as anybody knows: the next request follows at once, and contact is not said to be lost.
            if (wentBack)
            {
                _state.WentBack();
            }
            else if (behind.IsCancellationRequested)
            {
                _state.WatchForgotten(newest, target.Count);
            }
            else
            {
                logger.WatchIdle(name, IdleDeadline);
                _state.WatchEnded(Now, Now - opened, sawEvent);
            }
        }
        catch (InvalidDataException exception)
        {
            // Not a watch any more: what it left out is not known.
            _state.WatchFailed(Now, ReflectorFailure.Other);
            Failed("watched", await DescribeAsync(exception, form, cancellationToken));
        }
        catch (IOException exception) when (accepted)
        {
            _state.WatchEnded(Now, Now - opened, sawEvent);
            Failed("watched", await DescribeAsync(exception, form, cancellationToken));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _state.WatchFailed(Now, Classify(exception), RetryAfter(exception));
            if (exception is ApiException { IsGone: true })
            {
                // Ordinary after a long silence: the list that follows heals it.
                logger.WatchGone(name, watch.ResourceVersion);
                return;
            }

            Failed("watched", await DescribeAsync(exception, form, cancellationToken));
        }
        finally
        {
            await either.CancelAsync();
            await check.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // Ends the watch once it turns out that it will not tell what the server has.
        async Task CheckAsync()
        {
            if (_state.IsDoubtful && await IsOlderAsync(watch.ResourceVersion, form, either.Token))
            {
                wentBack = true;
                await behind.CancelAsync();
            }
            else if (SilenceCheck?.Invoke() is { } interval)
            {
                var silence = new SilenceCheck<TEntity>(client, form, scope, interval, time);
                newest = await silence.UntilBehindAsync(() => _state.Version, either.Token);
                logger.WatchBehind(name, _state.Version, newest);
                await behind.CancelAsync();
            }
        }
    }

    /// <summary>Whether the server's store has not come as far as this version any more.</summary>
    private async Task<bool> IsOlderAsync(string version, EntityType<TEntity> form, CancellationToken cancellationToken)
    {
        var server = new ServerVersion<TEntity>(client, form, scope);
        while (true)
        {
            try
            {
                var older = ServerVersion.IsLater(version, await server.StoredAsync(cancellationToken));
                _state.Confirmed();
                return older;
            }
            catch (Exception exception) when (ServerTrouble.Is(exception))
            {
                await Task.Delay(DoubtInterval, time, cancellationToken);
            }
        }
    }

    /// <summary>A server that was upgraded may have a better form by now. Asked when a watch has run out, so each five to ten minutes.</summary>
    private async Task LookForBetterFormAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (var better = 0; better < _state.Form; better++)
            {
                if (await client.ServesAsync(forms[better].Metadata, cancellationToken))
                {
                    _state.Prefer(better);
                    return;
                }
            }
        }
        catch (Exception exception) when (ServerTrouble.Is(exception))
        {
            // The next watch finds out what is wrong.
        }
    }

    private void Apply(WatchEvent<TEntity> change)
    {
        switch (change)
        {
            case { Type: WatchEventType.Bookmark }:
                break;
            case { Unreadable: { } unreadable }:
                logger.EntityUnreadable(name, unreadable.Key, unreadable.Reason);
                if (change.Type == WatchEventType.Deleted)
                {
                    target.Remove(unreadable.Key);
                }

                break;
            case { Type: WatchEventType.Deleted, Entity: { } entity }:
                target.Remove(entity);
                break;
            case { Entity: { } entity }:
                target.Set(entity);
                break;
        }
    }

    private void Connected()
    {
        if (_reported is not null)
        {
            logger.WatchRestored(name);
            _reported = null;
        }

        target.SetConnected(true);
    }

    private void Failed(string what, string reason)
    {
        target.SetConnected(false, reason);

        // An outage is one line for each new reason, not one for each try.
        if (reason != _reported)
        {
            _reported = reason;
            logger.ReflectorFailed(name, what, reason);
        }
    }

    private async Task<string> DescribeAsync(Exception exception, EntityType<TEntity> form, CancellationToken cancellationToken) => exception switch
    {
        ApiException { IsNotFound: true } => await NotServed.DescribeAsync(client, form.Metadata, cancellationToken),
        _ when ServerTrouble.Is(exception) => exception.Message.TrimEnd('.'),
        _ => exception.ToString(),
    };

    private static ReflectorFailure Classify(Exception exception) => exception switch
    {
        ApiException { IsTooLargeResourceVersion: true } => ReflectorFailure.VersionTooLarge,
        ApiException { IsGone: true } => ReflectorFailure.Gone,
        ApiException { IsNotFound: true } => ReflectorFailure.NotServed,
        ApiException { Code: HttpStatusCode.TooManyRequests } => ReflectorFailure.TooManyRequests,
        HttpRequestException => ReflectorFailure.Unreachable,
        _ => ReflectorFailure.Other,
    };

    private static TimeSpan? RetryAfter(Exception exception) => (exception as ApiException)?.RetryAfter;
}
