using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Leadership;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Reconciler.Client;

/// <summary>The <see cref="IKubernetesClient"/> over a connection.</summary>
/// <param name="connection">The way to the server.</param>
/// <param name="time">Bounds requests.</param>
/// <param name="metrics">Counts requests; null = nobody does.</param>
/// <param name="types">Where each <see cref="EntityType{TEntity}"/> is found; null = requests bring their own.</param>
public sealed class KubernetesClient(
    KubernetesConnection connection, TimeProvider time, OperatorMetrics? metrics = null, IServiceProvider? types = null) : IKubernetesClient
{
    // The server gives up a request after 30 s by itself; a little more lets its own words arrive.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(32);

    // How long the server's answer to a bounded write may travel.
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(1);

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue MergePatch = new("application/merge-patch+json");
    private static readonly MediaTypeHeaderValue ApplyPatch = new("application/apply-patch+yaml");
    private static readonly MediaTypeHeaderValue JsonPatch = new("application/json-patch+json");

    private Func<bool>? _maySend;

    /// <summary>The same client for writes that need a leave: they ask at the very last whether they still have it.</summary>
    /// <param name="maySend">Asked for each write with a body; false makes it end in a <see cref="NotLeaderException"/>.</param>
    internal KubernetesClient GuardedBy(Func<bool> maySend) => new(connection, time, metrics, types) { _maySend = maySend };

    /// <inheritdoc/>
    public EntityType<TEntity> TypeOf<TEntity>()
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        types?.GetService<EntityType<TEntity>>() ?? throw new InvalidOperationException(
            $"The client does not know {typeof(TEntity).Name}: add its EntityType to the operator with AddEntity or AddInformer, or hand it in with the request.");

    /// <inheritdoc/>
    public async Task<TEntity?> GetAsync<TEntity>(EntityType<TEntity> type, EntityKey key, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await ForEntityAsync(type, HttpMethod.Get, ApiPath.Of(type, key), body: null, bodyType: null, timeout: null, cancellationToken);
        }
        // A kind that the server does not have answers 404 as well, but without naming an object.
        catch (ApiException exception) when (exception.IsNotFound && exception.Reason == "NotFound")
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions? options = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        ListAsync(type, options ?? new ListOptions(), known: null, cancellationToken);

    /// <inheritdoc/>
    public async Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, Func<EntityKey, TEntity?>? known, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(options);

        // With a version given the server answers from memory, and there are no pages; asking for them would send it to etcd.
        var pageSize = string.IsNullOrEmpty(options.ResourceVersion) ? options.PageSize : 0;
        try
        {
            return await ListAsync(type, options, pageSize, known, cancellationToken);
        }
        catch (ApiException exception) when (exception.IsGone && pageSize > 0)
        {
            // The pages took longer than the server keeps old versions: all at once then.
            return await ListAsync(type, options, pageSize: 0, known, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<IWatchStream<TEntity>> WatchAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(options);
        var path = ApiPath.WithQuery(
            ApiPath.Of(type, options.Namespace),
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", options.ResourceVersion),
            ("timeoutSeconds", ((long)timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
            ("labelSelector", options.LabelSelector),
            ("fieldSelector", options.FieldSelector));
        var response = await SendAsync(HttpMethod.Get, path, "WATCH", body: null, bodyType: null, RequestTimeout, cancellationToken);
        try
        {
            return new WatchStream<TEntity>(response, await response.Content.ReadAsStreamAsync(cancellationToken), type);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<TEntity> CreateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(entity);
        var path = ApiPath.WithQuery(ApiPath.Of(type, EntityKey.Of(entity).Namespace), ("timeout", Duration(timeout)));
        return ForEntityAsync(type, HttpMethod.Post, path, Serialize(type, entity), Json, timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<TEntity> UpdateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        UpdateAsync(type, entity, subresource: null, timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<TEntity> UpdateStatusAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        UpdateAsync(type, entity, "status", timeout, cancellationToken);

    /// <inheritdoc/>
    public async Task DeleteAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        Preconditions? preconditions = null,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var path = ApiPath.WithQuery(ApiPath.Of(type, key), ("timeout", Duration(timeout)));
        var body = preconditions is null ? null : DeleteOptions(preconditions);
        try
        {
            using var response = await SendAsync(
                HttpMethod.Delete, path, "DELETE", body, body is null ? null : Json, Bound(timeout), cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound && exception.Reason == "NotFound")
        {
        }
    }

    /// <inheritdoc/>
    public Task<TEntity> PatchAsync<TEntity>(
        EntityType<TEntity> type,
        EntityKey key,
        PatchKind kind,
        ReadOnlyMemory<byte> body,
        string? subresource = null,
        string? fieldManager = null,
        bool force = false,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var (bodyType, manager) = kind switch
        {
            PatchKind.Merge => (MergePatch, fieldManager),
            PatchKind.Apply => (ApplyPatch, fieldManager
                ?? throw new ArgumentException("Server-side apply needs a field manager: it is how the server knows which fields are yours.", nameof(fieldManager))),
            PatchKind.Json => (JsonPatch, fieldManager),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of patch."),
        };
        var path = ApiPath.WithQuery(
            ApiPath.Of(type, key, subresource),
            ("fieldManager", manager),
            ("force", force && kind == PatchKind.Apply ? "true" : null),
            ("timeout", Duration(timeout)));
        return ForEntityAsync(type, HttpMethod.Patch, path, body, bodyType, timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetRawAsync(string path, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Get, path, "GET", body: null, bodyType: null, RequestTimeout, cancellationToken);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private async Task<EntityList<TEntity>> ListAsync<TEntity>(
        EntityType<TEntity> type, ListOptions options, int pageSize, Func<EntityKey, TEntity?>? known, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var reader = new ListReader<TEntity>(type, known);
        string? next = null;
        while (true)
        {
            var path = ApiPath.WithQuery(
                ApiPath.Of(type, options.Namespace),
                ("limit", pageSize > 0 ? pageSize.ToString(CultureInfo.InvariantCulture) : null),
                ("continue", next),
                ("resourceVersion", next is null && !string.IsNullOrEmpty(options.ResourceVersion) ? options.ResourceVersion : null),
                ("labelSelector", options.LabelSelector),
                ("fieldSelector", options.FieldSelector));
            using var response = await SendAsync(HttpMethod.Get, path, "LIST", body: null, bodyType: null, RequestTimeout, cancellationToken);
            next = await ReadAsync(response, body => reader.ReadPageAsync(body, cancellationToken), $"a list of {type.Metadata.PluralName}", cancellationToken);
            if (next is null)
            {
                return reader.List;
            }
        }
    }

    private Task<TEntity> UpdateAsync<TEntity>(
        EntityType<TEntity> type, TEntity entity, string? subresource, TimeSpan? timeout, CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(type);
        var path = ApiPath.WithQuery(ApiPath.Of(type, EntityKey.Of(entity), subresource), ("timeout", Duration(timeout)));
        return ForEntityAsync(type, HttpMethod.Put, path, Serialize(type, entity), Json, timeout, cancellationToken);
    }

    private async Task<TEntity> ForEntityAsync<TEntity>(
        EntityType<TEntity> type,
        HttpMethod method,
        string path,
        ReadOnlyMemory<byte>? body,
        MediaTypeHeaderValue? bodyType,
        TimeSpan? timeout,
        CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        using var response = await SendAsync(method, path, method.Method, body, bodyType, Bound(timeout), cancellationToken);
        return await ReadAsync(response, ReadEntityAsync, $"a {type.Metadata.Kind}", cancellationToken);

        async Task<TEntity> ReadEntityAsync(PipeReader body)
        {
            while (true)
            {
                var chunk = await body.ReadAsync(cancellationToken);
                if (chunk.IsCompleted)
                {
                    return EntityReader.Read(type, chunk.Buffer);
                }

                body.AdvanceTo(chunk.Buffer.Start, chunk.Buffer.End);
            }
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        string verb,
        ReadOnlyMemory<byte>? body,
        MediaTypeHeaderValue? bodyType,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        GuardedContent? guarded = null;
        if (body is { } bytes)
        {
            request.Content = _maySend is null ? new ReadOnlyMemoryContent(bytes) : guarded = new GuardedContent(bytes, _maySend);
            request.Content.Headers.ContentType = bodyType;
        }

        // Bounds the wait for the headers, and the body of an error; a body that is wanted is read under the caller's own token.
        using var deadline = new CancellationTokenSource(timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var started = time.GetTimestamp();
        HttpResponseMessage? response = null;
        try
        {
            response = await connection.SendAsync(request, linked.Token);
            metrics?.Request(method.Method, verb, connection.Server.Authority, response.StatusCode, time.GetElapsedTime(started));
            if (response.IsSuccessStatusCode)
            {
                var answer = response;
                response = null;
                return answer;
            }

            throw StatusReader.Read(
                response.StatusCode, await response.Content.ReadAsByteArrayAsync(linked.Token), RetryAfter(response));
        }
        catch (Exception exception) when (guarded is { IsWithheld: true } && exception is not NotLeaderException)
        {
            throw new NotLeaderException();
        }
        catch (OperationCanceledException exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            metrics?.Request(method.Method, verb, connection.Server.Authority, code: null, time.GetElapsedTime(started));
            throw new TimeoutException(
                $"The API server {connection.Server.Authority} did not answer {verb} {path} within {timeout.TotalSeconds:0.#} s.", exception);
        }
        catch (HttpRequestException)
        {
            metrics?.Request(method.Method, verb, connection.Server.Authority, code: null, time.GetElapsedTime(started));
            throw;
        }
        finally
        {
            response?.Dispose();
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, Func<PipeReader, Task<T>> read, string what, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var reader = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 64 * 1024));
        try
        {
            return await read(reader);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The API server's answer is not {what}: {exception.Message}", exception);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static byte[] Serialize<TEntity>(EntityType<TEntity> type, TEntity entity)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        entity.ApiVersion ??= type.Metadata.GroupWithVersion;
        entity.Kind ??= type.Metadata.Kind;
        return JsonSerializer.SerializeToUtf8Bytes(entity, type.Json);
    }

    private static byte[] DeleteOptions(Preconditions preconditions)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", "DeleteOptions");
            writer.WriteString("apiVersion", "v1");
            writer.WriteStartObject("preconditions");
            if (preconditions.Uid is not null)
            {
                writer.WriteString("uid", preconditions.Uid);
            }

            if (preconditions.ResourceVersion is not null)
            {
                writer.WriteString("resourceVersion", preconditions.ResourceVersion);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static TimeSpan Bound(TimeSpan? timeout) => timeout is { } asked ? asked + AnswerGrace : RequestTimeout;

    private static string? Duration(TimeSpan? timeout) =>
        timeout is { } asked ? string.Create(CultureInfo.InvariantCulture, $"{asked.TotalMilliseconds:0}ms") : null;

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };
}
