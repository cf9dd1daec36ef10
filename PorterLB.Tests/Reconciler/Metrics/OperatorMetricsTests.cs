using System.Diagnostics.Metrics;
using System.Text;
using PorterLB.Reconciler.Metrics;

namespace PorterLB.Tests.Reconciler.Metrics;

public sealed class OperatorMetricsTests
{
    [Fact]
    public async Task What_is_measured_under_an_adapted_meter_stands_on_the_page_with_its_labels()
    {
        using var meter = new Meter("AdaptedTest");
        meter.CreateObservableCounter("things_done", () => new Measurement<long>(7, new KeyValuePair<string, object?>("ip", "10.0.0.1")));
        meter.CreateObservableGauge("things_now", () => 3);
        var failures = meter.CreateCounter<double>("things_failed");
        using var metrics = new OperatorMetrics();
        metrics.Adapt("AdaptedTest");
        failures.Add(2);

        var page = await PageAsync(metrics);

        Assert.Matches("(?m)^adaptedtest_things_done\\{ip=\"10.0.0.1\"\\} 7$", page);
        Assert.Matches("(?m)^adaptedtest_things_now 3$", page);
        Assert.Matches("(?m)^adaptedtest_things_failed 2$", page);
    }

    private static async Task<string> PageAsync(OperatorMetrics metrics)
    {
        using var page = new MemoryStream();
        await metrics.Registry.CollectAndExportAsTextAsync(page, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(page.ToArray());
    }
}
