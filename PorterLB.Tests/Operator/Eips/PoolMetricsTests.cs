using System.Text;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Tests.Operator.Eips;

public sealed class PoolMetricsTests
{
    [Fact]
    public async Task Size_use_and_who_waits_are_shown_by_Eip_family_and_reason_and_go_with_the_Eip()
    {
        var allocator = new Allocator(new FakeTimeProvider(), _ => false);
        using var metrics = new OperatorMetrics();
        new PoolMetrics(metrics, allocator).Show();
        allocator.Put(new Pool { Name = "lan", Ranges = [AddressRange.Parse("10.0.0.1"), AddressRange.Parse("fd00::/64")] });
        foreach (var name in new[] { "a", "b" })
        {
            allocator.Assign(new AddressRequest { Service = new EntityKey("shop", name), Uid = name, Families = [IpFamily.IPv4] });
        }

        var text = await TextAsync(metrics);
        Assert.Contains("porterlb_eip_addresses{eip=\"lan\",family=\"IPv4\"} 1\n", text, StringComparison.Ordinal);
        var six = text.Split('\n').Single(line => line.StartsWith("porterlb_eip_addresses{eip=\"lan\",family=\"IPv6\"} ", StringComparison.Ordinal));
        Assert.Equal(Math.Pow(2, 64), double.Parse(six.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Contains("porterlb_eip_addresses_in_use{eip=\"lan\",family=\"IPv4\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("porterlb_eip_addresses_in_use{eip=\"lan\",family=\"IPv6\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("porterlb_services_waiting{reason=\"PoolExhausted\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("porterlb_services_waiting{reason=\"NoPool\"} 0\n", text, StringComparison.Ordinal);

        allocator.Remove("lan");
        Assert.DoesNotContain("eip=\"lan\"", await TextAsync(metrics), StringComparison.Ordinal);
    }

    private static async Task<string> TextAsync(OperatorMetrics metrics)
    {
        using var stream = new MemoryStream();
        await metrics.Registry.CollectAndExportAsTextAsync(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
