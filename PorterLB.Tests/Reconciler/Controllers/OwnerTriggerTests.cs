using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PageOperator;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Controllers;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Controllers;

/// <summary>Owned objects call their owner: by group, kind and name, in the namespace that the scope says, old state and new.</summary>
public sealed class OwnerTriggerTests : IDisposable
{
    private readonly KubernetesConnection _connection = new(new Uri("https://api.test:6443"), "test/1", new FakeApiServer());
    private readonly List<EntityKey> _called = [];

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void An_owner_is_known_by_group_kind_and_name_whatever_version_and_uid_are_said()
    {
        Change(null, Owned(("example.com/v1beta1", "Page", "home", null)));
        Change(null, Owned(("example.com/v1", "Book", "other-kind", null)));
        Change(null, Owned(("example.org/v1", "Page", "other-group", null)));
        Change(null, Owned(("v1", "Page", "core-group", null)));
        Assert.Equal([new("default", "home")], _called);
    }

    [Fact]
    public void An_object_that_changes_hands_calls_the_old_owner_and_the_new()
    {
        Change(Owned(("example.com/v1", "Page", "old", null)), Owned(("example.com/v1", "Page", "new", null)));
        Assert.Equal([new("default", "old"), new("default", "new")], _called);
    }

    [Fact]
    public void An_object_that_goes_calls_its_owner()
    {
        Change(Owned(("example.com/v1", "Page", "home", null)), null);
        Assert.Equal([new("default", "home")], _called);
    }

    [Fact]
    public void Only_the_controlling_owner_counts_when_that_is_asked()
    {
        Change(null, Owned(("example.com/v1", "Page", "a", false), ("example.com/v1", "Page", "b", true), ("example.com/v1", "Page", "c", null)), controllerOnly: true);
        Assert.Equal([new("default", "b")], _called);
    }

    [Fact]
    public void An_owner_of_the_cluster_has_no_namespace()
    {
        Change(null, Owned(("example.com/v1", "Page", "home", null)), scope: EntityScope.Cluster);
        Assert.Equal([new(null, "home")], _called);
    }

    private static ConfigMap Owned(params (string ApiVersion, string Kind, string Name, bool? Controller)[] owners)
    {
        var owned = ConfigMap.Named("owned", "1");
        owned.Metadata.OwnerReferences =
            [.. owners.Select(owner => new V1OwnerReference { ApiVersion = owner.ApiVersion, Kind = owner.Kind, Name = owner.Name, Uid = "u", Controller = owner.Controller })];
        return owned;
    }

    private void Change(ConfigMap? before, ConfigMap? after, bool controllerOnly = false, EntityScope scope = EntityScope.Namespaced)
    {
        var informer = new Informer<ConfigMap>(
            new KubernetesClient(_connection, new FakeTimeProvider()),
            ConfigMap.EntityType,
            new InformerOptions<ConfigMap>(),
            new FakeTimeProvider(),
            new Random(1),
            NullLogger<Informer<ConfigMap>>.Instance);
        var target = (PorterLB.Reconciler.Watching.IReflectorTarget<ConfigMap>)informer;
        if (before is not null)
        {
            target.Set(before);
        }

        var services = new ServiceCollection().AddSingleton(informer).AddSingleton(V1Page.Type with { Scope = scope }).BuildServiceProvider();
        using var subscription = new ControllerOptions<V1Page>().Owns<ConfigMap>(controllerOnly).Triggers.Single().Subscribe(services, (key, replay) =>
        {
            if (!replay)
            {
                _called.Add(key);
            }
        });
        if (after is null)
        {
            target.Remove(before!);
        }
        else
        {
            target.Set(after);
        }
    }
}
