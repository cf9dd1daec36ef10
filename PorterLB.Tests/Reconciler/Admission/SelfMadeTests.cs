using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Admission;
using PorterLB.Reconciler.Admission.Certificates;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Admission;

public sealed class SelfMadeTests : IAsyncDisposable
{
    private static readonly AdmissionServerOptions Options = new()
    {
        Port = 9443,
        Namespace = "ours",
        ServiceName = "webhook",
        SecretName = "certificates",
        ConfigurationName = "checks",
    };

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly Server _server = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    [Fact]
    public async Task The_authority_is_published_before_anything_signed_by_it_is_served()
    {
        var (selfMade, serving) = Replica();
        _server.BeforePatch = () => Assert.Null(serving.Current);
        Run(selfMade);
        await UntilAsync(() => serving.NotReady is null);

        Assert.Equal(["validate.thing.example.com"], _server.Trusting);
        Assert.Equal(CertificateSet.FromData(_server.Secret!.Data)!.BundleBytes, _server.Bundle);
    }

    [Fact]
    public async Task Of_two_replicas_that_start_at_once_one_writes_and_both_serve_the_same()
    {
        var replicas = new[] { Replica(), Replica() };
        using var together = new Barrier(2);
        var waiting = 2;
        _server.BeforeCreate = () =>
        {
            if (Interlocked.Decrement(ref waiting) >= 0)
                together.SignalAndWait(_stop.Token);
        };
        foreach (var (selfMade, _) in replicas)
            _running.Add(Task.Run(() => selfMade.RunAsync(_stop.Token)));
        await UntilAsync(() => replicas.All(replica => replica.Serving.NotReady is null));

        Assert.Equal(1, _server.Writes);
        Assert.Single(replicas.Select(replica => replica.Serving.Current!.TargetCertificate.Thumbprint).Distinct());
    }

    [Fact]
    public async Task A_bundle_that_somebody_took_away_is_put_back_and_nothing_is_written_without_need()
    {
        var (selfMade, serving) = Replica();
        Run(selfMade);
        await UntilAsync(() => serving.NotReady is null);
        var bundle = _server.Bundle;

        _server.Bundle = null;
        selfMade.Look();
        await UntilAsync(() => _server.Bundle is not null);
        Assert.Equal(bundle, _server.Bundle);
        Assert.Equal((1, 2), (_server.Writes, _server.Patches));

        var reads = _server.Reads;
        selfMade.Look();
        await UntilAsync(() => _server.Reads > reads);
        Assert.Equal((1, 2), (_server.Writes, _server.Patches));
    }

    [Fact]
    public async Task Without_a_configuration_the_replica_is_ready_all_the_same()
    {
        _server.Installed = false;
        var (selfMade, serving) = Replica();
        Run(selfMade);
        await UntilAsync(() => serving.NotReady is null);
        Assert.Equal(0, _server.Patches);
    }

