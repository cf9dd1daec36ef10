using System.Text.Json;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Entities;

public sealed class EntityJsonTests
{
    [Fact]
    public void An_Eip_as_OpenELB_users_write_it_is_read()
    {
        var eip = JsonSerializer.Deserialize(
            """
            {"apiVersion": "network.kubesphere.io/v1alpha2", "kind": "Eip", "metadata": {"name": "lan"},
             "spec": {"address": "192.168.0.91-192.168.0.100", "interface": "eth0", "protocol": "layer2", "usingKnownIPs": true, "disable": true,
                      "priority": 3, "namespaces": ["shop"], "namespaceSelector": {"team": "web"}}}
            """,
            OperatorJsonContext.Default.V1Alpha2Eip)!;

        Assert.Equal("192.168.0.91-192.168.0.100", eip.Spec.Address);
        Assert.True(eip.Spec is { Interface: "eth0", Protocol: "layer2", UsingKnownIPs: true, Disable: true, Priority: 3 });
        Assert.Equal(["shop"], eip.Spec.Namespaces);
        Assert.Equal("web", eip.Spec.NamespaceSelector!["team"]);
    }

    [Fact]
    public void What_is_absent_has_its_default()
    {
        var eip = JsonSerializer.Deserialize("""{"spec": {"address": "10.0.0.1"}}""", OperatorJsonContext.Default.V1Alpha2Eip)!;
        Assert.True(eip.Spec is { AutoAssign: true, Protocol: "layer2", Disable: false, Addresses.Count: 0 });

        var config = JsonSerializer.Deserialize("{}", OperatorJsonContext.Default.V1Alpha2LayerTwoConfig)!;
        Assert.Equal(TimeSpan.FromMilliseconds(100), config.Spec.Failover.HeartbeatInterval);
        Assert.Equal(TimeSpan.FromMilliseconds(400), config.Spec.Failover.DeadAfter);
        Assert.True(config.Spec is { ConflictPolicy: LayerTwoConflictPolicy.Refuse, Rebalance: LayerTwoRebalance.Never, Announcement.Probe: true });
    }

    [Fact]
    public void Durations_enums_and_times_are_written_as_Kubernetes_users_read_them()
    {
        var config = new V1Alpha2LayerTwoConfig { Spec = { Failover = { DeadAfter = Duration.FromMilliseconds(1_500) }, Rebalance = LayerTwoRebalance.OnNodeJoin } };
        var json = JsonSerializer.Serialize(config, OperatorJsonContext.Default.V1Alpha2LayerTwoConfig);
        Assert.Contains("\"deadAfter\":\"1.5s\"", json);
        Assert.Contains("\"rebalance\":\"OnNodeJoin\"", json);

        var speaker = new V1Alpha2Speaker { Status = { StartedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(1)) } };
        Assert.Contains("\"startedAt\":\"2026-01-02T02:04:05Z\"", JsonSerializer.Serialize(speaker, OperatorJsonContext.Default.V1Alpha2Speaker));
    }

    [Fact]
    public void The_free_ones_of_a_large_pool_are_counted_up_to_the_largest_integer()
    {
        var eip = new V1Alpha2Eip { Status = { PoolSize = long.MaxValue, Size = "18446744073709551616" } };
        var json = JsonSerializer.Serialize(eip, OperatorJsonContext.Default.V1Alpha2Eip);
        Assert.Contains("\"poolSize\":9223372036854775807", json);
        Assert.Equal("18446744073709551616", JsonSerializer.Deserialize(json, OperatorJsonContext.Default.V1Alpha2Eip)!.Status.Size);
    }
}
