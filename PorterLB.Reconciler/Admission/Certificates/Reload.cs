using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>
/// Certificates in a folder that somebody else keeps. Read every 5 s: the kubelet swaps a mounted Secret by a link that a file watcher
/// does not follow, and two small files cost nothing.
/// </summary>
internal sealed class Reload(string folder, ServingCertificate certificate, TimeProvider time, ILogger<Reload> logger) : ICertificateSource
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private string? _lastFailure;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            await ReadAsync(cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            certificate.Use(
                await File.ReadAllTextAsync(Path.Combine(folder, CertificateSet.CertificateField), cancellationToken),
                await File.ReadAllTextAsync(Path.Combine(folder, CertificateSet.KeyField), cancellationToken));
            _lastFailure = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            // While the two files are being replaced they may not fit: the next look sees both.
            certificate.Failed($"{folder} has no pair of {CertificateSet.CertificateField} and {CertificateSet.KeyField}: {exception.Message}");
            if (_lastFailure != exception.Message)
                logger.CertificateUnreadable(folder, exception.Message);
            _lastFailure = exception.Message;
        }
    }
}