    [Fact]
    public async Task A_refusal_is_told_and_tried_again()
    {
        _server.Refusal = new ApiException(HttpStatusCode.Forbidden, "Forbidden", "cannot get resource \"secrets\"");
        var (selfMade, serving) = Replica();
        Run(selfMade);
        await UntilAsync(() => serving.NotReady == "cannot get resource \"secrets\"");

        _server.Refusal = null;
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return serving.NotReady is null;
        });
    }

    [Fact]
    public async Task A_serving_certificate_that_grows_old_is_renewed_while_it_runs()
    {
        var (selfMade, serving) = Replica();
        Run(selfMade);
        await UntilAsync(() => serving.NotReady is null);
        var first = serving.Current!.TargetCertificate.Thumbprint;

        while (serving.Current!.TargetCertificate.Thumbprint == first)
        {
            // It looks at least twice a day; the clock goes on only when it has looked.
            var reads = _server.Reads;
            await UntilAsync(() =>
            {
                _time.Advance(TimeSpan.FromHours(1));
                return _server.Reads > reads;
            });
        }

        Assert.True(_time.GetUtcNow() - _time.Start >= Issuer.ServingLife * (2.0 / 3));
    }

    private (SelfMade SelfMade, ServingCertificate Serving) Replica()
    {
        var serving = new ServingCertificate(new(Prometheus.Metrics.NewCustomRegistry()), NullLogger<ServingCertificate>.Instance);
        var trust = new Trust(Options, _server, NullLogger<Trust>.Instance);
        return (new(Options, _server, trust, serving, _time, NullLogger<SelfMade>.Instance), serving);
    }

    private void Run(SelfMade selfMade) => _running.Add(Task.Run(() => selfMade.RunAsync(_stop.Token)));

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            foreach (var ended in _running.Where(task => task.IsFaulted))
                await ended;
            await Task.Yield();
        }
    }

    /// <summary>An API server with one Secret and one configuration of two webhooks, of which one is ours.</summary>
    private sealed class Server : IKubernetesClient
    {
        private readonly Lock _lock = new();
        private int _version;

        public CertificateSecret? Secret { get; private set; }

        public bool Installed { get; set; } = true;

        public byte[]? Bundle { get; set; }

        public IReadOnlyList<string> Trusting { get; private set; } = [];

        public int Writes { get; private set; }

        public int Patches { get; private set; }

        public int Reads { get; private set; }

        public ApiException? Refusal { get; set; }

        public Action? BeforeCreate { get; set; }

        public Action? BeforePatch { get; set; }

        public Task<TEntity?> GetAsync<TEntity>(EntityType<TEntity> type, EntityKey key, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta>
        {
            lock (_lock)
            {
                if (Refusal is { } refusal)
                    throw refusal;
                if (typeof(TEntity) == typeof(CertificateSecret))
                {
                    Assert.Equal(new EntityKey("ours", "certificates"), key);
                    return Task.FromResult((TEntity?)(object?)Copy(Secret));
                }

                Reads++;
                Assert.Equal(new EntityKey(null, "checks"), key);
                return Task.FromResult((TEntity?)(object?)(Installed ? Configuration() : null));
            }
        }

        public Task<TEntity> CreateAsync<TEntity>(
            EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta>
        {
            BeforeCreate?.Invoke();
            lock (_lock)
            {
                if (Secret is not null)
                    throw new ApiException(HttpStatusCode.Conflict, "AlreadyExists", "it exists");
                return Task.FromResult(Write(entity));
            }
        }

        public Task<TEntity> UpdateAsync<TEntity>(
            EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta>
        {
            lock (_lock)
            {
                if (Secret?.Metadata.ResourceVersion != entity.Metadata.ResourceVersion)
                    throw new ApiException(HttpStatusCode.Conflict, "Conflict", "it changed");
                return Task.FromResult(Write(entity));
            }
        }

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
            BeforePatch?.Invoke();
            lock (_lock)
            {
                Assert.Equal((PatchKind.Apply, "admission-server", true), (kind, fieldManager, force));
                var webhooks = (JsonArray)JsonNode.Parse(body.Span)!["webhooks"]!;
                Trusting = [.. webhooks.Select(webhook => webhook!["name"]!.GetValue<string>())];
                Bundle = webhooks[0]!["clientConfig"]!["caBundle"]!.GetValue<JsonElement>().GetBytesFromBase64();
                Patches++;
                return Task.FromResult((TEntity)(object)Configuration());
            }
        }

        public Task<EntityList<TEntity>> ListAsync<TEntity>(EntityType<TEntity> type, ListOptions? options = null, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

        public Task<IWatchStream<TEntity>> WatchAsync<TEntity>(
            EntityType<TEntity> type, ListOptions options, TimeSpan timeout, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

        public Task<TEntity> UpdateStatusAsync<TEntity>(
            EntityType<TEntity> type, TEntity entity, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

        public Task DeleteAsync<TEntity>(
            EntityType<TEntity> type, EntityKey key, Preconditions? preconditions = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
            where TEntity : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

        public Task<byte[]> GetRawAsync(string path, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        private static CertificateSecret? Copy(CertificateSecret? secret) => secret is null
            ? null
            : JsonSerializer.Deserialize(
                JsonSerializer.Serialize(secret, CertificateSecret.EntityType.Json), CertificateSecret.EntityType.Json);

        private TEntity Write<TEntity>(TEntity entity)
        {
            Secret = Copy((CertificateSecret)(object)entity!);
            Secret!.Metadata.ResourceVersion = $"{++_version}";
            Writes++;
            return (TEntity)(object)Copy(Secret)!;
        }

        private WebhookConfigurationView Configuration() => new()
        {
            Webhooks =
            [
                new() { Name = "validate.thing.example.com", ClientConfig = new() { CaBundle = Bundle, Service = new() { Name = "webhook", Namespace = "ours" } } },
                new() { Name = "somebody.else.example.com", ClientConfig = new() { Service = new() { Name = "webhook", Namespace = "theirs" } } },
            ],
        };
    }
}
