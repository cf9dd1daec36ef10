using System.Net;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Watching;

/// <summary>Makes a target mirror what the server has: carries out what <see cref="ReflectorState"/> decides, until cancelled.</summary>
internal sealed class Reflector<TEntity>(
    IKubernetesClient client,
    EntityType<TEntity> type,
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

    // How long events that are on their way may take before a watch counts as behind.
    private static readonly TimeSpan OnTheWay = TimeSpan.FromSeconds(1);

    private readonly ReflectorState _state = new(random);
    private readonly long _start = time.GetTimestamp();
    private string? _reported;

    /// <summary>See <see cref="Caching.InformerOptions{TEntity}.SilenceCheck"/>.</summary>
    public TimeSpan? SilenceCheck { get; init; }

    private TimeSpan Now => time.GetElapsedTime(_start);

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
        EntityList<TEntity> list;
        try
        {
            list = await client.ListAsync(type, scope with { ResourceVersion = version }, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            _state.ListFailed(Now, Classify(exception), RetryAfter(exception));
            Failed("listed", exception);
            return;
        }

        foreach (var unreadable in list.Unreadable)
        {
            logger.EntityUnreadable(name, unreadable.Key, unreadable.Reason);
        }

        target.Replace(list);
        _state.Listed(list.ResourceVersion);
        logger.Listed(name, list.Items.Count, list.ResourceVersion);
    }

    private async Task WatchAsync(ReflectorStep.Watch watch, CancellationToken cancellationToken)
    {
        var opened = Now;
        var sawEvent = false;
        var accepted = false;
        using var idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var behind = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token, behind.Token);
        var check = Task.CompletedTask;
        try
        {
            await using var stream = await client.WatchAsync(
                type, scope with { ResourceVersion = watch.ResourceVersion }, watch.Timeout, cancellationToken);
            accepted = true;
            opened = Now;
            Connected();
            idle.CancelAfter(IdleDeadline);
            check = SilenceCheck is { } interval ? CheckAsync(interval, behind, either.Token) : Task.CompletedTask;
            while (await stream.ReadAsync(either.Token) is { } change)
            {
                sawEvent = true;
                idle.CancelAfter(IdleDeadline);
                Apply(change);
                _state.Advanced(change.ResourceVersion);
            }

            _state.WatchEnded(Now, Now - opened, sawEvent);
            logger.WatchEnded(name, _state.Version);
        }
        catch (OperationCanceledException) when (behind.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            _state.WatchEnded(Now, Now - opened, sawEvent);
        }
        catch (OperationCanceledException) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            logger.WatchIdle(name, IdleDeadline);
            _state.WatchEnded(Now, Now - opened, sawEvent);
        }
        catch (InvalidDataException exception)
        {
            // Not a watch any more: what it left out is not known.
            _state.WatchFailed(Now, ReflectorFailure.Other);
            Failed("watched", exception);
        }
        catch (IOException exception) when (accepted)
        {
            _state.WatchEnded(Now, Now - opened, sawEvent);
            Failed("watched", exception);
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

            Failed("watched", exception);
        }
        finally
        {
            await either.CancelAsync();
            await check.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Cancels <paramref name="behind"/> once the server has a version that the silent watch does not come to tell.</summary>
    private async Task CheckAsync(TimeSpan interval, CancellationTokenSource behind, CancellationToken cancellationToken)
    {
        // Chooses nothing: the server looks at its own cache, and only the version in the answer counts.
        var nothing = scope with { ResourceVersion = "0", FieldSelector = "metadata.name=." };
        while (true)
        {
            var before = _state.Version;
            await Task.Delay(interval, time, cancellationToken);
            if (_state.Version != before)
            {
                continue;
            }

            string newest;
            try
            {
                newest = (await client.ListAsync(type, nothing, cancellationToken)).ResourceVersion;
            }
            catch (Exception exception) when (exception is ApiException or HttpRequestException or TimeoutException or IOException)
            {
                continue;
            }

            await Task.Delay(OnTheWay, time, cancellationToken);
            if (ulong.TryParse(newest, out var there) && ulong.TryParse(_state.Version, out var here) && there > here)
            {
                logger.WatchBehind(name, _state.Version, newest);
                await behind.CancelAsync();
                return;
            }
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

    private void Failed(string what, Exception exception)
    {
        var reason = Describe(exception);
        target.SetConnected(false, reason);

        // An outage is one line for each new reason, not one for each try.
        if (reason != _reported)
        {
            _reported = reason;
            logger.ReflectorFailed(name, what, reason);
        }
    }

    private string Describe(Exception exception) => exception switch
    {
        ApiException { IsNotFound: true } =>
            $"the API server has no {type.Metadata.PluralName} in {type.Metadata.GroupWithVersion}; is its CustomResourceDefinition applied?",
        ApiException or HttpRequestException or TimeoutException or IOException => exception.Message.TrimEnd('.'),
        _ => exception.ToString(),
    };

    private static ReflectorFailure Classify(Exception exception) => exception switch
    {
        ApiException { IsTooLargeResourceVersion: true } => ReflectorFailure.VersionTooLarge,
        ApiException { IsGone: true } => ReflectorFailure.Gone,
        ApiException { Code: HttpStatusCode.TooManyRequests } => ReflectorFailure.TooManyRequests,
        HttpRequestException => ReflectorFailure.Unreachable,
        _ => ReflectorFailure.Other,
    };

    private static TimeSpan? RetryAfter(Exception exception) => (exception as ApiException)?.RetryAfter;
}
