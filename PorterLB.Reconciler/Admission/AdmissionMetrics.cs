using System.Globalization;
using Prometheus;

namespace PorterLB.Reconciler.Admission;

/// <summary>What the admission server counts, under the names that dashboards for controller-runtime know.</summary>
internal sealed class AdmissionMetrics
{
    private readonly Counter _requests;
    private readonly Histogram _latency;
    private readonly Gauge _inFlight;
    private readonly Counter _reads;
    private readonly Counter _readErrors;
    private readonly Gauge _notAfter;

    public AdmissionMetrics(CollectorRegistry registry)
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(registry);
        _requests = factory.CreateCounter("controller_runtime_webhook_requests_total", "Admission requests, by webhook and HTTP status.", "webhook", "code");
        _latency = factory.CreateHistogram("controller_runtime_webhook_latency_seconds", "How long an admission request took.", "webhook");
        _inFlight = factory.CreateGauge("controller_runtime_webhook_requests_in_flight", "Admission requests being answered.", "webhook");
        _reads = factory.CreateCounter("certwatcher_read_certificate_total", "How often a serving certificate was read.");
        _readErrors = factory.CreateCounter("certwatcher_read_certificate_errors_total", "How often it could not be read.");
        _notAfter = factory.CreateGauge("certwatcher_certificate_not_after_seconds", "When the serving certificate ends, in Unix time.");
    }

    public Webhook For(string webhook)
    {
        // Preset, so that a rate is defined from the first error on.
        foreach (var code in (string[])["200", "400", "500"])
            _requests.WithLabels(webhook, code).Inc(0);
        return new(this, webhook);
    }

    public void CertificateRead(DateTimeOffset notAfter)
    {
        _reads.Inc();
        _notAfter.Set(notAfter.ToUnixTimeSeconds());
    }

    public void CertificateUnreadable() => _readErrors.Inc();

    internal sealed class Webhook(AdmissionMetrics metrics, string name)
    {
        private readonly Histogram.Child _latency = metrics._latency.WithLabels(name);
        private readonly Gauge.Child _inFlight = metrics._inFlight.WithLabels(name);

        public IDisposable TrackInFlight() => _inFlight.TrackInProgress();

        public void Answered(int code, TimeSpan latency)
        {
            metrics._requests.WithLabels(name, code.ToString(CultureInfo.InvariantCulture)).Inc();
            _latency.Observe(latency.TotalSeconds);
        }
    }
}
