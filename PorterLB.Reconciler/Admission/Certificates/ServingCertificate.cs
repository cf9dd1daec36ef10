using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>Where certificates come from. Runs until cancelled; every error is tried again.</summary>
internal interface ICertificateSource
{
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>The certificate that handshakes use now. A change takes effect with the next handshake.</summary>
internal sealed class ServingCertificate(AdmissionMetrics metrics, ILogger<ServingCertificate> logger)
{
    private volatile SslStreamCertificateContext? _current;
    private volatile string? _notReady = "there is no certificate yet";
    private string _pem = "";

    public SslStreamCertificateContext? Current => _current;

    /// <summary>Why the API server could not be answered; null when it can.</summary>
    public string? NotReady => _notReady;

    /// <summary>Says why there is no certificate. One that is in use stays so.</summary>
    public void Failed(string reason)
    {
        metrics.CertificateUnreadable();
        if (_current is null)
            _notReady = reason;
    }

    /// <summary>Uses a certificate (the first in the PEM; the others are sent as its chain) from now on.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They do not fit.</exception>
    public void Use(string certificatePem, string keyPem)
    {
        if (_current is not null && _pem == certificatePem)
            return;
        var certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificatePem);
        chain.RemoveAt(0);

        // Not disposed when replaced: a handshake may be under way with it. It is collected after the last.
        _current = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        _pem = certificatePem;
        _notReady = null;
        var notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        metrics.CertificateRead(notAfter);
        logger.CertificateLoaded(notAfter);
    }
}
