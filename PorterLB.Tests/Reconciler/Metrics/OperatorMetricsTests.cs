using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using PorterLB.Reconciler.Admission;
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

    /// <summary>Dashboards and alerts made for controller-runtime and client-go find everything under its name, with its labels and buckets.</summary>
    [Fact]
    public async Task Everything_has_the_name_that_it_has_in_controller_runtime()
    {
        using var metrics = new OperatorMetrics();
        metrics.ForController("web", 3);
        metrics.ForQueue("web", queue => queue.Depth(-100).Set(4));
        metrics.Request("PATCH", "PATCH", "api:6443", HttpStatusCode.Conflict, TimeSpan.FromMilliseconds(3));
        metrics.Request("GET", "LIST", "api:6443", code: null, TimeSpan.FromSeconds(32));
        metrics.Leads("web-lease", leads: true);
        var webhooks = new AdmissionMetrics(metrics.Registry);
        webhooks.For("/validate-example-com-v1-page").Answered(400, TimeSpan.FromMilliseconds(1));
        webhooks.CertificateUnreadable();

        var page = await PageAsync(metrics);

        string[] expected =
        [
            .. from result in (string[])["error", "requeue_after", "requeue", "success"]
               select $$"""controller_runtime_reconcile_total{controller="web",result="{{result}}"} 0""",
            """controller_runtime_reconcile_errors_total{controller="web"} 0""",
            """controller_runtime_terminal_reconcile_errors_total{controller="web"} 0""",
            """controller_runtime_reconcile_panics_total{controller="web"} 0""",
            """controller_runtime_reconcile_timeouts_total{controller="web"} 0""",
            """controller_runtime_reconcile_time_seconds_bucket{controller="web",le="0.005"} 0""",
            """controller_runtime_reconcile_time_seconds_bucket{controller="web",le="60"} 0""",
            """controller_runtime_max_concurrent_reconciles{controller="web"} 3""",
            """controller_runtime_active_workers{controller="web"} 0""",
            """controller_runtime_webhook_requests_total{webhook="/validate-example-com-v1-page",code="200"} 0""",
            """controller_runtime_webhook_requests_total{webhook="/validate-example-com-v1-page",code="400"} 1""",
            """controller_runtime_webhook_latency_seconds_count{webhook="/validate-example-com-v1-page"} 1""",
            """controller_runtime_webhook_requests_in_flight{webhook="/validate-example-com-v1-page"} 0""",
            """workqueue_depth{name="web",controller="web",priority="-100"} 4""",
            """workqueue_adds_total{name="web",controller="web"} 0""",
            """workqueue_retries_total{name="web",controller="web"} 0""",
            """workqueue_queue_duration_seconds_bucket{name="web",controller="web",le="1e-08"} 0""",
            """workqueue_queue_duration_seconds_bucket{name="web",controller="web",le="1000"} 0""",
            """workqueue_work_duration_seconds_count{name="web",controller="web"} 0""",
            """workqueue_unfinished_work_seconds{name="web",controller="web"} 0""",
            """workqueue_longest_running_processor_seconds{name="web",controller="web"} 0""",
            """rest_client_requests_total{code="409",method="PATCH",host="api:6443"} 1""",
            """rest_client_requests_total{code="<error>",method="GET",host="api:6443"} 1""",
            """rest_client_request_duration_seconds_count{verb="LIST",host="api:6443"} 1""",
            """leader_election_master_status{name="web-lease"} 1""",
            """certwatcher_read_certificate_total 0""",
            """certwatcher_read_certificate_errors_total 1""",
        ];
        Assert.Empty(expected.Except(page.Split('\n'), StringComparer.Ordinal));

        // Ten to the minus eighth, and eleven times the tenfold.
        Assert.Equal(13, page.Split('\n').Count(line => line.StartsWith("workqueue_work_duration_seconds_bucket{", StringComparison.Ordinal)));
    }

    private static async Task<string> PageAsync(OperatorMetrics metrics)
    {
        using var page = new MemoryStream();
        await metrics.Registry.CollectAndExportAsTextAsync(page, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(page.ToArray());
    }
}
